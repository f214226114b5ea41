/** A chart of pairs of models: ρ on one side against ρ on the other, with intervals. */

/** Symbols of the categories of pairs, which colours alone do not tell. */
const SYMBOL_OF = /** @type {Record<string, string>} */ ({
  seeds: "square", "same family": "circle", "different families": "diamond", control: "cross",
});
const COLOUR_OF = /** @type {Record<string, string>} */ ({
  seeds: "#009E73", "same family": "#0072B2", "different families": "#D55E00", control: "#8C8C8C",
});
/** Pairs that are named in the chart: those without a control that differ most. */
const NAMED_PAIRS = 6;
/** Pairs up to which all intervals are drawn; of more, that of the chosen pair alone. */
const MOST_INTERVALS = 300;

/**
 * Vega's description of the chart.
 *
 * @param {(import("./comparison.js").SharedPair & {name: string, tip: string, chosen: boolean})[]} pairs that differ most first
 * @param {object} look
 * @param {number} look.size pixels of a side
 * @param {[string, string]} look.titles of the sides
 * @param {{ink: string, soft: string, line: string, accent: string}} look.colours
 * @returns {any}
 */
export function scatterOfPairs(pairs, { size, titles, colours }) {
  const named = new Set(pairs.filter((pair) => pair.category !== "control").slice(0, NAMED_PAIRS));
  const values = pairs.map((pair, i) => ({
    i, tip: pair.tip, chosen: pair.chosen, category: pair.category,
    name: pair.chosen || named.has(pair) ? pair.name : "",
    x: pair.first.rho, xLow: pair.first.low, xHigh: pair.first.high,
    y: pair.second.rho, yLow: pair.second.low, yHigh: pair.second.high,
  }));
  const there = values.filter(({ x, y }) => x !== null && y !== null);
  const ends = there.flatMap(({ x, y, xLow, yLow }) => [x, y, xLow, yLow]).filter((value) => value !== null);
  const least = Math.min(0, ...ends) - 0.03;
  const categories = Object.keys(SYMBOL_OF).filter((category) => there.some((pair) => pair.category === category));
  const rule = (/** @type {any} */ encoding) => ({
    type: "rule", from: { data: "intervals" }, interactive: false,
    encode: { update: { ...encoding, stroke: { scale: "colour", field: "category" }, opacity: { signal: "datum.chosen ? 0.9 : 0.28" } } },
  });
  const axis = (/** @type {string} */ scale, /** @type {string} */ orient, /** @type {string} */ title) => ({
    scale, orient, title: `ρ, ${title}`, titleLimit: size, grid: true, tickCount: 5, domain: false,
  });
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    width: size, height: size, padding: 4,
    // of thousands of pairs intervals would cover everything
    data: [{ name: "pairs", values: there }, { name: "intervals", values: there.filter(({ chosen }) => chosen || there.length <= MOST_INTERVALS) }],
    scales: [
      { name: "x", domain: [least, 1.02], range: [0, size], zero: false, nice: false },
      { name: "y", domain: [least, 1.02], range: [size, 0], zero: false, nice: false },
      { name: "colour", type: "ordinal", domain: categories, range: categories.map((category) => COLOUR_OF[category]) },
      { name: "symbol", type: "ordinal", domain: categories, range: categories.map((category) => SYMBOL_OF[category]) },
    ],
    axes: [axis("x", "bottom", titles[0]), axis("y", "left", titles[1])],
    legends: [{ fill: "colour", stroke: "colour", shape: "symbol", orient: "bottom", direction: "horizontal", columns: size > 380 ? 4 : 2, symbolSize: 70, offset: 8 }],
    marks: [
      {
        type: "rule", interactive: false,
        encode: {
          enter: {
            x: { scale: "x", value: least }, y: { scale: "y", value: least }, x2: { scale: "x", value: 1 }, y2: { scale: "y", value: 1 },
            stroke: { value: colours.soft }, strokeDash: { value: [5, 4] },
          },
        },
      },
      rule({ x: { scale: "x", field: "xLow" }, x2: { scale: "x", field: "xHigh" }, y: { scale: "y", field: "y" } }),
      rule({ x: { scale: "x", field: "x" }, y: { scale: "y", field: "yLow" }, y2: { scale: "y", field: "yHigh" } }),
      {
        type: "symbol", name: "points", from: { data: "pairs" },
        encode: {
          update: {
            x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" },
            shape: { scale: "symbol", field: "category" }, fill: { scale: "colour", field: "category" },
            size: { signal: "datum.chosen ? 190 : 70" }, stroke: { value: colours.ink }, strokeWidth: { signal: "datum.chosen ? 2.2 : 0" },
            cursor: { value: "pointer" }, tooltip: { field: "tip" },
          },
          hover: { stroke: { value: colours.accent }, strokeWidth: { value: 2.5 } },
        },
      },
      {
        type: "text", from: { data: "points" }, interactive: false,
        encode: { enter: { text: { field: "datum.name" }, fill: { value: colours.ink }, fontSize: { value: 11 } } },
        transform: [{
          type: "label", size: { signal: "[width, height]" },
          anchor: ["right", "left", "top", "bottom", "top-right", "bottom-right", "top-left", "bottom-left"], offset: [4],
        }],
      },
    ],
  };
}
