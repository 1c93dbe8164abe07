import { action, fixed, markup, node, range, stage, sum } from "./kit.js";

const [K, MOST_FOUND, MOST_TOLD] = [5, 6, 4];

// ---- scores: a sum over what is liked, in whole numbers

const bytes = (packed) => Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0)).buffer;

// The tables as arrays: model → what item w adds to the score of item v, at w · items + v; null for popularity.
export const unpacked = ({ tables, shared }) => ({
  weights: Object.fromEntries(tables.map(([name, packed]) => [name, packed ? new Int8Array(bytes(packed)) : null])),
  shared: new Uint16Array(bytes(shared)),
});

// What each liked item adds to the score of an item.
const parts = (weights, liked, item, items) => liked.map((w) => weights[w * items + item]);

// A model's list, best first, without what is liked; equal scores: more users first.
export const recommended = (weights, degree, liked) => {
  if (weights && !liked.length) return [];
  const items = degree.length;
  const scores = range(items).map((v) => (weights ? sum(parts(weights, liked, v, items)) : degree[v]));
  return range(items).filter((v) => !liked.includes(v)).sort((a, b) => scores[b] - scores[a] || a - b).slice(0, K);
};

const listsOf = ({ degree }, { weights }, liked) =>
  Object.fromEntries(Object.entries(weights).map(([name, table]) => [name, recommended(table, degree, liked)]));

// The item that is explained: the chosen one while it is in the list, else the first.
const chosen = ({ model, item }, lists) => (lists[model].includes(item) ? item : (lists[model][0] ?? -1));

const change = ({ liked }, now) => ({ liked: now, before: liked });

// ---- search

const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// Items whose titles hold every word that was typed, those that begin with it first, then those with more users.
export const find = (titles, liked, typed) => {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  const fits = (title) => words.every((word) => title.includes(word));
  const begins = titles.map((title) => plain(title).startsWith(words[0]));
  return words.length
    ? range(titles.length).filter((v) => !liked.includes(v) && fits(plain(titles[v]))).sort((a, b) => begins[b] - begins[a] || a - b).slice(0, MOST_FOUND)
    : [];
};

// A field, and below it the titles found: arrows move, Enter or a click adds.
const search = (state, set) => {
  const id = `found-${Math.random().toString(36).slice(2)}`;
  const list = node("ul", { id, role: "listbox", ariaLabel: "titles found", hidden: true });
  const input = node("input", { type: "text", role: "combobox", placeholder: "type a few letters, then Enter", autocomplete: "off", ariaAutoComplete: "list" });
  input.setAttribute("aria-controls", id);
  let [found, at] = [[], 0];
  const show = () => {
    found = document.activeElement === input ? find(state.titles, state.liked, input.value) : [];
    at = Math.min(at, Math.max(found.length - 1, 0));
    list.replaceChildren(...found.map((item, i) => {
      const option = node("li", { id: `${id}-${i}`, role: "option", textContent: state.titles[item], ariaSelected: String(i === at) });
      option.addEventListener("pointerdown", (event) => {
        event.preventDefault(); // the field keeps the focus
        add(item);
      });
      return option;
    }));
    list.hidden = !found.length;
    input.ariaExpanded = String(found.length > 0);
    if (found.length) input.setAttribute("aria-activedescendant", `${id}-${at}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const add = (item) => {
    input.value = "";
    at = 0;
    set(change(state, [...state.liked, item]));
  };
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && found.length) add(found[at]);
    else if (step && found.length) at = (at + step + found.length) % found.length;
    else return;
    event.preventDefault();
    show();
  });
  input.addEventListener("input", () => {
    at = 0;
    show();
  });
  for (const moved of ["focus", "blur"]) input.addEventListener(moved, show);
  return { element: node("div", { className: "kit-search" }, node("label", {}, node("span", { textContent: "I like" }), input), list), show };
};

// What is liked: Enter, Delete or a click drops a title, the arrows lead to the next.
const likes = (state, set) => {
  const box = node("div", { className: "kit-likes", role: "group", ariaLabel: "you like" });
  const drop = (item) => set(change(state, state.liked.filter((other) => other !== item)));
  let drawn = null;
  const show = () => {
    if (drawn === String(state.liked)) return;
    drawn = String(state.liked);
    const old = [...box.querySelectorAll("button")];
    const focus = old.indexOf(document.activeElement);
    const each = state.liked.map((item) => {
      const button = node("button", { type: "button", title: "drop it: Delete, Enter or a click", textContent: `${state.titles[item]} ×` });
      button.addEventListener("click", () => drop(item));
      return button;
    });
    for (const button of old) button.remove();
    box.append(...each);
    if (focus >= 0) (each[Math.min(focus, each.length - 1)] ?? box.parentElement?.querySelector("input"))?.focus();
  };
  box.addEventListener("keydown", (event) => {
    const each = [...box.querySelectorAll("button")];
    const i = each.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) each[i + step]?.focus();
    else if (["Delete", "Backspace"].includes(event.key)) drop(state.liked[i]);
    else return;
    event.preventDefault();
  });
  return { element: box, show };
};

// ---- the lists: a button for each place, which asks why

const lists = (state, set, prepared) => {
  const names = state.tables.map(([name]) => name);
  const columns = names.map((name) => {
    const places = range(K).map((rank) => {
      const button = node("button", { type: "button" });
      button.addEventListener("click", () => {
        const item = listsOf(state, prepared, state.liked)[name][rank];
        if (item !== undefined) set({ model: name, item });
      });
      return button;
    });
    return { name, places, element: node("section", { ariaLabel: name }, node("b", { textContent: name }), ...places) };
  });
  const show = () => {
    const [now, before] = [state.liked, state.before].map((liked) => listsOf(state, prepared, liked));
    const why = chosen(state, now);
    for (const { name, places } of columns) places.forEach((button, rank) => {
      const item = now[name][rank];
      const count = names.filter((other) => now[other].includes(item)).length;
      const isNew = !before[name].includes(item);
      button.hidden = item === undefined;
      button.textContent = `${isNew ? "▲ " : ""}${state.titles[item]}${count > 1 ? ` ×${count}` : ""}`;
      button.title = state.titles[item] ?? "";
      button.ariaPressed = String(name === state.model && item === why);
      button.classList.toggle("kit-agreed", count > 1);
    });
  };
  return { element: node("div", { className: "kit-lists" }, ...columns.map(({ element }) => element)), show };
};

// ---- why

// The parts of a score, largest first: [item, its percent of the score].
export const reasons = (weights, liked, item, items) => {
  const each = parts(weights, liked, item, items);
  const whole = sum(each);
  return whole > 0 ? liked.map((w, i) => [w, (100 * each[i]) / whole]).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])) : [];
};

const people = (count) => `${count} ${count === 1 ? "person" : "people"}`;
const signed = (percent) => `${percent > 0 ? "+" : ""}${fixed(percent, 1)} %`;

const why = ({ titles, model }, item, told, shared) => {
  const items = titles.length;
  const widest = Math.max(...told.map(([, percent]) => Math.abs(percent)));
  const rest = told.slice(MOST_TOLD);
  return markup`<ul class="kit-why">${told.slice(0, MOST_TOLD).map(([w, percent]) => {
    const count = shared[w * items + item];
    const way = model === "LightGCN" ? `you → ${titles[w]} → ${people(count)} → this` : `${titles[w]}; ${people(count)} had both`;
    return markup`<li><b>${signed(percent)}</b><span class="kit-bar${percent < 0 && " less"}" style="width:${(6 * Math.abs(percent)) / widest}em"></span><span>${way}</span></li>`;
  })}${rest.length > 0 && markup`<li><b>${signed(sum(rest.map(([, percent]) => percent)))}</b><span>${rest.length} more of what you like</span></li>`}</ul>`;
};

export default stage({
  title: "Your own taste",
  hint: "Add what you like, and drop a title: which lists change? Only likes count, as in the data of the lecture.",
  prepare: unpacked,
  controls: (_, prepared) => [
    search,
    action("add the chosen one", (state) => {
      const item = chosen(state, listsOf(state, prepared, state.liked));
      return item < 0 ? null : change(state, [...state.liked, item]);
    }),
    action("undo", ({ liked, before }) => (String(liked) === String(before) ? null : { liked: before, before: liked })),
    likes,
    (state, set) => lists(state, set, prepared),
  ],
  draw(state, prepared) {
    const { titles, degree, liked, before, model } = state;
    const [now, then] = [liked, before].map((some) => listsOf(state, prepared, some));
    const item = chosen(state, now);
    const told = item >= 0 && prepared.weights[model] ? reasons(prepared.weights[model], liked, item, degree.length) : [];
    const news = Object.keys(now).map((name) => [name, `${now[name].filter((v) => !then[name].includes(v)).length} new`]);
    return {
      numbers: news,
      figures: told.length ? [why(state, item, told, prepared.shared)] : [],
      legend: [["▲", " new since your last change"], ["×3", " and a green edge: in three lists"], ["+40 %", " of the score"]],
      say: item < 0 ? "Nothing is liked yet, so only popularity has a list."
        : !prepared.weights[model] ? `${model} asks nothing about you: ${people(degree[item])} had “${titles[item]}”.`
          : told.length ? `${model} recommends “${titles[item]}” above all because of “${titles[told[0][0]]}”.`
            : `${model} recommends “${titles[item]}” for lack of anything better: its score is not above 0.`,
    };
  },
});
