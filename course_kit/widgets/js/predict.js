import { action, choice, figure, line, mark, scale, slider, stage, text } from "./kit.js";

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

export default stage({
  title: "Predict",
  hint: ({ question }) => question,
  watch: ["truth"],
  controls: ({ options, low, high, step }) => [
    options.length
      ? choice("your guess", "guess", options.map((option) => [option, option]), { locked: ({ locked }) => locked })
      : slider("your guess", "guess", { min: low, max: high, step, show: shown, locked: ({ locked }) => locked }),
    action("lock it in", ({ locked, guess }) => (locked || guess === null ? null : { locked: true })),
  ],
  draw({ options, low, high, guess, locked, truth }) {
    const open = locked && truth !== null;
    return {
      figures: open && !options.length ? [ruler(low, high, guess, truth)] : [],
      numbers: [["you", locked ? shown(guess) : "not locked yet"], ...(open ? [["it is", shown(truth)]] : [])],
      say: !locked ? "Choose, then lock: a wrong guess that stands there teaches most."
        : truth === null ? "Locked. The truth comes with a later cell."
          : !options.length ? `You were off by ${shown(Math.abs(guess - truth))}.`
            : guess === truth ? "You saw it coming." : "Not what you expected. Why?",
    };
  },
});
