import { bar, choice, figure, fixed, markKey, scale, slider, stage, sum, text, topK } from "./kit.js";
import { drawGraph } from "./graph.js";
import { pagerank } from "./pagerank.js";

// The T other items that a walk from an item visits most: [[item, weight]], weights with sum 1; and the share kept.
export const pooled = (graph, item, num, restart) => {
  const U = graph.users.length;
  const limit = pagerank(graph, U + item, restart).slice(U).map((p) => Math.round(p * 1e12) / 1e12);
  limit[item] = 0;
  const best = topK(limit, num, limit.map((p) => p <= 0));
  const total = sum(best.map((v) => limit[v]));
  return { best: best.map((v) => [v, limit[v] / total]), kept: total / sum(limit) };
};

const bars = ({ items }, best) => {
  const x = scale([0, 1], [0, 150]);
  return figure("Weight of each pooled item", 196, 27 * Math.max(best.length, 1) + 4, best.map(([v, weight], i) => [
    text(0, 27 * i + 11, `v${v} ${items[v]}`, { anchor: "start", kind: "small" }),
    bar(0, 27 * i + 15, x(weight), 1),
    text(x(weight) + 5, 27 * i + 23, fixed(weight, 3), { anchor: "start", kind: "small strong" }),
  ]));
};

export default stage({
  title: "Which neighbours count",
  hint: "Raise T, then the restart: what happens to the weights of far items?",
  controls: ({ items }) => [
    choice("item", "item", items.map((name, v) => [v, `v${v} ${name}`])),
    slider("T", "num", { min: 1, max: Math.max(items.length - 1, 1) }),
    slider("restart", "restart", { min: 0, max: 1, step: 0.05, show: (value) => fixed(value, 2) }),
  ],
  draw(state) {
    const { users, item, num, restart } = state;
    const { best, kept } = pooled(state, item, num, restart);
    const weight = Object.fromEntries(best);
    const even = best.length ? 1 / best.length : 0;
    return {
      figures: [
        drawGraph("The item is a diamond, each pooled item a square as large as its weight", state, {
          node: (n) => n < users.length ? { hollow: true, size: 4 }
            : n - users.length === item ? { size: 8, colour: 3 }
              : { hollow: !(n - users.length in weight), size: 4 + 6 * Math.sqrt(weight[n - users.length] ?? 0), set: { item: n - users.length } },
        }),
        bars(state, best),
      ],
      legend: [
        [markKey(3), "the item"],
        [markKey(1), "is pooled: the larger, the more it counts"],
        [markKey(1, { hollow: true }), "is not"],
      ],
      numbers: [
        ["pooled", best.map(([v, w]) => `v${v} ${fixed(w, 3)}`).join(", ") || "nothing"],
        ["share of the visits kept", fixed(kept, 3)],
      ],
      say: restart === 1 ? "Always back: a walk that never leaves finds no neighbour."
        : !best.length ? `Nobody leads from v${item} to another item.`
          : best.length === 1 ? `All of the weight goes to v${best[0][0]}.`
            : `v${best[0][0]} counts ${fixed(best[0][1] / best.at(-1)[1], 1)} times as much as v${best.at(-1)[0]}; a plain mean would give ${fixed(even, 2)} to each.`,
    };
  },
});
