import { bar, barKey, choice, figure, fixed, line, markup, mean, player, range, slider, stage, sum, text, topK } from "./kit.js";

const LAYERS = 128;
const FADE = 0.2;

// Layers 0 … 128: X, ÃX, Ã²X, … with Ã = D^(−1/2) A D^(−1/2).
export const diffuse = ({ num_users, num_items, edges, embeddings }, layers = LAYERS) => {
  const degree = range(num_users + num_items).map(() => 0);
  const ends = edges.map(([u, v]) => [u, num_users + v]);
  for (const [a, b] of ends) { degree[a]++; degree[b]++; }
  const all = [embeddings];
  for (let l = 0; l < layers; l++) {
    const next = embeddings.map((row) => row.map(() => 0));
    for (const [a, b] of ends) {
      const weight = 1 / Math.sqrt(degree[a] * degree[b]);
      for (let d = 0; d < next[a].length; d++) {
        next[a][d] += weight * all[l][b][d];
        next[b][d] += weight * all[l][a][d];
      }
    }
    all.push(next);
  }
  return all;
};

export const alpha = (mix, L) => ({
  mean: () => range(L + 1).map(() => 1 / (L + 1)),
  last: () => range(L + 1).map((l) => Number(l === L)),
  first: () => range(L + 1).map((l) => Number(l === 0)),
  fading: () => range(L + 1).map((l) => (l < L ? FADE * (1 - FADE) ** l : (1 - FADE) ** L)),
  // The mean of the last two layers is what all users share, whether L is even or odd.
  signed: () => range(L + 1).map((l) => 1 / (L + 1) - (L >= 2 && l >= L - 1 ? 0.5 : 0)),
})[mix]();

export const mixed = (layers, weights) =>
  layers[0].map((row, n) => row.map((_, d) => sum(weights.map((a, l) => (a ? a * layers[l][n][d] : 0)))));

const ranks = (values) => {
  const order = range(values.length).sort((a, b) => values[a] - values[b]);
  const out = [];
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j < order.length && values[order[j]] === values[order[i]]) j++;
    for (const n of order.slice(i, j)) out[n] = (i + j - 1) / 2;
    i = j;
  }
  return out;
};

const centred = (values) => { const m = mean(values); return values.map((value) => value - m); };
const dot = (a, b) => sum(a.map((x, i) => x * b[i]));
const cosine = (a, b) => dot(a, b) / (Math.sqrt(dot(a, a) * dot(b, b)) || 1);
export const spearman = (a, b) => cosine(centred(ranks(a)), centred(ranks(b)));

const prepare = (state) => {
  const degree = range(state.num_items).map((v) => state.edges.filter(([, item]) => item === v).length);
  return {
    layers: diffuse(state), degree,
    columns: topK(degree, state.num_items),
    rows: range(state.num_users).sort((a, b) => state.groups[a] - state.groups[b] || a - b),
  };
};

export const look = ({ num_users, k, mix, layers }, { layers: all, degree }) => {
  const final = mixed(all, alpha(mix, layers));
  const [users, items] = [final.slice(0, num_users), final.slice(num_users)];
  const scores = users.map((user) => items.map((item) => dot(user, item)));
  const lists = scores.map((row) => topK(row, k));
  const total = users[0].map((_, d) => sum(users.map((user) => user[d] / (Math.sqrt(dot(user, user)) || 1))));
  const alone = users.filter((user) => dot(user, user) > 0).length;
  return {
    lists,
    different: new Set(lists.map((list) => [...list].sort((a, b) => a - b).join())).size,
    popular: mean(scores.map((row) => spearman(row, degree))),
    cosine: (dot(total, total) - alone) / (num_users * (num_users - 1)),
  };
};

const picture = ({ groups, k }, { rows, columns, degree }, lists) => {
  const [wide, high] = [300 / columns.length, 132 / rows.length];
  const top = Math.max(...degree);
  return figure(`A row is a user, a column an item, most popular first; filled: among the user's top ${k}`, 330, 176,
    rows.map((u, i) => [
      i > 0 && groups[u] !== groups[rows[i - 1]] && line(0, i * high + 1, 300, i * high + 1, "ink"),
      lists[u].map((v) => bar(columns.indexOf(v) * wide, i * high + 1.5, wide - 1, groups[u] % 6, high - 1)),
    ]),
    markup`<rect x="0" y="1" width="300" height="132" class="cell"/>`,
    columns.map((v, j) => bar(j * wide, 164 - (26 * degree[v]) / top, wide - 1, 4, (26 * degree[v]) / top)),
    text(0, 175, "the items' degrees", { anchor: "start", kind: "small" }),
    text(303, 12, "users", { anchor: "start", kind: "small" }),
  );
};

export default stage({
  title: "Diffusion, layer after layer",
  hint: "Nobody trained anything here. Add layers: who is recommended what at 128?",
  controls: () => [
    slider("layers", "layers", { min: 0, max: LAYERS, log: true }),
    player("layers", { max: LAYERS, wait: 250 }),
    choice("mix of the layers", "mix", [
      ["mean", "mean of all layers"], ["last", "last layer only"], ["first", "layer 0 only: matrix factorisation"], ["fading", "fading: 0.2 · 0.8^l"],
      ["signed", "both signs: mean of all − mean of the last two"],
    ]),
  ],
  prepare,
  draw(state, prepared) {
    const { num_users, layers, mix, k } = state;
    const { lists, different, popular, cosine: alike } = look(state, prepared);
    return {
      figures: [picture(state, prepared, lists)],
      legend: [
        [barKey(0), "the user's list; a colour per taste"],
        [barKey(4), "degree of the item"],
      ],
      numbers: [
        ["different lists", `${different} of ${num_users}`],
        ["rank correlation with popularity", fixed(popular)],
        ["cosine of two users", fixed(alike)],
      ],
      say: mix === "first" || layers === 0 ? "Layer 0 alone: the vectors as they were drawn, noise."
        : popular > 0.9 && alike > 0.9 ? `${different} different ${different === 1 ? "list" : "lists"}: everybody gets the popular items.`
          : popular < -0.9 ? "Everybody gets the least popular items: the last layer alone may end at this end too."
            : alike > 0.9 ? "Everybody is nearly alike."
              : `${different} different lists of ${k}; ${popular > 0.5 ? "popularity takes over" : "the person still counts"}.`,
    };
  },
});
