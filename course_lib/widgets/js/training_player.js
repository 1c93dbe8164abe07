import { action, figure, fixed, line, mark, scale, slider, stage } from "./kit.js";

// A square that holds all pictures, so that nothing jumps between them.
export const reach = (frames) => Math.max(1e-3, ...frames.flat(2).map(Math.abs));

const picture = (points, groups, far) => {
  const x = scale([-far, far], [6, 194]);
  const y = scale([-far, far], [194, 6]);
  return figure("Every user's embedding in the plane, a shape and a colour for each taste", 200, 200,
    line(6, y(0), 194, y(0)), line(x(0), 6, x(0), 194),
    points.map(([a, b], u) => mark(x(a), y(b), groups[u], { size: 3 })),
  );
};

// While it trains, the latest picture is shown, whatever epoch was chosen before.
export const shownEpoch = ({ epoch, playing, frames }) => (playing ? frames.length - 1 : Math.min(epoch, frames.length - 1));

export default stage({
  title: "Embeddings in training",
  hint: "Take the epochs back to 0 and forward again. Nobody tells the model about tastes.",
  watch: ["frames"],
  controls: () => [
    slider("epoch", "epoch", { min: 0, max: ({ frames }) => frames.length - 1, now: shownEpoch, locked: ({ playing }) => playing }),
    action(({ playing }) => (playing ? "pause" : "train on"), ({ playing, frames, epochs, _kernel }) =>
      !_kernel || (!playing && frames.length > epochs) ? null : { playing: !playing, epoch: frames.length - 1 }),
  ],
  draw(state) {
    const { frames, figures, groups, epochs, playing, _kernel } = state;
    const shown = shownEpoch(state);
    const [loss, same, other] = figures[shown];
    return {
      figures: [picture(frames[shown], groups, reach(frames))],
      numbers: [
        ["epoch", `${shown} of ${epochs}`],
        ["loss", loss === null ? "–" : fixed(loss, 3)],
        ["cosine, same taste", fixed(same)],
        ["cosine, different tastes", fixed(other)],
      ],
      say: playing ? "Training …"
        : shown === 0 ? "The start: random vectors, no tastes."
          : same - other < 0.3 ? "Still mixed: the same taste is hardly nearer than another."
            : `Users of one taste have met${_kernel || frames.length > epochs ? "" : "; a page without a kernel plays what was recorded"}.`,
    };
  },
});
