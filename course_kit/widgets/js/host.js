// Stands in for a notebook's front end in a page without a kernel: each `data-widget` gets the model of that id.

class Model {
  constructor(state) {
    this.state = { ...state, _kernel: false };
    this.listeners = {};
  }
  get(trait) {
    return this.state[trait];
  }
  set(trait, value) {
    this.state[trait] = value;
    for (const listener of this.listeners[`change:${trait}`] ?? []) listener();
  }
  on(event, listener) {
    this.listeners[event] ??= new Set();
    this.listeners[event].add(listener);
  }
  off(event, listener) {
    this.listeners[event]?.delete(listener);
  }
  save_changes() {}
  send() {}
}

const { modules, styles, models } = JSON.parse(document.getElementById("widgets").textContent);
for (const style of styles) document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
const imports = modules.map((text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" }))));
const live = Object.fromEntries(Object.entries(models).map(([id, { module, state }]) => [id, { module, model: new Model(state) }]));
for (const el of document.querySelectorAll("[data-widget]")) {
  const { module, model } = live[el.dataset.widget];
  el.model = model; // for whoever scripts the page
  imports[module].then((loaded) => loaded.default.render({ model, el }));
}
