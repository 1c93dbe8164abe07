import { action, figure, fixed, line, mark, player, scale, slider, stage } from "./kit.js";

// A square that holds all pictures, so that nothing jumps between them.
export const reach = (frames) => frames.reduce((far, points) => Math.max(far, ...points.map(Math.abs)), 1e-3);

// What there is to play: the kernel sends each new picture alone, and all of them when it pauses.
export const recorder = (state) => {
  let frames, figures, far;
  const take = (all, measures) => {
    [frames, figures, far] = [all, measures, reach(all)];
  };
  take(state.frames, state.figures);
  return () => {
    if (state.frames.length > frames.length) take(state.frames, state.figures);
    const [number, points, measure] = state.newest;
    if (number === frames.length) [frames, figures, far] = [[...frames, points], [...figures, measure], Math.max(far, reach([points]))];
    return { frames, figures, far };
  };
};

const picture = (points, groups, far) => {
  const x = scale([-far, far], [6, 194]);
  const y = scale([-far, far], [194, 6]);
  return figure("Every user's embedding in the plane, a shape and a colour for each taste", 200, 200,
    line(6, y(0), 194, y(0)), line(x(0), 6, x(0), 194),
    groups.map((group, u) => mark(x(points[2 * u]), y(points[2 * u + 1]), group, { size: 3 })), // points: x, y, x, …
  );
};

// While it trains, the latest picture is shown, whatever epoch was chosen before.
export const shownEpoch = ({ epoch, playing }, last) => (playing ? last : Math.min(epoch, last));

export default stage({
  title: "Embeddings in training",
  hint: "A mark is a user, its shape and colour her taste, which the model is not told. Take the epochs back to 0 and forward again.",
  watch: ["frames", "newest"],
  prepare: recorder,
  controls: (_, recorded) => {
    const last = () => recorded().frames.length - 1;
    return [
      slider("epoch", "epoch", { min: 0, max: last, now: (state) => shownEpoch(state, last()), locked: ({ playing }) => playing }),
      player("epoch", { max: last, wait: 120, now: (state) => shownEpoch(state, last()), locked: ({ playing }) => playing }),
      action(({ playing, epochs }) => (playing ? "pause training" : last() >= epochs ? "trained to the end" : "train on"), ({ playing, epochs, _kernel }) =>
        !_kernel || (!playing && last() >= epochs) ? null : { playing: !playing, epoch: last() }),
    ];
  },
  draw(state, recorded) {
    const { groups, epochs, playing, _kernel } = state;
    const { frames, figures, far } = recorded();
    const shown = shownEpoch(state, frames.length - 1);
    const [loss, same, other] = figures[shown];
    return {
      figures: [picture(frames[shown], groups, far)],
      numbers: [
        ["epoch", `${shown} of ${epochs}`],
        ["loss", fixed(loss, 3)],
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
