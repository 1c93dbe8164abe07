import { bar, barKey, figure, fixed, scale, slider, stage, text } from "./kit.js";

// Embeddings a batch of B pairs needs with N negatives each, and with N for all.
export const cost = (B, N) => ({ own: 2 * B + B * N, shared: 2 * B + N, factor: (2 * B + B * N) / (2 * B + N) });

const picture = (B, N, { own, shared, factor }) => {
  const rows = [["own negatives for each pair", B * N, own], ["negatives shared by all", N, own], [`the same, enlarged ${fixed(factor, 1)}×`, N, shared]];
  return figure("Embeddings of a batch: pairs first, then negatives; the last row enlarges the one above it", 340, 112,
    rows.map(([name, negatives, whole], i) => {
      const x = scale([0, whole], [0, 320]);
      return [
        text(0, 36 * i + 14, name, { anchor: "start" }),
        bar(0, 36 * i + 18, x(2 * B), 0, 14),
        bar(x(2 * B), 36 * i + 18, x(negatives), 1, 14),
      ];
    }),
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
      legend: [[barKey(0), "queries and positives, 2 B"], [barKey(1), "negatives"]],
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
