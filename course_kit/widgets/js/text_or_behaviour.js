import { axisX, axisY, curve, figure, fixed, line, lineKey, mark, mean, range, scale, slider, stage, sum, topK } from "./kit.js";

const [KNOWN, K] = [8, 5];
const rounded = (score) => Math.round(score * 1e4) / 1e4; // equal scores stay equal in both languages
const unit = (row) => { const long = Math.hypot(...row) || 1; return row.map((x) => x / long); };

// Mean recall@5 on the hidden items, by similarities of items summed over what is known of a user.
export const recall = (similar, histories, known) =>
  mean(histories.map((history) => {
    const [seen, hidden] = [history.slice(0, known), history.slice(KNOWN)];
    const scores = similar.map((row) => rounded(sum(seen.map((w) => row[w]))));
    const list = topK(scores, K, similar.map((_, v) => seen.includes(v)));
    return list.filter((v) => hidden.includes(v)).length / hidden.length;
  }));

// Cosines of the items' texts over the number known: the score of a plain mean.
export const byText = (tastes, noise, signal, known) => {
  const vectors = noise.map((row, v) => unit(row.map((x, d) => (1 - signal) * x + signal * (d === tastes[v]))));
  return vectors.map((a) => vectors.map((b) => sum(a.map((x, d) => x * b[d])) / known));
};

// Cosines of the items' columns of R, nothing for an item with itself.
export const byBehaviour = (histories, known, items) => {
  const columns = range(items).map((v) => histories.map((history) => history.slice(0, known).includes(v)));
  const degree = columns.map((column) => column.filter(Boolean).length);
  return columns.map((a, v) => columns.map((b, w) =>
    v === w || !degree[v] || !degree[w] ? 0 : a.filter((yes, u) => yes && b[u]).length / Math.sqrt(degree[v] * degree[w])));
};

const picture = (text, behaviour, known, items) => {
  const x = scale([1, KNOWN], [34, 320]);
  const y = scale([0, 0.8], [122, 8]);
  const at = (values) => values.map((value, i) => [x(i + 1), y(value)]);
  return figure("Recall of text and of behaviour over the items known of each user", 330, 150,
    axisX(x, [1, 2, 4, 6, 8], 122, "items known of each user"), axisY(y, [0, 0.4, 0.8], 34, 1),
    line(x(known), 8, x(known), 122, "ink"),
    curve(at(text), "s1 bold"), curve(at(behaviour), "s0 bold dashed"),
    curve(range(KNOWN).map((i) => [x(i + 1), y(K / (items - i - 1))]), "ink dotted"),
    mark(x(known), y(text[known - 1]), 1), mark(x(known), y(behaviour[known - 1]), 0),
  );
};

export default stage({
  title: "Text or behaviour?",
  hint: "Make the text tell more, or less. Then let the users click more. Who wins?",
  controls: () => [
    slider("what the text tells", "signal", { min: 0, max: 1, step: 0.05, show: (signal) => fixed(signal, 2) }),
    slider("items known of each user", "known", { min: 1, max: KNOWN }),
  ],
  prepare: ({ histories, tastes }) => ({
    behaviour: range(KNOWN).map((i) => recall(byBehaviour(histories, i + 1, tastes.length), histories, i + 1)),
    texts: {}, // one curve for each place of the slider, once it was there
  }),
  draw({ tastes, noise, histories, signal, known }, { behaviour, texts }) {
    texts[signal] ??= range(KNOWN).map((i) => recall(byText(tastes, noise, signal, i + 1), histories, i + 1));
    const [text, clicks] = [texts[signal][known - 1], behaviour[known - 1]];
    const chance = K / (tastes.length - known);
    const ahead = Math.abs(text - clicks) < 0.02 ? "a draw" : text > clicks ? "text wins" : "behaviour wins";
    return {
      figures: [picture(texts[signal], behaviour, known, tastes.length)],
      numbers: [
        ["text", fixed(text), lineKey("s1 bold")],
        ["behaviour", fixed(clicks), lineKey("s0 bold dashed")],
        ["chance", fixed(chance), lineKey("ink dotted")],
      ],
      say: `With ${known} known ${known === 1 ? "item" : "items"} per user and this text: ${ahead}${Math.max(text, clicks) < 1.3 * chance ? ", near chance" : ""}.`,
    };
  },
});
