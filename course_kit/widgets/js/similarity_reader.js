import { action, choice, figure, fixed, line, lineKey, markKey, stage, text } from "./kit.js";
import { drawGraph, neighbours } from "./graph.js";

// The entry of Ã² for two users: what each shared item adds, and the factor of the two degrees before the sum.
export const coefficient = (graph, first, second) => {
  const lists = neighbours(graph);
  const shared = lists[first].filter((n) => lists[second].includes(n));
  const degrees = [lists[first].length, lists[second].length];
  const terms = shared.map((n) => 1 / lists[n].length);
  const factor = shared.length ? 1 / Math.sqrt(degrees[0] * degrees[1]) : 0;
  const items = shared.map((n) => n - graph.users.length);
  return { items, itemDegrees: shared.map((n) => lists[n].length), degrees, value: factor * terms.reduce((a, b) => a + b, 0) };
};

// Join a user and an item, or cut the edge that is there.
export const joinOrCut = (edges, user, item) => {
  const rest = edges.filter(([u, v]) => u !== user || v !== item);
  return rest.length < edges.length ? rest : [...edges, [user, item]].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
};

const formula = ({ items, itemDegrees, degrees, value }) => {
  const terms = items.length ? itemDegrees.map((degree) => `1/${degree}`).join(" + ") : "0";
  return figure("The formula with its numbers", 190, 96,
    text(0, 14, "1 / √(degree · degree)", { anchor: "start", kind: "small" }),
    text(0, 30, items.length ? `1 / √(${degrees[0]} · ${degrees[1]})` : "–", { anchor: "start", kind: "strong" }),
    text(0, 50, "times 1 / degree of each shared item", { anchor: "start", kind: "small" }),
    text(0, 66, terms, { anchor: "start", kind: "strong" }),
    line(0, 76, 186, 76, "ink"),
    text(0, 91, `= ${fixed(value, 4)}`, { anchor: "start", kind: "strong" }),
  );
};

export default stage({
  title: "Similar by two hops",
  hint: "What makes the coefficient grow? Click an item: the second user gets it, or loses it. Try a popular one, then a rare one.",
  controls: ({ users, items }) => [
    choice("first user", "first", users.map((name, u) => [u, name])),
    choice("second user", "second", users.map((name, u) => [u, name])),
    choice("item", "item", items.map((name, v) => [v, `v${v} ${name}`])),
    action("join or cut", ({ edges, second, item }) => ({ edges: joinOrCut(edges, second, item) })),
  ],
  prepare: ({ _start }) => ({ ..._start }),
  draw(state, start) {
    const { users, items, edges, first, second, item } = state;
    const now = coefficient(state, first, second);
    const before = coefficient({ users, items, edges: start.edges }, first, second).value;
    const change = now.value - before;
    const pick = (v) => ({ item: v, edges: joinOrCut(edges, second, v) });
    const others = now.items.map((v) => `v${v}`).join(", ");
    const moved = Math.abs(change) < 5e-5 ? "as at the start" : `${fixed(Math.abs(change), 4)} ${change > 0 ? "more" : "less"} than at the start`;
    return {
      figures: [
        drawGraph("Shared items are filled, the paths to them bold", state, {
          node: (n) => ({
            hollow: n < users.length ? n !== first && n !== second : !now.items.includes(n - users.length),
            set: n < users.length ? { second: n } : pick(n - users.length),
            note: n === users.length + item ? "◂" : "",
          }),
          edge: (u, v) => ((u === first || u === second) && now.items.includes(v) ? "ink bold" : ""),
        }),
        formula(now),
      ],
      legend: [
        [markKey(0), "the two users"], [markKey(1), "an item that both have"], [lineKey("ink bold"), "a path between the two"],
        ["◂ ", "the chosen item"],
      ],
      numbers: [["shared items", `${now.items.length}`], ["coefficient", fixed(now.value, 4)]],
      say: first === second ? `${users[first]} twice: the sum runs over all items of that user.`
        : now.items.length ? `${users[first]} and ${users[second]} share ${others}: ${moved}.`
          : `${users[first]} and ${users[second]} share nothing: 0 after two hops.`,
    };
  },
});
