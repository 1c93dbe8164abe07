// What every widget shares: markup that escapes, marks, controls that the keyboard reaches inside JupyterLab, a stage.

import { keepSaved } from "./saved.js";

// ---- numbers

export const fixed = (number, digits = 2) =>
  Number.isFinite(number) ? number.toFixed(digits).replace(/^-(?=0*\.?0*$)/, "").replace("-", "−") : "–";
export const range = (count) => Array.from({ length: count }, (_, i) => i);
export const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
export const mean = (numbers) => sum(numbers) / numbers.length;

// Best k items of a row; equal scores rank by lower id; what `exclude` marks is left out.
export const topK = (scores, k, exclude = []) =>
  range(scores.length).filter((item) => !exclude[item]).sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k);

// A straight map from data to drawing.
export const scale = ([from, to], [low, high]) => (x) => low + ((x - from) / (to - from)) * (high - low);

// ---- markup

class Markup {
  constructor(source) {
    this.source = source;
  }
}

const source = (value) =>
  value instanceof Markup ? value.source
    : Array.isArray(value) ? value.map(source).join("")
      : value === null || value === undefined || value === false ? ""
        : String(value).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

// Template tag for HTML and SVG: what is put in is escaped, unless it is markup itself.
export const markup = (strings, ...values) =>
  new Markup(strings.map((string, i) => (i ? source(values[i - 1]) : "") + string).join(""));

// A drawing of width × height units. Ten units are one em, so that it grows with the text.
export const figure = (name, width, height, ...content) =>
  markup`<svg role="img" aria-label="${name}" viewBox="0 0 ${width} ${height}" style="width:${width / 10}em">${content}</svg>`;

export const text = (x, y, content, { anchor = "middle", kind = "" } = {}) =>
  markup`<text x="${x}" y="${y}" text-anchor="${anchor}" class="${kind}">${content}</text>`;

export const line = (x1, y1, x2, y2, kind = "axis") =>
  markup`<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" class="${kind}"/>`;

export const curve = (points, kind) =>
  markup`<polyline points="${points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ")}" class="${kind}"/>`;

export const bar = (x, y, width, colour, height = 8) =>
  markup`<rect x="${x}" y="${y}" width="${Math.max(width, 0.01)}" height="${height}" class="mark c${colour}"/>`;

// An arrow with its head at (x2, y2).
export const arrow = (x1, y1, x2, y2, kind = "axis") => {
  const long = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [dx, dy] = [(x2 - x1) / long, (y2 - y1) / long];
  const barb = (side) => [x2 - 5 * dx - side * 3 * dy, y2 - 5 * dy + side * 3 * dx];
  return [line(x1, y1, x2, y2, kind), curve([barb(1), [x2, y2], barb(-1)], kind)];
};

// A mark in colour 0 … 5 of the palette. Each colour has its own shape, so that nothing hangs on colour alone.
const CORNERS = [null, [4, 1, Math.PI / 4], [3, 1, 0], [4, 1, 0], [8, 0.4, 0], [10, 0.5, 0]];
export const mark = (x, y, colour, { size = 4, hollow = false, title = "", set = null } = {}) => {
  const kind = `mark c${colour}${hollow ? " hollow" : ""}`;
  const extra = markup`${title && markup`<title>${title}</title>`}`;
  const click = set && markup` data-set="${JSON.stringify(set)}"`;
  if (!CORNERS[colour]) return markup`<circle cx="${x}" cy="${y}" r="${size}" class="${kind}"${click}>${extra}</circle>`;
  const [count, inner, offset] = CORNERS[colour];
  const corner = (i) => {
    const angle = (2 * Math.PI * i) / count + offset;
    const radius = 1.25 * size * (i % 2 ? inner : 1);
    return `${(x + radius * Math.sin(angle)).toFixed(2)},${(y - radius * Math.cos(angle)).toFixed(2)}`;
  };
  return markup`<polygon points="${range(count).map(corner).join(" ")}" class="${kind}"${click}>${extra}</polygon>`;
};

// A horizontal or vertical axis with ticks and a name.
export const axisX = (at, ticks, y, name, digits = 0) => [
  line(at(ticks[0]), y, at(ticks.at(-1)), y),
  ticks.map((tick) => [line(at(tick), y, at(tick), y + 3), text(at(tick), y + 12, fixed(tick, digits), { kind: "small" })]),
  text((at(ticks[0]) + at(ticks.at(-1))) / 2, y + 24, name, { kind: "small" }),
];
export const axisY = (at, ticks, x, digits = 0) => [
  line(x, at(ticks[0]), x, at(ticks.at(-1))),
  ticks.map((tick) => [
    line(x - 3, at(tick), x, at(tick)),
    text(x - 5, at(tick) + 3, fixed(tick, digits), { anchor: "end", kind: "small" }),
  ]),
];

// ---- controls: each is made for a place in the state, such as "shift" or ["scores", 0, 1]

export const node = (tag, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  // On the element itself: else JupyterLab takes the arrows, and the letter a inserts a cell.
  if (["INPUT", "SELECT", "BUTTON"].includes(element.tagName)) element.dataset.lmSuppressShortcuts = "true";
  element.append(...children);
  return element;
};

const place = (path) => {
  const [trait, ...keys] = [path].flat();
  return {
    read: (state) => keys.reduce((part, key) => part[key], state[trait]),
    write: (state, value) => {
      const put = (part, [key, ...rest]) =>
        key === undefined ? value : Object.assign(Array.isArray(part) ? [...part] : { ...part }, { [key]: put(part[key], rest) });
      return { [trait]: put(state[trait], keys) };
    },
  };
};

// A slider; a `log` one goes from `min` in steps that grow with the number, so that small and large ones are both in reach.
export const slider = (name, path, { min, max, step = 1, log = false, show = String, locked = () => false, now = null }) => (state, set) => {
  const { read, write } = { ...place(path), ...(now && { read: now }) };
  const PLACES = 100;
  const base = log && max - min + 1;
  const at = (value) => (log ? (PLACES * Math.log(value - min + 1)) / Math.log(base) : value);
  const from = (position) => {
    if (!log) return position;
    const value = min - 1 + Math.round(base ** (position / PLACES));
    return value === read(state) ? Math.min(Math.max(value + Math.sign(position - at(value)), min), max) : value; // every key moves
  };
  const ends = log ? { min: 0, max: PLACES, step: 1 } : { min, max: typeof max === "function" ? max(state) : max, step };
  const input = node("input", { type: "range", ...ends, ariaLabel: name });
  const value = node("span", { className: "kit-value" }); // no <output>: that would speak at every step
  input.addEventListener("input", () => set(write(state, from(Number(input.value)))));
  return {
    element: node("label", { className: "kit-slider" }, node("span", { textContent: name }), input, value),
    show: () => {
      if (typeof max === "function") input.max = max(state);
      input.value = at(read(state));
      input.disabled = locked(state);
      value.textContent = input.ariaValueText = show(read(state), state);
    },
  };
};

// Back, play and step over a whole number of the state, which a slider shows too. Whatever else is moved stops the play.
export const player = (path, { min = 0, max, wait = 500, now = null, locked = () => false, names = ["back", "play", "step"] }) => (state, set) => {
  const { read, write } = { ...place(path), ...(now && { read: now }) };
  const last = () => (typeof max === "function" ? max(state) : max);
  let timer = null;
  let moving = false;
  const stop = () => {
    clearInterval(timer);
    timer = null;
  };
  const to = (value) => {
    moving = true;
    set(write(state, Math.min(Math.max(value, min), last())));
    moving = false;
  };
  const forward = () => {
    to(read(state) + 1);
    if (read(state) >= last()) stop();
    show();
  };
  const press = (name, can, move) => {
    const button = node("button", { type: "button", textContent: name });
    button.addEventListener("click", () => can() && move());
    return { button, can };
  };
  const play = () => {
    if (timer) {
      stop();
      show();
      return;
    }
    to(read(state) >= last() ? min : read(state) + 1);
    timer = setInterval(forward, wait);
    show();
  };
  const each = [
    press(names[0], () => !locked(state) && read(state) > min, () => to(read(state) - 1)),
    press(names[1], () => !locked(state) && last() > min, play),
    press(names[2], () => !locked(state) && read(state) < last(), () => to(read(state) + 1)),
  ];
  const show = () => {
    if (timer && !moving) stop();
    for (const { button, can } of each) button.ariaDisabled = String(!can());
    each[1].button.textContent = timer ? "stop" : names[1];
  };
  return { element: node("span", { className: "kit-player" }, ...each.map(({ button }) => button)), show, close: stop };
};

export const choice = (name, path, options, { locked = () => false } = {}) => (state, set) => {
  const { read, write } = place(path);
  const select = node("select", { ariaLabel: name }, ...options.map(([, label]) => node("option", { textContent: label })));
  select.addEventListener("change", () => set(write(state, options[select.selectedIndex][0])));
  return {
    element: node("label", { className: "kit-choice" }, node("span", { textContent: name }), select),
    show: () => {
      select.selectedIndex = options.findIndex(([value]) => value === read(state));
      select.disabled = locked(state);
    },
  };
};

// One button per option, all in sight. The one that is chosen stays pressed; the choice can change until it is locked.
export const buttons = (name, path, options, { locked = () => false } = {}) => (state, set) => {
  const { read, write } = place(path);
  const each = options.map((option) => {
    const button = node("button", { type: "button", textContent: option });
    button.addEventListener("click", () => locked(state) || set(write(state, option)));
    return button;
  });
  return {
    element: node("fieldset", { className: "kit-buttons" }, node("legend", { textContent: name }), ...each),
    show: () => each.forEach((button, i) => {
      button.ariaPressed = String(options[i] === read(state));
      button.ariaDisabled = String(locked(state));
    }),
  };
};

export const toggle = (name, path, { locked = () => false } = {}) => (state, set) => {
  const { read, write } = place(path);
  const input = node("input", { type: "checkbox" });
  input.addEventListener("change", () => set(write(state, input.checked)));
  return {
    element: node("label", { className: "kit-toggle" }, input, node("span", { textContent: name })),
    show: () => {
      input.checked = read(state);
      input.disabled = locked(state);
    },
  };
};

// A field for a number. What is typed halfway, or out of bounds, is not taken, and the field says so.
export const entry = (name, path, { min, max, step }) => (state, set) => {
  const { read, write } = place(path);
  const input = node("input", { type: "number", min, max, step });
  const problem = node("span", { className: "kit-problem" });
  input.addEventListener("input", () => {
    const { valid, stepMismatch, badInput } = input.validity;
    problem.textContent = valid ? "" : stepMismatch ? `not taken: steps of ${step}` : `not taken: ${min} to ${max}`;
    if (valid && !badInput && input.value !== "") set(write(state, Number(input.value)));
  });
  return {
    element: node("label", { className: "kit-entry" }, node("span", { textContent: name }), input, problem),
    show: () => {
      if (Number(input.value) === read(state) && input.value !== "") return;
      input.value = read(state);
      problem.textContent = "";
    },
  };
};

// A button whose `step(state)` says what changes; null where it can do nothing. A `key` presses it from anywhere in the widget.
export const action = (name, step, { key = null } = {}) => (state, set) => {
  const button = node("button", { type: "button", ariaKeyShortcuts: key, textContent: typeof name === "function" ? name(state) : name });
  button.addEventListener("click", () => set(step(state) ?? {}));
  return {
    element: button,
    key,
    show: () => {
      if (typeof name === "function") button.textContent = name(state);
      button.ariaDisabled = String(step(state) === null);
    },
  };
};

// ---- the way out to JupyterLab, which takes its shortcuts before the page sees them, except from marked elements

const isForTheLab = ({ key, shiftKey, ctrlKey, metaKey }) =>
  (key === "Enter" && (shiftKey || ctrlKey)) || ((ctrlKey || metaKey) && key.toLowerCase() === "s");

// Esc gives the focus back to the notebook's cell; what runs a cell or saves is let through to JupyterLab.
const openDoor = (root) => {
  const leave = () => {
    const cell = root.closest(".jp-Cell");
    if (cell) cell.focus();
    else document.activeElement.blur();
  };
  const hear = (event) => {
    const { target } = event;
    if (!root.contains(target)) return;
    if (event.key === "Escape") leave();
    if (!isForTheLab(event) || !root.closest(".jp-Cell")) return;
    if (event.key === "Enter") leave(); // the shortcut wants the focus in the notebook itself
    const marked = target.dataset.lmSuppressShortcuts;
    delete target.dataset.lmSuppressShortcuts;
    setTimeout(() => marked && Object.assign(target.dataset, { lmSuppressShortcuts: marked }));
  };
  window.addEventListener("keydown", hear, { capture: true }); // before JupyterLab, which listens on the document
  return () => window.removeEventListener("keydown", hear, { capture: true });
};

// ---- the stage

export const lineKey = (kind) => markup`<svg class="kit-key" viewBox="0 0 22 10" aria-hidden="true">${line(1, 5, 21, 5, kind)}</svg>`;
export const markKey = (colour, options) => markup`<svg class="kit-key" viewBox="-11 -5 22 10" aria-hidden="true">${mark(0, 0, colour, options)}</svg>`;
export const barKey = (colour) => markup`<svg class="kit-key" viewBox="0 0 22 10" aria-hidden="true">${bar(4, 1, 14, colour)}</svg>`;
const explained = ([key, words]) => markup`<span>${key}${words}</span>`;
const number = ([name, value, key]) => markup`<div><dt>${key}${name}</dt><dd>${value}</dd></div>`;

// Make a widget: a hint what to try (or a function of the state that tells it), its controls, and what `draw(state, prepared)` returns:
// { figures: [drawing], numbers: [[name, text, key]], legend: [[key, words]], say: "one sentence" }; a key is a drawing
// that shows which line or mark a number or some words belong to. `prepare(state)` runs once, before `controls(state, prepared)`.
// `restart(state)` is what reset changes; null where an answer must stay.
export const stage = ({ title, hint, controls = () => [], watch = [], prepare = () => null, restart = ({ _start }) => _start, draw }) => ({
  initialize({ model }) {
    keepSaved(model.widget_manager);
  },
  render({ model, el }) {
    const state = new Proxy({}, { get: (_, trait) => model.get(trait) });
    const traits = [...Object.keys(state._start), ...watch];
    const prepared = prepare(state);
    let quiet = false;
    const set = (patch) => {
      quiet = true; // several traits, one picture
      for (const [trait, value] of Object.entries(patch)) model.set(trait, value);
      quiet = false;
      show();
      model.save_changes();
    };

    const made = controls(state, prepared).map((make) => make(state, set));
    const body = node("div", { className: "kit-body" });
    const sentence = node("p", { className: "kit-say" });
    const status = node("p", { className: "kit-hidden", role: "status" });
    const reset = action("reset", restart)(state, set);
    const projector = node("button", { type: "button", textContent: "projector", ariaPressed: "false" });
    const root = node(
      "div",
      { className: "kit", role: "group", ariaLabel: title },
      node("p", { className: "kit-hint" }, node("b", { textContent: title }), ` ${typeof hint === "function" ? hint(state) : hint}`),
      node("div", { className: "kit-controls" }, ...made.map(({ element }) => element)),
      body, sentence, status,
      node("div", { className: "kit-tools" }, reset.element, projector),
    );
    root.addEventListener("keydown", ({ key, ctrlKey, altKey, metaKey }) => {
      const pressed = !ctrlKey && !altKey && !metaKey && made.find((control) => control.key === key.toUpperCase());
      if (!pressed) return;
      pressed.element.focus(); // a slider that is locked now would lose the focus to nowhere, and the keys with it
      pressed.element.click();
    });
    projector.addEventListener("click", () => {
      projector.ariaPressed = String(root.classList.toggle("kit-projector"));
    });
    body.addEventListener("click", ({ target }) => {
      const picked = target.closest("[data-set]");
      if (picked) set(JSON.parse(picked.dataset.set));
    });

    let timer;
    const show = () => {
      if (quiet) return;
      for (const control of [...made, reset]) control.show();
      const { figures = [], numbers = [], legend = [], say = "" } = draw(state, prepared);
      body.innerHTML = source([numbers.length > 0 && markup`<dl>${numbers.map(number)}</dl>`, figures,
        legend.length > 0 && markup`<p class="kit-legend">${legend.map(explained)}</p>`]);
      if (sentence.textContent === say) return;
      if (sentence.textContent) { // spoken once the hand rests; nothing at the start
        clearTimeout(timer);
        timer = setTimeout(() => { status.textContent = say; }, 400);
      }
      sentence.textContent = say;
    };
    for (const trait of traits) model.on(`change:${trait}`, show);
    show();
    el.append(root);
    const closeDoor = openDoor(root);
    return () => {
      closeDoor();
      clearTimeout(timer);
      for (const { close } of made) close?.();
      for (const trait of traits) model.off(`change:${trait}`, show);
    };
  },
});
