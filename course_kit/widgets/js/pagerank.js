import { sum } from "./kit.js";
import { neighbours } from "./graph.js";

// Personalised PageRank: where the shares of visits end. The mean of two rounds settles also where a walk alternates.
export const pagerank = (graph, start, restart) => {
  const lists = neighbours(graph);
  const step = (pi) => {
    const next = lists.map(() => 0);
    lists.forEach((near, n) => {
      for (const m of near) next[m] += ((1 - restart) * pi[n]) / near.length;
    });
    next[start] += 1 - sum(next);
    return next;
  };
  let pi = lists.map((_, n) => Number(n === start));
  for (let round = 0; round < 600; round++) {
    const next = step(pi);
    pi = pi.map((p, n) => (p + next[n]) / 2);
  }
  return pi;
};

