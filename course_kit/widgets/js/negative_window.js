import { axisX, axisY, bar, barKey, figure, fixed, line, lineKey, markup, range, scale, slider, stage, sum } from "./kit.js";

// Share of positives to come in bands low … high − 1, from [positives to come, items] of each band.
export const falseShare = (bands, low, high) => {
  const inside = bands.slice(low, high);
  const items = sum(inside.map(([, count]) => count));
  return items ? sum(inside.map(([come]) => come)) / items : NaN;
};

const picture = ({ false_negatives: bands }, low, high, all) => {
  const x = scale([0, 100], [34, 320]);
  const shares = range(bands.length).map((i) => 100 * falseShare(bands, i, i + 1)).map((share) => (Number.isFinite(share) ? share : 0));
  const top = Math.ceil(Math.max(...shares) / 10) * 10;
  const y = scale([0, top], [118, 10]);
  const step = 100 / bands.length;
  return figure("Share of positives to come among the negatives, over the ranking by visits, in percent", 330, 146,
    markup`<rect x="${x(low * step)}" y="10" width="${x(high * step) - x(low * step)}" height="108" class="pale"/>`,
    axisX(x, [0, 25, 50, 75, 100], 118, "rank by visits, in percent of the catalogue"),
    axisY(y, [0, top / 2, top], 34),
    shares.map((share, i) => bar(x(i * step) + 1, y(share), x(step) - x(0) - 2, i >= low && i < high ? 3 : 5, 118 - y(share))),
    line(34, y(100 * all), 320, y(100 * all), "dashed ink"),
    [low, high].map((end) => line(x(end * step), 10, x(end * step), 118, "ink bold")),
  );
};

export default stage({
  title: "The window of hard negatives",
  hint: "A generated world of 200 users and 120 items. Move the window away from the top. How many of its “negatives” are still positives to come?",
  controls: () => [
    slider("from", "low", { min: 0, max: 18, show: (band) => `${5 * band} %` }),
    slider("width", "width", { min: 1, max: 20, show: (bands, { low }) => `${Math.min(5 * bands, 100 - 5 * low)} %` }),
  ],
  draw(state) {
    const { false_negatives: bands, visits, low, width } = state;
    const high = Math.min(low + width, bands.length);
    const [here, all] = [falseShare(bands, low, high), falseShare(bands, 0, bands.length)];
    const outside = falseShare([...bands.slice(0, low), ...bands.slice(high)], 0, bands.length);
    const times = `${fixed(here / outside, 1)} times the share outside it`;
    const visited = sum(visits.slice(low, high)) / (sum(visits) || 1);
    return {
      figures: [picture(state, low, high, all)],
      legend: [
        [barKey(3), "positives to come in the window, in percent of its items"],
        [barKey(5), "outside it"],
      ],
      numbers: [
        ["window", `${5 * low} to ${5 * high} %`],
        ["positives to come", `${fixed(100 * here, 1)} %`],
        ["among all", `${fixed(100 * all, 1)} %`, lineKey("dashed ink")],
      ],
      say: Number.isNaN(outside) ? "The window holds everything that a user has not met."
        : here > 1.5 * outside ? `${low ? "Still many" : "The hardest are no negatives: many"} positives to come in the window, ${times}.`
          : here < 0.5 * outside ? `Clean, and easy: walks spend ${fixed(100 * visited, 0)} % of their visits here.`
            : `Positives to come: ${times}. Walks spend ${fixed(100 * visited, 0)} % of their visits here.`,
    };
  },
});
