import { action, bar, entry, figure, fixed, line, scale, stage, text } from "./kit.js";

// The mean of the users' F1 is at most the F1 of mean precision and mean recall: the harmonic mean is concave.
export const audit = (precision, recall, f1, k) => {
  const bound = precision + recall ? (2 * precision * recall) / (precision + recall) : 0;
  return { bound, excess: bound ? f1 / bound : NaN, basket: recall ? (k * precision) / recall : NaN };
};

const SHARE = { min: 0, max: 1, step: 0.00001 };

const picture = ({ precision, recall, f1 }, bound) => {
  const x = scale([0, Math.max(precision, recall, f1, 1e-5)], [58, 250]);
  const beside = (value) => (Math.abs(x(bound) - x(value) - 20) < 20 ? x(bound) : x(value)) + 5; // a number never crosses the line
  const rows = [["precision", precision, 0], ["recall", recall, 5], ["F1 printed", f1, f1 > bound ? 3 : 2]];
  return figure("The three numbers as bars; the line is the largest F1 that fits the other two", 330, 100,
    line(x(bound), 4, x(bound), 88, "ink dashed bold"),
    rows.map(([name, value, colour], i) => [
      text(54, 28 * i + 19, name, { anchor: "end", kind: "small" }),
      bar(58, 28 * i + 9, x(value) - 58, colour, 14),
      text(beside(value), 28 * i + 19, fixed(value, 5), { anchor: "start", kind: "small strong" }),
    ]),
    text(x(bound), 98, "largest possible F1", { anchor: x(bound) > 200 ? "end" : "middle", kind: "small" }),
  );
};

export default stage({
  title: "Audit a table",
  hint: "This row stands on a slide. Which of its numbers cannot be? Type your own.",
  controls: () => [
    entry("precision", "precision", SHARE),
    entry("recall", "recall", SHARE),
    entry("F1", "f1", SHARE),
    entry("K", "k", { min: 1, max: 1000, step: 1 }),
    action("the slide's LLM", () => ({ precision: 0.00329, recall: 0.00119, f1: 0.0071 })),
    action("… if a decimal slipped", () => ({ precision: 0.00329, recall: 0.00119, f1: 0.00071 })),
    action("the slide's GNN", () => ({ precision: 0.01023, recall: 0.05234, f1: 0.01564 })),
  ],
  draw(state) {
    const { precision, recall, f1, k } = state;
    const { bound, excess, basket } = audit(precision, recall, f1, k);
    return {
      figures: [picture(state, bound)],
      numbers: [
        ["largest possible F1", fixed(bound, 5)],
        ["printed over possible", fixed(excess, 2)],
        ["positives of a user who is hit", fixed(basket, 1)],
      ],
      say: f1 > bound * 1.005
        ? `Impossible: ${f1 > Math.max(precision, recall) ? "an F1 above both precision and recall" : "no averaging over users reaches that F1"}.`
        : "Possible. That does not make it right.",
    };
  },
});
