// A small bipartite graph: users on the left as circles, items on the right as squares.

import { figure, line, mark, range, text } from "./kit.js";

const ROW = 24;
const [LEFT, RIGHT] = [50, 134];

export const neighbours = ({ users, items, edges }) => {
  const lists = range(users.length + items.length).map(() => []);
  for (const [u, v] of edges) {
    lists[u].push(users.length + v);
    lists[users.length + v].push(u);
  }
  return lists.map((list) => list.sort((a, b) => a - b));
};

// `node(n)` says how node n looks: { hollow, size, colour, note, set }; `edge(u, v)` gives a line's classes.
export const drawGraph = (name, { users, items, edges }, { node = () => ({}), edge = () => "", extra = [] }) => {
  const rows = Math.max(users.length, items.length);
  const spread = (count, i) => 14 + ROW * (rows - 1) * (count > 1 ? i / (count - 1) : 0.5);
  const at = (n) => n < users.length ? [LEFT, spread(users.length, n)] : [RIGHT, spread(items.length, n - users.length)];
  const join = ([u, v], kind) => line(...at(u), ...at(users.length + v), kind);
  return figure(
    name, 174, ROW * rows + 4,
    edges.map(([u, v]) => join([u, v], edge(u, v))),
    extra.map(([u, v, kind]) => join([u, v], kind)),
    range(users.length + items.length).map((n) => {
      const [x, y] = at(n);
      const isUser = n < users.length;
      const { colour = isUser ? 0 : 1, note = "", ...look } = node(n);
      const label = isUser ? users[n] : `v${n - users.length}`;
      return [
        mark(x, y, colour, { size: 6, title: isUser ? users[n] : items[n - users.length], ...look }),
        text(x + (isUser ? -11 : 11), y + 3.5, isUser ? `${note} ${label}` : `${label} ${note}`, { anchor: isUser ? "end" : "start" }),
      ];
    }),
  );
};
