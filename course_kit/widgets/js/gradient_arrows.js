import { action, arrow, choice, figure, fixed, line, lineKey, mark, markKey, mean, scale, stage, sum, text } from "./kit.js";

const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

// The loss of two rows of two scores, and its push on each: minus the gradient.
export const push = (scores, edges, loss) => {
  const pairs = scores.map((row, u) => [row[edges[u]], row[1 - edges[u]]]); // positive, negative
  const put = (u, up, down) => (edges[u] === 0 ? [up, down] : [down, up]);
  if (loss === "binary") {
    return {
      value: sum(pairs.map(([p, n]) => (softplus(-p) + softplus(n)) / 2)),
      push: pairs.map(([p, n], u) => put(u, sigmoid(-p) / 2, -sigmoid(n) / 2)),
    };
  }
  return {
    value: sum(pairs.map(([p, n]) => softplus(n - p) / 2)),
    push: pairs.map(([p, n], u) => put(u, sigmoid(n - p) / 2, -sigmoid(n - p) / 2)),
  };
};

const STEP = 4; // as large as leaves every step downhill, so that ten of them show where a row goes

export const stepped = (scores, edges, loss, count) => {
  let now = scores;
  for (let i = 0; i < count; i++) {
    const { push: by } = push(now, edges, loss);
    now = now.map((row, u) => row.map((s, v) => Math.max(-8, Math.min(8, s + STEP * by[u][v]))));
  }
  return now;
};

const ladder = (scores, edges, by, began) => {
  const y = scale([-8, 8], [140, 10]);
  const x = [60, 200];
  return figure("Scores as heights, with an arrow for the push on each; a circle is an edge, a square is none; a line at the middle of each row", 290, 165,
    [-8, -4, 0, 4, 8].map((level) => [
      line(28, y(level), 285, y(level), level ? "dotted" : "ink dashed"),
      text(24, y(level) + 3, fixed(level, 0), { anchor: "end", kind: "small" }),
    ]),
    scores.map((row, u) => [
      line(x[u] - 14, y(mean(began[u])), x[u] + 48, y(mean(began[u])), "ink dotted"),
      line(x[u] - 14, y(mean(row)), x[u] + 48, y(mean(row)), "s2 bold"),
      row.map((s, v) => {
        const at = x[u] + 34 * (v === edges[u] ? 0 : 1);
        const tip = y(s) - 90 * by[u][v];
        return [
          Math.abs(by[u][v]) > 0.01 && arrow(at, y(s), at, tip, `bold ${by[u][v] > 0 ? "s0" : "s3"}`),
          mark(at, y(s), v === edges[u] ? 0 : 1),
          text(at + 8, y(s) + 3, `v${v}`, { anchor: "start", kind: "small" }),
          text(at, tip + (by[u][v] > 0 ? -4 : 10), `${by[u][v] > 0 ? "+" : ""}${fixed(by[u][v], 3)}`, { kind: "small strong" }),
        ];
      }),
      text(x[u] + 17, 160, `u${u}`, { kind: "strong" }),
    ]),
  );
};

export default stage({
  title: "Which way each loss pushes",
  hint: "Press “ten steps” with binary: where do the middles of the rows go? Reset, and do the same with BPR.",
  controls: () => [
    choice("loss", "loss", [["binary", "binary"], ["BPR", "BPR"]]),
    action("one step", ({ scores, edges, loss }) => ({ scores: stepped(scores, edges, loss, 1) })),
    action("ten steps", ({ scores, edges, loss }) => ({ scores: stepped(scores, edges, loss, 10) })),
  ],
  draw({ scores, edges, loss, _start }) {
    const { value, push: by } = push(scores, edges, loss);
    const sums = by.map(sum);
    const middle = scores.map((row) => fixed(sum(row) / 2, 2));
    return {
      figures: [ladder(scores, edges, by, _start.scores)],
      legend: [
        [markKey(0), "edge"], [markKey(1), "no edge"], ["↑ ", "push on a score"],
        [lineKey("s2 bold"), "middle of a row"], [lineKey("ink dotted"), "where it began"],
      ],
      numbers: [
        ["loss", fixed(value, 4)],
        ...sums.map((total, u) => [`sum of the push on u${u}`, fixed(total, 3)]),
      ],
      say: loss === "BPR" ? `BPR's pushes cancel within a row: the middles stay at ${middle.join(" and ")}.`
        : `Binary moves whole rows: their middles stand at ${middle.join(" and ")}, and head for 0.`,
    };
  },
});
