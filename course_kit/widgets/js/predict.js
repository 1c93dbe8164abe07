import { action, buttons, figure, line, mark, scale, slider, stage, text } from "./kit.js";

const shown = (value) => (typeof value === "string" ? value : String(Number(value.toFixed(3))));

// Guess and truth on one line of numbers.
const ruler = (low, high, guess, truth) => {
  const ends = [Math.min(low, truth), Math.max(high, truth)];
  const x = scale(ends, [36, 284]);
  return figure("The guess, a square, and the truth, a circle", 320, 44,
    line(36, 22, 284, 22, "ink"),
    text(28, 25, shown(ends[0]), { anchor: "end", kind: "small" }), text(292, 25, shown(ends[1]), { anchor: "start", kind: "small" }),
    mark(x(guess), 22, 1, { size: 5 }), text(x(guess), 12, "you", { kind: "small" }),
    mark(x(truth), 22, 0, { size: 5 }), text(x(truth), 40, "it is", { kind: "small strong" }),
  );
};

// A share is said in percent, too.
const inWords = (value, { low, high }) => (low >= 0 && high <= 1 ? `${shown(value)}, or ${shown(100 * value)} %` : shown(value));
const middle = ({ guess, low, high, step }) => guess ?? low + step * Math.round((high - low) / step / 2);
const locked = (state) => state.locked;
const lock = (state) => (state.locked || state.guess === null ? null : { locked: true });

// What to do next, or how far off the guess was.
export const sentence = ({ options, guess, locked, truth }) => {
  if (!locked && truth !== null) return "No guess is locked yet. Lock one, and the result appears here.";
  if (guess === null) return options.length ? "Choose an answer, then lock it." : "Move the slider to your guess, then lock it.";
  if (!locked) return "Lock your guess (key L). A wrong guess that stands there teaches most.";
  if (truth === null) return "Locked. The truth appears here when you have run the cells below.";
  if (shown(guess) === shown(truth)) return "You saw it coming.";
  return options.length ? "Not what you expected. Why?" : `You were off by ${shown(Math.abs(guess - truth))}.`;
};

const predict = stage({
  title: "Predict",
  hint: ({ question }) => question,
  watch: ["truth"],
  controls: ({ options, low, high, step }) => [
    options.length
      ? buttons("your guess", "guess", options, { locked })
      : slider("your guess", "guess", {
        min: low, max: high, step, locked, now: middle,
        show: (value, state) => (state.guess === null ? "not chosen yet" : inWords(value, state)),
      }),
    action("lock it in", lock, { key: "L" }),
  ],
  restart: ({ locked, truth }) => (locked && truth !== null ? null : { guess: null, locked: false }),
  draw(state) {
    const { options, low, high, guess, locked, truth } = state;
    const open = locked && truth !== null;
    return {
      figures: open && !options.length ? [ruler(low, high, guess, truth)] : [],
      numbers: [["you", locked ? shown(guess) : "not locked yet"], ...(open ? [["it is", shown(truth)]] : [])],
      say: sentence(state),
    };
  },
});

// A student's copy of a lesson folds away what tells the outcome. It opens, once, when the guess is locked and the truth is
// there; JupyterLab may put the text into the page later than the widget.
export default {
  render(context) {
    const { model, el } = context;
    const opened = new WeakSet();
    const tell = () => {
      if (!model.get("locked") || model.get("truth") === null) return;
      for (const text of el.closest(".jp-Notebook")?.querySelectorAll("details.told") ?? []) {
        if (text.title !== model.get("question") || opened.has(text)) continue;
        opened.add(text);
        text.open = true;
      }
    };
    const watch = new MutationObserver(tell);
    const begin = setInterval(() => { // JupyterLab may make a widget long before it puts it into the page
      if (!el.isConnected) return;
      clearInterval(begin);
      const notebook = el.closest(".jp-Notebook");
      if (notebook) watch.observe(notebook, { childList: true, subtree: true });
      tell();
    }, 100);
    const close = predict.render(context);
    return () => {
      clearInterval(begin);
      watch.disconnect();
      close();
    };
  },
};
