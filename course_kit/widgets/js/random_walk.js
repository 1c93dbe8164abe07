import { bar, barKey, choice, figure, fixed, lineKey, mark, markKey, player, range, scale, slider, stage, sum, text } from "./kit.js";
import { drawGraph, neighbours } from "./graph.js";
import { pagerank } from "./pagerank.js";

// The nodes of a walk, its start first; one draw per step decides on the restart, then on the edge.
export const walk = (graph, start, restart, draws) => {
  const lists = neighbours(graph);
  const path = [start];
  for (const draw of draws) {
    const near = lists[path.at(-1)];
    path.push(draw < restart || !near.length ? start : near[Math.floor(((draw - restart) / (1 - restart)) * near.length)]);
  }
  return path;
};

// Visits of each node in so many steps.
export const visits = (graph, start, restart, draws) => {
  const count = range(graph.users.length + graph.items.length).map(() => 0);
  for (const here of walk(graph, start, restart, draws).slice(1)) count[here]++;
  return count;
};

const LAST = 4; // steps whose edges are drawn

const bars = ({ users, items }, shares, limit) => {
  const n = users.length + items.length;
  const x = scale([0, Math.max(0.05, ...shares, ...limit)], [28, 180]);
  return figure("Share of the visits as bars, their limit as diamonds", 190, 15 * n + 4, range(n).map((i) => {
    const y = 15 * i + 10;
    return [
      text(24, y + 3.5, i < users.length ? users[i] : `v${i - users.length}`, { anchor: "end", kind: "small" }),
      bar(28, y - 4, x(shares[i]) - 28, i < users.length ? 0 : 1),
      mark(x(limit[i]), y, 3, { size: 3.5 }),
    ];
  }));
};

export default stage({
  title: "A walk that comes home",
  hint: "Take more steps. Then raise the restart: who is still visited?",
  controls: ({ users }) => [
    choice("start", "user", users.map((name, u) => [u, name])),
    slider("restart", "restart", { min: 0, max: 1, step: 0.05, show: (value) => fixed(value, 2) }),
    slider("steps", "doublings", { min: 0, max: 12, show: (power) => `${2 ** power}` }),
    player("doublings", { max: 12, wait: 900, names: ["halve", "play", "double"] }),
  ],
  draw(state) {
    const { users, user, restart, doublings, draws } = state;
    const steps = 2 ** doublings;
    const count = visits(state, user, restart, draws.slice(0, steps));
    const limit = pagerank(state, user, restart);
    const path = walk(state, user, restart, draws.slice(0, steps));
    const ends = path.slice(-LAST - 1);
    const walked = (u, v) => range(ends.length - 1).some((i) => [ends[i], ends[i + 1]].sort((a, b) => a - b).join() === [u, users.length + v].join());
    const shares = count.map((c) => c / steps);
    const away = Math.max(...shares.map((share, n) => Math.abs(share - limit[n])));
    const atItems = sum(count.slice(users.length));
    return {
      figures: [
        drawGraph("Each node as large as it is often visited", state, {
          node: (n) => ({ size: 3 + 7 * Math.sqrt(shares[n]), hollow: !count[n], set: n < users.length ? { user: n } : null, note: n === path.at(-1) ? "◂" : "" }),
          edge: (u, v) => (walked(u, v) ? "ink bold" : ""),
        }),
        bars(state, shares, limit),
      ],
      legend: [
        [lineKey("ink bold"), `the walk's last ${LAST} steps, without jumps home`],
        ["◂ ", "where it stands now"],
        [barKey(0), "the share of the visits so far (orange: at items)"],
        [markKey(3), "the share of the visits that a very long walk tends to"],
      ],
      numbers: [["steps", `${steps}`], ["at items", `${atItems}`], ["farthest from the limit", fixed(away, 3)]],
      say: restart === 1 ? `Always back: only ${users[user]} is visited.`
        : restart === 0 ? "Never back: the visits tend to the degrees, whoever starts."
          : `${steps} steps: the shares are within ${fixed(away, 3)} of their limit.`,
    };
  },
});
