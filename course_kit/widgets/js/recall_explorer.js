import { choice, fixed, figure, line, lineKey, mark, markKey, mean, range, slider, stage, text, toggle, topK } from "./kit.js";
import { drawGraph } from "./graph.js";

// Recall@K of each user, nan for one without positives.
export const recalls = (scores, positives, k, exclude) =>
  scores.map((row, u) => {
    const hits = topK(row, k, exclude[u]).filter((v) => positives[u][v]).length;
    const wanted = positives[u].filter(Boolean).length;
    return wanted ? hits / wanted : NaN;
  });

const masks = (users, items, edges) => {
  const table = users.map(() => items.map(() => false));
  for (const [u, v] of edges) table[u][v] = true;
  return table;
};

const look = ({ users, items, edges, hidden, scores, user, k, exclude, ask }) => {
  const [seen, future] = [masks(users, items, edges), masks(users, items, hidden)];
  const none = masks(users, items, []);
  const positives = ask === "hidden" ? future : seen;
  const values = recalls(scores, positives, k, exclude ? seen : none);
  const wanted = positives[user].filter(Boolean).length;
  return { seen, positives, values, wanted, list: topK(scores[user], k, exclude ? seen[user] : []) };
};

const ranking = ({ items, scores, user, k, exclude }, { seen, positives, list }) => {
  const order = topK(scores[user], items.length, exclude ? seen[user] : []);
  const rest = exclude ? range(items.length).filter((v) => seen[user][v]) : [];
  return figure(
    "The list, best first; a circle is a positive, full if it is in the list; the line is the end of the list", 196, 18 * items.length + 12,
    [...order, ...rest].map((v, i) => {
      const y = 18 * i + 12;
      const out = i >= order.length;
      return [
        text(12, y + 3.5, out ? "seen" : `${i + 1}.`, { kind: "small" }),
        positives[user][v] && mark(34, y, 0, { hollow: !list.includes(v) }),
        text(44, y + 3.5, `v${v} ${items[v]}`, { anchor: "start", kind: list.includes(v) ? "strong" : "small" }),
        text(195, y + 3.5, fixed(scores[user][v], 1), { anchor: "end", kind: "small" }),
        i === Math.min(k, order.length) - 1 && line(2, y + 9, 195, y + 9, "bold ink"),
      ];
    }),
  );
};

export default stage({
  title: "A list and its recall",
  hint: "Move K. Then ask for the training edges, and untick “leave out what was seen”.",
  controls: ({ users, items }) => [
    choice("user", "user", users.map((name, u) => [u, name])),
    slider("K", "k", { min: 1, max: items.length }),
    choice("positives", "ask", [["hidden", "hidden edges (test)"], ["seen", "known edges (training)"]]),
    toggle("leave out what was seen", "exclude"),
  ],
  draw(state) {
    const { users, user, k, exclude, ask, hidden } = state;
    const seeing = look(state);
    const { values, wanted, list, positives } = seeing;
    const hits = list.filter((v) => positives[user][v]).length;
    const counted = values.filter((value) => !Number.isNaN(value));
    const bound = wanted ? Math.min(1, k / wanted) : NaN;
    const say = !wanted ? `${users[user]} has no positive: 0/0, left out of the mean.`
      : ask === "seen" && exclude ? "What was seen cannot be in the list: training recall is 0 by construction."
        : values[user] === bound && bound < 1 ? `${users[user]}: ${hits} of ${wanted}. No list of ${k} can do better.`
          : `${users[user]}'s list holds ${hits} of ${wanted}.`;
    return {
      figures: [
        drawGraph("Known edges solid, hidden edges dashed", state, {
          edge: (u) => (u === user ? "ink" : ""),
          extra: hidden.map(([u, v]) => [u, v, `dashed bold s3${u === user ? " ink" : ""}`]),
          node: (n) => ({ hollow: n < users.length && n !== user, set: n < users.length ? { user: n } : null }),
        }),
        ranking(state, seeing),
      ],
      legend: [
        [lineKey("ink"), "known edge of the user"], [lineKey("dashed bold s3"), "hidden edge"],
        [markKey(0), "a hit: a positive in the list"], [markKey(0, { hollow: true }), "a positive missed"], [lineKey("bold ink"), "end of the list"],
      ],
      numbers: [
        ["recall", fixed(values[user], 3)],
        ["bound min(1, K/|P|)", fixed(bound, 3)],
        ["mean of all users", fixed(counted.length ? mean(counted) : NaN, 3)],
      ],
      say,
    };
  },
});
