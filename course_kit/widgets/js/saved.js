// JupyterLab saves the state of widgets that have a kernel, and of no others: a notebook that was opened again and not run
// loses all of its widgets at the second save. Here the states on file stay as long as an output shows their widgets.

const STATE = "application/vnd.jupyter.widget-state+json";
const VIEW = "application/vnd.jupyter.widget-view+json";

// `states`, and those of `saved` that one of `ids` needs: its own, and of what it is made of, such as its layout.
export const withSaved = (states, saved, ids) => {
  const all = { ...states };
  const keep = (id) => {
    if (all[id] || !saved[id]) return;
    all[id] = saved[id];
    for (const [, part] of JSON.stringify(saved[id]).matchAll(/"IPY_MODEL_(\w+)"/g)) keep(part);
  };
  for (const id of ids) keep(id);
  return all;
};

// Once for each notebook, by the first of its widgets.
export const keepSaved = (manager) => {
  const notebook = manager?.context?.model;
  if (!notebook?.getMetadata || !manager.get_state_sync || Object.hasOwn(manager, "get_state_sync")) return;
  const live = manager.get_state_sync.bind(manager);
  manager.get_state_sync = (options) => {
    const now = live(options);
    const outputs = notebook.toJSON().cells.flatMap((cell) => cell.outputs ?? []);
    const shown = outputs.map((output) => output.data?.[VIEW]?.model_id).filter(Boolean);
    return { ...now, state: withSaved(now.state, notebook.getMetadata("widgets")?.[STATE]?.state ?? {}, shown) };
  };
};
