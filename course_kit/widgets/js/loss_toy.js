import { axisX, axisY, curve, figure, fixed, line, lineKey, mark, markKey, mean, range, scale, slider, stage, text, topK } from "./kit.js";

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

// Recall@1, binary and BPR loss of two rows of two scores; item `edges[u]` is user u's positive.
export const losses = (scores, edges) => {
  const pos = scores.map((row, u) => row[edges[u]]);
  const neg = scores.map((row, u) => row[1 - edges[u]]);
  return {
    recall: mean(scores.map((row, u) => Number(topK(row, 1)[0] === edges[u]))),
    binary: mean(pos.map((s) => softplus(-s))) + mean(neg.map(softplus)),
    bpr: mean(pos.map((s, u) => softplus(neg[u] - s))),
  };
};

export const shifted = (scores, shift) => [scores[0], scores[1].map((s) => s + shift)];

const REACH = 8;
const LINES = [["recall", "Recall@1", "s2 bold dotted", 2], ["binary", "binary", "s3 bold", 3], ["bpr", "BPR", "s0 bold dashed", 0]];

const ladder = (scores, edges) => {
  const y = scale([-2 * REACH, 2 * REACH], [140, 8]);
  const x = [45, 105];
  return figure(
    "The scores as heights: a circle is an edge, a square is no edge", 150, 165,
    [-16, -8, 0, 8, 16].map((level) => [
      [[28, 51], [76, 111]].map(([from, to]) => line(from, y(level), to, y(level), level ? "dotted" : "ink dashed")), // names stand between
      text(24, y(level) + 3, fixed(level, 0), { anchor: "end", kind: "small" }),
    ]),
    scores.map((row, u) => [
      line(x[u], y(row[0]), x[u], y(row[1]), "ink"),
      row.map((s, v) => [
        mark(x[u], y(s), v === edges[u] ? 0 : 1),
        text(x[u] + 8, y(s) + (v === topK(row, 1)[0] ? 0 : 8), `v${v}`, { anchor: "start", kind: "small" }),
      ]),
      text(x[u], 160, `u${u}`, { kind: "strong" }),
    ]),
  );
};

const curves = (scores, edges, shift) => {
  const steps = range(65).map((i) => -REACH + i / 4);
  const values = steps.map((c) => losses(shifted(scores, c), edges));
  const top = Math.ceil(Math.max(2, ...values.flatMap(({ binary, bpr }) => [binary, bpr])));
  const x = scale([-REACH, REACH], [20, 205]);
  const y = scale([0, top], [140, 8]);
  const now = losses(shifted(scores, shift), edges);
  return figure(
    "Recall@1, binary and BPR over the constant added to u1's row", 210, 168,
    axisX(x, [-8, -4, 0, 4, 8], 140, "added to both scores of u1"),
    axisY(y, [0, 1, top], 20),
    line(x(shift), 8, x(shift), 140, "ink"),
    LINES.map(([key, , kind, colour]) => [
      curve(steps.map((c, i) => [x(c), y(values[i][key])]), kind),
      mark(x(shift), y(now[key]), colour),
    ]),
  );
};

const moved = (name, change) => `${name} ${Math.abs(change) < 5e-5 ? "stayed" : change > 0 ? "rose" : "fell"}`;

export default stage({
  title: "Binary or BPR",
  hint: "Add a constant to both scores of u1. Which numbers notice?",
  controls: () => [
    slider("add to u1's row", "shift", { min: -REACH, max: REACH, step: 0.5, show: (c) => fixed(c, 1) }),
    ...[[0, 0], [0, 1], [1, 0], [1, 1]].map(([u, v]) =>
      slider(`score u${u}, v${v}`, ["scores", u, v], { min: -REACH, max: REACH, step: 0.5, show: (s) => fixed(s, 1) })),
  ],
  draw({ scores, edges, shift }) {
    const table = shifted(scores, shift);
    const [before, now] = [losses(scores, edges), losses(table, edges)];
    const changes = LINES.map(([key, name]) => moved(name, now[key] - before[key])).join(", ");
    return {
      figures: [ladder(table, edges), curves(scores, edges, shift)],
      legend: [[markKey(0), "edge"], [markKey(1), "no edge"]],
      numbers: LINES.map(([key, name, kind]) => [name, fixed(now[key], 4), lineKey(kind)]),
      say: shift
        ? `u1's row stands ${fixed(Math.abs(shift), 1)} ${shift > 0 ? "higher" : "lower"}: ${changes}.`
        : `Recall@1 is ${fixed(now.recall, 1)}; neither loss is ever exactly zero.`,
    };
  },
});
