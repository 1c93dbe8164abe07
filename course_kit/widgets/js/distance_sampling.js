import { axisX, curve, figure, fixed, line, lineKey, range, scale, slider, stage, sum, text } from "./kit.js";

const [CUTOFF, UPPER, CELLS] = [0.5, 1.4, 2000];
const GRID = range(CELLS).map((i) => ((i + 0.5) * 2) / CELLS);

// Density of the distance of two random points on the unit sphere, on the grid.
export const density = (dim) => {
  const log = GRID.map((d) => (dim - 2) * Math.log(d) + ((dim - 3) / 2) * Math.log(1 - (d * d) / 4));
  const top = Math.max(...log);
  const raw = log.map((value) => Math.exp(value - top));
  const total = (sum(raw) * 2) / CELLS;
  return raw.map((value) => value / total);
};

// Mean, spread, and the distance under which one of `count` candidates is expected.
export const spread = (dim, count) => {
  const q = density(dim).map((value) => (value * 2) / CELLS);
  const mean = sum(q.map((p, i) => p * GRID[i]));
  const sd = Math.sqrt(sum(q.map((p, i) => p * (GRID[i] - mean) ** 2)));
  let below = 0;
  let i = 0;
  while (below + q[i] < 1 / count) below += q[i++];
  const nearest = (2 / CELLS) * (i + (1 / count - below) / q[i]);
  return { mean, sd, nearest, reach: Math.min(1, Math.max(0, (UPPER - Math.max(nearest, CUTOFF)) / (UPPER - CUTOFF))) };
};

const picture = (dim, { nearest, reach }) => {
  const q = density(dim);
  const x = scale([0, 2], [10, 330]);
  const top = Math.max(...q, reach > 0 ? 1 / (reach * (UPPER - CUTOFF)) : 0);
  const y = scale([0, Math.min(top, 9)], [120, 12]);
  const from = Math.max(nearest, CUTOFF);
  const box = reach > 0 ? [[from, 0], [from, 1 / (UPPER - from)], [UPPER, 1 / (UPPER - from)], [UPPER, 0]] : [];
  const every = range(CELLS / 10).map((i) => 10 * i + 5);
  return figure("Density of the distances: random pairs, the goal, and what sampling can reach", 340, 148,
    axisX(x, [0, 0.5, 1, 1.4, 2], 120, "distance of query and negative", 1),
    curve([[CUTOFF, 0], [CUTOFF, 1 / (UPPER - CUTOFF)], [UPPER, 1 / (UPPER - CUTOFF)], [UPPER, 0]].map(([d, p]) => [x(d), y(p)]), "ink dashed"),
    curve(every.map((i) => [x(GRID[i]), Math.max(y(q[i]), 6)]), "s0 bold"),
    curve(box.map(([d, p]) => [x(d), Math.max(y(p), 6)]), "s3 bold dotted"),
    line(x(nearest), 110, x(nearest), 120, "ink bold"),
    text(x(nearest), 106, "nearest", { kind: "small" }),
  );
};

export default stage({
  title: "Negatives at every distance",
  hint: "Lower the dimension until the dotted line fills the dashed one; or try to get there with more candidates.",
  controls: () => [
    slider("dimension n", "dim", { min: 4, max: 128 }),
    slider("candidates", "candidates", { min: 2, max: 9, show: (power) => (10 ** power).toLocaleString("en") }),
  ],
  draw({ dim, candidates }) {
    const values = spread(dim, 10 ** candidates);
    const { mean, sd, nearest, reach } = values;
    return {
      figures: [picture(dim, values)],
      legend: [[lineKey("ink dashed"), "the goal: every distance from 0.5 to 1.4 equally often"]],
      numbers: [
        ["random distance", `${fixed(mean)} ± ${fixed(sd)}`, lineKey("s0 bold")],
        ["nearest candidate", fixed(nearest)],
        ["part of [0.5, 1.4] that is drawn", `${fixed(100 * reach, 0)} %`, lineKey("s3 bold dotted")],
      ],
      say: reach >= 0.995 ? "Near negatives exist: distances can be made uniform."
        : `In ${dim} dimensions hardly one of ${(10 ** candidates).toLocaleString("en")} stands nearer than ${fixed(nearest)}: no weight can draw what is not there.`,
    };
  },
});
