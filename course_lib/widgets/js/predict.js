import { action, choice, figure, fixed, line, mark, scale, slider, stage, text } from "./kit.js";

const shown = (value) => (typeof value === "string" ? value : fixed(value, 3));

// Guess and truth on one line of numbers.
const ruler = (low, high, guess, truth) => {
  const x = scale([Math.min(low, truth), Math.max(high, truth)], [20, 280]);
  return figure("The guess, a square, and the truth, a circle", 300, 44,
    line(20, 22, 280, 22, "ink"),
    [low, high].map((end) => [line(x(end), 18, x(end), 26, "ink"), text(x(end), 40, fixed(end, 2), { kind: "small" })]),
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
      : slider("your guess", "guess", { min: low, max: high, step, show: (value) => fixed(value, 2), locked: ({ locked }) => locked }),
    action("lock it in", ({ locked }) => (locked ? null : { locked: true })),
  ],
  draw({ options, low, high, guess, locked, truth }) {
    const open = locked && truth !== null;
    return {
      figures: open && !options.length ? [ruler(low, high, guess, truth)] : [],
      numbers: [["you", locked ? shown(guess) : "not locked yet"], ...(open ? [["it is", shown(truth)]] : [])],
      say: !locked ? "Choose, then lock: a wrong guess that stands there teaches most."
        : truth === null ? "Locked. The truth comes with a later cell."
          : !options.length ? `You were off by ${fixed(Math.abs(guess - truth), 3)}.`
            : guess === truth ? "You saw it coming." : "Not what you expected. Why?",
    };
  },
});
