import { bar, barKey, figure, fixed, line, lineKey, markup, scale, slider, stage, text } from "./kit.js";

// Embeddings a batch of B pairs needs with N negatives each, and with N for all.
export const cost = (B, N) => ({ own: 2 * B + B * N, shared: 2 * B + N, factor: (2 * B + B * N) / (2 * B + N) });

const picture = (B, N, { own, shared }) => {
  const x = scale([0, 7.5], [60, 320]);
  const at = (count) => x(Math.log10(Math.max(count, 1)));
  const powers = [0, 1, 2, 3, 4, 5, 6, 7];
  const rows = [["own", B * N, own], ["shared", N, shared]];
  return figure("Embeddings on a logarithmic scale: negatives as bars, the whole batch as a line", 340, 108,
    powers.map((power) => [line(x(power), 8, x(power), 80, "dotted"), text(x(power), 93, markup`10<tspan dy="-4">${power}</tspan>`, { kind: "small" })]),
    rows.map(([name, negatives, all], i) => [
      text(54, 36 * i + 28, name, { anchor: "end" }),
      bar(60, 36 * i + 16, at(negatives) - 60, 1, 16),
      line(at(all), 36 * i + 12, at(all), 36 * i + 36, "ink bold"),
    ]),
    text(190, 106, "embeddings per batch", { kind: "small" }),
  );
};

export default stage({
  title: "What sharing saves",
  hint: "The slide says: a factor B, the number of users in the batch. Make the batch larger: does the whole batch get cheaper as fast?",
  controls: () => [
    slider("batch B", "batch", { min: 0, max: 12, show: (power) => `${2 ** power}` }),
    slider("negatives N", "negatives", { min: 1, max: 1000 }),
  ],
  draw({ batch, negatives: N }) {
    const B = 2 ** batch;
    const values = cost(B, N);
    return {
      figures: [picture(B, N, values)],
      legend: [[barKey(1), "negatives alone"], [lineKey("ink bold"), "the whole batch, with its pairs"]],
      numbers: [
        ["own negatives", values.own.toLocaleString("en")],
        ["shared", values.shared.toLocaleString("en")],
        ["saved on negatives", `${B}×`],
        ["saved on the batch", `${fixed(values.factor, 1)}×`],
      ],
      say: `Sharing saves ${B}× on the negatives but ${fixed(values.factor, 1)}× on the batch, and never more than ${fixed(1 + N / 2, 1)}×: 2 B queries and positives remain.`,
    };
  },
});
