/**
 * The distribution of a pair's similarity over the images, with that of maps of different images, for Vega-Lite.
 */

/**
 * @param {object} pair
 * @param {number[]} pair.observed share of the images in each bin
 * @param {number[] | null} pair.chance share of the pairs of different images in each bin
 * @param {[number, number]} pair.range of all bins
 * @param {{title: string, value: number}[]} pair.marks
 * @param {[number, number] | null} pair.chosen similarities that are chosen
 * @param {number} pair.images
 * @param {number} pair.width pixels
 * @param {number} pair.height
 * @param {{ink: string, soft: string, warm: string, accent: string}} pair.page
 * @returns {object}
 */
export function pairPicture({ observed, chance, range: [low, high], marks, chosen, images, width, height, page }) {
  const wide = (high - low) / observed.length;
  const bins = (/** @type {number[]} */ shares) =>
    shares.map((share, i) => ({ from: low + i * wide, to: low + (i + 1) * wide, share, count: Math.round(share * images) }));
  const x = { field: "from", type: "quantitative", title: "similarity of the two maps of an image", scale: { domain: [low, high], nice: false }, axis: { tickCount: 8 } };
  const y = { field: "share", type: "quantitative", title: "share of images", axis: { format: ".0%", tickCount: 4 } };
  const text = (/** @type {string} */ what) =>
    `format(datum.from, '.2f') + ' to ' + format(datum.to, '.2f') + '\\n' + ${what}`;
  return {
    width, height, padding: { left: 2, right: 8, top: 20, bottom: 2 },
    layer: [
      {
        data: { values: bins(observed) },
        transform: [{ calculate: text("datum.count + ' images'"), as: "tip" }],
        params: [
          {
            name: "range",
            select: { type: "interval", encodings: ["x"], mark: { fill: page.warm, fillOpacity: 0.12, stroke: page.warm } },
            ...(chosen ? { value: { x: chosen } } : {}),
          },
        ],
        mark: { type: "bar", binSpacing: 1 },
        encoding: { x: { ...x, bin: "binned" }, x2: { field: "to" }, y, tooltip: { field: "tip" }, color: { value: page.accent } },
      },
      ...(chance
        ? [
            {
              data: { values: [...bins(chance), { from: high, to: high, share: 0, count: 0 }] },
              mark: { type: "line", interpolate: "step-after", strokeWidth: 2, strokeDash: [4, 2] },
              encoding: { x, y, color: { value: page.ink } },
            },
          ]
        : []),
      {
        data: { values: marks },
        mark: { type: "rule", strokeWidth: 1.5 },
        encoding: { x: { field: "value", type: "quantitative" }, color: { value: page.ink } },
      },
      // side by side, so that they can be read where their lines are close
      ...marks.map((mark) => ({
        data: { values: [mark] },
        mark: {
          type: "text", baseline: "bottom", fontSize: 11, fontWeight: 600, dy: -4,
          ...(marks.some((other) => other.value > mark.value) ? { align: "right", dx: 3 } : { align: "left", dx: -3 }),
        },
        encoding: { x: { field: "value", type: "quantitative" }, y: { value: 0 }, text: { field: "title" }, color: { value: page.ink } },
      })),
    ],
  };
}
