import { choice, lineKey, markKey, player, range, slider, stage, toggle } from "./kit.js";
import { drawGraph, neighbours } from "./graph.js";

// fields[k][n]: does the node's vector after k layers depend on node n's first vector?
export const fields = (graph, node, layers, own) => {
  const lists = neighbours(graph);
  const all = [lists.map((_, n) => n === node)];
  for (let k = 0; k < layers; k++) {
    const before = all[k];
    all.push(lists.map((list, n) => (own && before[n]) || list.some((m) => before[m])));
  }
  return all;
};

export default stage({
  title: "What a layer sees",
  hint: "Add layers one by one. Then let each node keep its own vector.",
  controls: ({ users, items }) => [
    choice("node", "node", [...users, ...items.map((name, v) => `v${v} ${name}`)].map((name, n) => [n, name])),
    slider("layers", "layers", { min: 0, max: 6 }),
    player("layers", { max: 6, wait: 900 }),
    toggle("each node keeps its own vector", "own"),
  ],
  draw(state) {
    const { users, items, node, layers, own } = state;
    const all = fields(state, node, layers, own);
    const sees = all[layers];
    const count = (nodes) => nodes.filter((n) => sees[n]).length;
    const first = range(users.length + items.length).map((n) => all.findIndex((field) => field[n]));
    const [seenUsers, seenItems] = [count(range(users.length)), count(range(items.length).map((v) => users.length + v))];
    const name = [...users, ...items][node];
    const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
    const fresh = range(users.length + items.length).filter((n) => first[n] === layers).length;
    return {
      figures: [drawGraph(`Filled nodes are seen by ${name}; the number is the layer that first saw them`, state, {
        node: (n) => ({ hollow: !sees[n], size: n === node ? 8 : 6, note: first[n] >= 0 ? first[n] : "", set: { node: n } }),
        edge: (u, v) => {
          const [a, b] = [first[u], first[users.length + v]];
          return a >= 0 && b >= 0 && Math.abs(a - b) === 1 ? `ink bold${Math.max(a, b) === layers ? "" : " dotted"}` : "";
        },
      })],
      legend: [
        [markKey(0), "a user who is seen"], [markKey(1), "an item that is seen"], [markKey(0, { hollow: true }), "not seen"],
        [lineKey("ink bold"), "reached by the last layer"], ["1, 2, … ", "the layer that first saw the node"],
      ],
      numbers: [["users seen", `${seenUsers} of ${users.length}`], ["items seen", `${seenItems} of ${items.length}`]],
      say: layers === 0 ? `Without a layer ${name} sees nobody else.`
        : own ? `${counted(layers, "layer")}: ${name} sees all nodes within ${counted(layers, "hop")}, ${fresh} of them new.`
          : `After ${counted(layers, "layer")} ${name} sees ${seenUsers ? "users" : "items"} only: without its own vector the field alternates.`,
    };
  },
});
