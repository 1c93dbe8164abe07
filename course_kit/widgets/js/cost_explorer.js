import { bar, barKey, figure, fixed, line, range, scale, slider, stage, text } from "./kit.js";

// PinSAGE's batch, negatives and neighbours; cells of √I that a search looks into, and candidates for the ranker.
const [BATCH, NEGATIVES, NEIGHBORS, PROBES, CANDIDATES] = [2048, 500, 50, 8, 1000];
const TIMES = [["ms", 1e-3], ["s", 1], ["min", 60], ["h", 3600], ["days", 86400], ["years", 31557600]];

// A step of a slider that goes 1, 2, 5, 10, 20, …
export const step = (place) => [1, 2, 5][place % 3] * Number(`1e${Math.floor(place / 3)}`);

// Additions and multiplications: lists for all users, a pass over one pair a user, embedding all items; plainly, then as designed.
export const operations = (U, I, D, L) => {
  const [cell, vector] = [Math.sqrt(I), 6 * D * D];
  const tree = ((1 + NEIGHBORS) ** L - 1) / NEIGHBORS; // vectors of all layers under one item
  return {
    "score all pairs": 2 * U * I * D,
    "two stages": 2 * U * D * ((1 + PROBES) * cell + CANDIDATES),
    "own negatives": 3 * U * (2 + NEGATIVES) * tree * vector,
    "shared negatives": 3 * U * (2 + NEGATIVES / BATCH) * tree * vector,
    "a tree per item": I * tree * vector,
    "layer by layer": I * L * vector,
  };
};

export const short = (value) => {
  const words = ["", " thousand", " million", " billion", " trillion"];
  let power = 0;
  for (; value >= 1000 && power < words.length - 1; power += 1) value /= 1000;
  const digits = value < 10 ? fixed(Math.floor(10 * value + 0.5) / 10, 1) : fixed(Math.floor(value + 0.5), 0);
  return digits + words[power];
};

// How a designed way compares with the plain one that costs `factor` times as much.
export const compared = (factor) =>
  factor === 1 ? "as much" : factor > 1 ? `${short(factor)} times less` : `${short(1 / factor)} times more`;

export const duration = (seconds) => {
  const [unit, length] = TIMES.findLast(([, s]) => seconds >= s) ?? TIMES[0];
  return `${short(seconds / length)} ${unit}`;
};

export const money = (dollars) => (dollars >= 1 ? `$${short(dollars)}` : "under $1");

const prefixed = (value, units) => {
  let power = 0;
  for (; value >= 1000 && power < units.length - 1; power += 1) value /= 1000;
  return `${short(value)} ${units[power]}`;
};
export const size = (count) => prefixed(count, ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB"]);

// A pair of bars for each thing, and at the end of each bar its time.
const picture = (rows) => {
  const x = scale([-3, 15], [112, 362]); // of the logarithm of seconds
  const at = (seconds) => x(Math.min(Math.max(Math.log10(seconds), -3), 15));
  const ticks = [["1 s", 1], ["1 h", 3600], ["1 year", 31557600], ["1000 y", 31557600e3], ["10⁶ y", 31557600e6]];
  const [top, bottom] = [18, 136];
  return figure("Time of each way on a logarithmic scale", 458, 152,
    ticks.map(([name, seconds]) => [line(at(seconds), top, at(seconds), bottom, "dotted"), text(at(seconds), 148, name, { kind: "small" })]),
    line(at(86400), top - 4, at(86400), bottom), text(at(86400), 10, "a day", { kind: "small strong" }),
    rows.map(([name, seconds], i) => {
      const y = 18 * i + 20 + 4 * Math.floor(i / 2);
      return [
        text(107, y + 10, name, { anchor: "end" }), bar(112, y, at(seconds) - 112, i % 2 ? 2 : 3, 12),
        text(at(seconds) + 5, y + 10, duration(seconds), { anchor: "start", kind: i % 2 ? "small" : "small strong" }),
      ];
    }),
  );
};

export default stage({
  title: "What a catalogue costs",
  hint: "Recommending, training and embedding, each done plainly and as PinSAGE does it, for as many users and items as Pinterest has boards and pins. A machine of how many FLOP/s brings all bars under a day?",
  controls: () => [
    slider("FLOP/s", "speed", { min: 27, max: 48, show: (place) => prefixed(step(place), ["", "k", "M", "G", "T", "P"]) }),
    slider("users", "users", { min: 6, max: 30, show: (place) => short(step(place)) }),
    slider("items", "items", { min: 6, max: 36, show: (place) => short(step(place)) }),
    slider("D", "dim", { min: 3, max: 10, show: (power) => `${2 ** power}` }),
    slider("L", "layers", { min: 1, max: 4 }),
    slider("$ an hour", "price", { min: 0, max: 12, show: (place) => `$${fixed(step(place) / 100)}` }),
  ],
  draw({ users, items, dim, layers, speed, price }) {
    const [U, I, D] = [step(users), step(items), 2 ** dim];
    const rows = Object.entries(operations(U, I, D, layers)).map(([name, count]) => [name, count / step(speed)]);
    const hourly = step(price) / 100;
    const [stages, shared, layered] = range(3).map((i) => compared(rows[2 * i][1] / rows[2 * i + 1][1]));
    const total = (way) => range(3).reduce((sum, i) => sum + rows[2 * i + way][1], 0);
    const both = (time) => `${duration(time)}, ${money((time / 3600) * hourly)}`;
    return {
      figures: [picture(rows)],
      numbers: [
        ["plainly", both(total(0)), barKey(3)],
        ["as PinSAGE", both(total(1)), barKey(2)],
        ["all vectors", size(4 * (U + I) * D)],
        ["all scores", size(4 * U * I)],
      ],
      say: `Two stages cost ${stages}, shared negatives ${shared}, layer by layer ${layered}.`,
    };
  },
});
