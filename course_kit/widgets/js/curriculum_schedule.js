import { axisX, axisY, bar, barKey, curve, figure, fixed, line, lineKey, mark, player, range, scale, slider, stage, text } from "./kit.js";

const EPOCHS = 20;

// Hard negatives at an epoch, and their shares (of the set, of the push) beside `shared` easy ones `gap` below the positive.
export const schedule = (epoch, shared, gap) => {
  const hard = epoch - 1;
  const easyPush = shared / (1 + Math.exp(gap));
  return { hard, ofSet: hard / (shared + hard), ofPush: hard / 2 / (easyPush + hard / 2) };
};

// Two wholes of the same length, and the part of the hard negatives in each.
const parts = (ofSet, ofPush) => {
  const x = scale([0, 1], [0, 196]);
  return figure("All negatives of the epoch, and all of their push: the part of the hard ones in each", 330, 42, [
    ["negatives, counted", ofSet], ["their push", ofPush],
  ].map(([name, share], i) => [
    text(118, 20 * i + 14, name, { anchor: "end" }),
    bar(124, 20 * i + 4, x(1), 5, 13),
    bar(124, 20 * i + 4, x(share), 3, 13),
  ]));
};

const picture = (epoch, shared, gap) => {
  const epochs = range(EPOCHS).map((i) => i + 1);
  const all = epochs.map((n) => schedule(n, shared, gap));
  const x = scale([1, EPOCHS], [34, 320]);
  const y = scale([0, 100], [98, 20]);
  const now = schedule(epoch, shared, gap);
  return figure("Share of the hard negatives over the epochs, in percent", 330, 126,
    axisX(x, [1, 5, 10, 15, 20], 98, "epoch"), axisY(y, [0, 50, 100], 34), text(20, 11, "the part of the hard ones over the epochs, %", { anchor: "start", kind: "small" }),
    line(x(epoch), 20, x(epoch), 98, "ink"),
    curve(all.map(({ ofSet }, i) => [x(epochs[i]), y(100 * ofSet)]), "s1 bold"),
    curve(all.map(({ ofPush }, i) => [x(epochs[i]), y(100 * ofPush)]), "s0 bold dashed"),
    mark(x(epoch), y(100 * now.ofSet), 1), mark(x(epoch), y(100 * now.ofPush), 0),
  );
};

export default stage({
  title: "Harder, or more?",
  hint: "A negative teaches by its push, the size of its gradient. Press play: each epoch adds one hard negative to the many easy ones. Who teaches more?",
  controls: () => [
    slider("epoch", "epoch", { min: 1, max: EPOCHS }),
    player("epoch", { min: 1, max: EPOCHS }),
    slider("easy negatives score lower by", "gap", { min: 0, max: 10, step: 0.5, show: (gap) => fixed(gap, 1) }),
  ],
  draw({ epoch, gap, shared }) {
    const { hard, ofSet, ofPush } = schedule(epoch, shared, gap);
    return {
      figures: [parts(ofSet, ofPush), picture(epoch, shared, gap)],
      legend: [[barKey(3), "hard negatives"], [barKey(5), "easy negatives"]],
      numbers: [
        ["hard", `${hard}`],
        ["negatives in all", `${shared + hard}`],
        ["hard share of the set", `${fixed(100 * ofSet, 1)} %`, lineKey("s1 bold")],
        ["hard share of the push", `${fixed(100 * ofPush, 1)} %`, lineKey("s0 bold dashed")],
      ],
      say: hard === 0 ? "Epoch 1 has no hard negative: first learn what is easy."
        : `${hard} hard among ${shared + hard}: ${fixed(100 * ofSet, 1)} % of the set, ${fixed(100 * ofPush, 0)} % of what it teaches.`,
    };
  },
});
