/**
 * All pairs on the scale of their quantity, for Vega-Lite: the key of the matrix's colours, with chance and ceiling.
 */

/** Steps of the bar of colours. */
const BAR_STEPS = 60;

/**
 * @param {object} strip
 * @param {{category: string, value: number, row: number}[]} strip.pairs
 * @param {string[]} strip.categories in their order
 * @param {{low: number, high: number}} strip.scale
 * @param {{title: string, value: number}[]} strip.marks
 * @param {(value: number) => string} strip.colours
 * @param {string} strip.title of the axis
 * @param {number} strip.width pixels
 * @param {number} strip.height
 * @param {{ink: string, soft: string, warm: string, accent: string}} strip.page
 * @returns {object}
 */
export function stripPicture({ pairs, categories, scale, marks, colours, title, width, height, page }) {
  const { low, high } = scale;
  const steps = Array.from({ length: BAR_STEPS }, (_, i) => {
    const from = low + ((high - low) * i) / BAR_STEPS;
    return { from, to: low + ((high - low) * Math.min(i + 1.3, BAR_STEPS)) / BAR_STEPS, fill: colours(from + (high - low) / BAR_STEPS / 2) };
  });
  const y = { field: "value", type: "quantitative", title, scale: { domain: [low, high], nice: false, zero: false } };
  return {
    width, height, autosize: { type: "fit-x", contains: "padding" }, padding: { left: 2, right: 4, top: 8, bottom: 2 },
    params: [{ name: "hot", value: null }],
    layer: [
      {
        data: { values: steps },
        mark: { type: "rect", stroke: null, aria: false },
        encoding: {
          x: { value: 0 }, x2: { value: 16 },
          y: { field: "from", type: "quantitative", title }, y2: { field: "to" },
          fill: { field: "fill", type: "nominal", scale: null },
        },
      },
      {
        data: { values: pairs },
        mark: { type: "tick", orient: "horizontal", thickness: 2, bandSize: 30, cursor: "pointer" },
        encoding: {
          x: { field: "category", type: "nominal", sort: categories, title: null, scale: { domain: categories, range: [26, { expr: "width" }] }, axis: { labelAngle: 0, labelLimit: 74, labelFontSize: 10, ticks: false, domain: false, labelExpr: "split(datum.label, ' ')" } },
          y,
          color: { condition: { test: "hot === datum.row", value: page.warm }, value: page.accent },
          opacity: { condition: { test: "hot === datum.row", value: 1 }, value: pairs.length > 1000 ? 0.08 : pairs.length > 200 ? 0.3 : 0.65 },
          strokeWidth: { condition: { test: "hot === datum.row", value: 5 }, value: 2 },
          tooltip: { field: "row" },
        },
      },
      {
        data: { values: marks },
        mark: { type: "rule", strokeDash: [5, 3], strokeWidth: 1.5 },
        encoding: { x: { value: 0 }, x2: { value: "width" }, y, color: { value: page.ink } },
      },
      {
        data: { values: marks },
        mark: { type: "text", align: "left", dx: 5, fontSize: 11, fontWeight: 600, clip: false },
        encoding: { x: { value: "width" }, y, text: { field: "title" }, color: { value: page.ink } },
      },
    ],
  };
}
