import { axisX, axisY, curve, figure, fixed, line, lineKey, mark, mean, range, scale, slider, stage, topK } from "./kit.js";

// For each number of candidates C = 1 … I: recall of the candidates and of the K best of them by the ranker.
export const recalls = ({ retriever, ranker, positives, k }) => {
  const users = range(retriever.length).filter((u) => positives[u].length);
  const orders = retriever.map((row) => topK(row, row.length));
  const share = (u, items) => items.filter((v) => positives[u].includes(v)).length / positives[u].length;
  return range(retriever[0].length).map((i) => {
    const lists = users.map((u) => orders[u].slice(0, i + 1));
    const final = users.map((u, j) => {
      const missed = ranker[u].map((_, v) => !lists[j].includes(v));
      return topK(ranker[u], k, missed);
    });
    return { candidates: mean(users.map((u, j) => share(u, lists[j]))), final: mean(users.map((u, j) => share(u, final[j]))) };
  });
};

const picture = (all, C) => {
  const x = scale([0, all.length], [26, 320]);
  const y = scale([0, 1], [128, 8]);
  const now = all[C - 1];
  const tens = range(Math.floor(all.length / 10) + 1).map((i) => 10 * i);
  return figure("Recall over the number of candidates", 330, 156,
    axisX(x, tens, 128, "candidates C"), axisY(y, [0, 0.5, 1], 26, 1),
    line(26, y(all.at(-1).final), 320, y(all.at(-1).final), "dashed ink"),
    line(x(C), 8, x(C), 128, "ink"),
    curve(all.map(({ candidates }, i) => [x(i + 1), y(candidates)]), "s1 bold"),
    curve(all.map(({ final }, i) => [x(i + 1), y(final)]), "s0 bold dotted"),
    mark(x(C), y(now.candidates), 1), mark(x(C), y(now.final), 0),
  );
};

export default stage({
  title: "Two stages",
  hint: "Cut the candidates down. Can the better ranker make up for what was cut?",
  controls: ({ retriever }) => [slider("candidates C", "candidates", { min: 1, max: retriever[0].length })],
  prepare: recalls,
  draw({ k, candidates: C }, all) {
    const { candidates, final } = all[C - 1];
    const alone = all.at(-1).final;
    return {
      figures: [picture(all, C)],
      numbers: [
        ["candidates", fixed(candidates, 3), lineKey("s1 bold")],
        ["final list", fixed(final, 3), lineKey("s0 bold dotted")],
        ["ranker over all items", fixed(alone, 3), lineKey("dashed ink")],
      ],
      say: C <= k ? `${C} candidates fill the list of ${k} without the ranker: both recalls are the same.`
        : final >= alone ? `With ${C} candidates nothing is lost against ranking everything.`
          : candidates < alone ? `The candidates hold ${fixed(100 * candidates, 0)} % of the positives: no ranker can pass that.`
            : `The candidates hold ${fixed(100 * candidates, 0)} % of the positives, but not all that the ranker would find.`,
    };
  },
});
