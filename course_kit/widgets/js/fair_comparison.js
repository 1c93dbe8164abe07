import { bar, barKey, choice, figure, fixed, scale, stage, text, toggle } from "./kit.js";

// The rows of the groups that are on, best first; equal values keep their order.
export const board = (entries, dataset, groups) =>
  entries.filter(([, group]) => groups[group]).sort((a, b) => b[2][dataset] - a[2][dataset]);

const picture = (rows, dataset, focus) => {
  const x = scale([0, Math.max(...rows.map(([, , values]) => values[dataset]), 1e-9)], [0, 140]);
  return figure("Recall@20, best first", 300, 24 * Math.max(rows.length, 3) + 4, rows.map(([name, , values], i) => [
    text(0, 24 * i + 15, `${i + 1}. ${name}`, { anchor: "start", kind: name === focus ? "strong" : "" }),
    bar(122, 24 * i + 4, x(values[dataset]), name === focus ? 3 : 5, 14),
    text(127 + x(values[dataset]), 24 * i + 15, fixed(values[dataset], 4), { anchor: "start", kind: "strong small" }),
  ]));
};

export default stage({
  title: "Who is on the board?",
  hint: ({ focus }) => `Recall@20 as published. At first only some take part. Tick the others, too: which place does ${focus} get?`,
  controls: ({ entries, groups }) => [
    choice("data set", "dataset", Object.keys(entries[0][2]).map((name) => [name, name])),
    ...Object.keys(groups).map((group) => toggle(group, ["groups", group])),
  ],
  draw({ entries, dataset, groups, focus }) {
    const rows = board(entries, dataset, groups);
    const place = rows.findIndex(([name]) => name === focus) + 1;
    const sources = [...new Set(rows.map(([, , , source]) => source))].join("; ");
    return {
      figures: [picture(rows, dataset, focus)],
      legend: [[barKey(3), focus], [barKey(5), "other methods"]],
      numbers: [
        ["first", rows.length ? `${rows[0][0]}, ${fixed(rows[0][2][dataset], 4)}` : "nobody"],
        [`place of ${focus}`, place ? `${place} of ${rows.length}` : "not on the board"],
      ],
      say: !rows.length ? "An empty board has no first place."
        : `${place === 1 ? "First, among those who were asked." : place ? `Place ${place}, once others are asked.` : "Not asked."} Sources: ${sources}.`,
    };
  },
});
