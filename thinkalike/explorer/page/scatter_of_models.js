/** A chart of models in a plane, whose points are picked by a click and by a rectangle. */

/**
 * A model as a point.
 *
 * @typedef {object} ModelPoint
 * @property {number} model index
 * @property {string} name
 * @property {number} x
 * @property {number} y
 * @property {string} colour
 * @property {string} symbol Vega's name
 * @property {boolean} control
 * @property {boolean} chosen
 * @property {string} tip
 */

/**
 * Ranges of x and y that hold all points, equally long for each pixel, so that distances are true.
 *
 * @param {{x: number, y: number}[]} points
 * @param {number} width pixels
 * @param {number} height
 * @param {number} [margin] share of the range that is left free on each side
 * @returns {{x: [number, number], y: [number, number]}}
 */
export function equalRanges(points, width, height, margin = 0.09) {
  const ends = (/** @type {number[]} */ values) => [Math.min(...values), Math.max(...values)];
  const there = points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
  if (!there.length) return { x: [-1, 1], y: [-1, 1] };
  const [[left, right], [low, high]] = [ends(there.map((p) => p.x)), ends(there.map((p) => p.y))];
  const free = 1 - 2 * margin;
  const perPixel = Math.max((right - left) / width, (high - low) / height) / free || 1 / width;
  const around = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ pixels) =>
    /** @type {[number, number]} */ ([(from + to - pixels * perPixel) / 2, (from + to + pixels * perPixel) / 2]);
  return { x: around(left, right, width), y: around(low, high, height) };
}

/**
 * Points in a rectangle, of any two opposite corners.
 *
 * @template {{x: number, y: number}} P
 * @param {P[]} points
 * @param {[[number, number], [number, number]]} corners in the units of the points
 * @returns {P[]}
 */
export function pointsInside(points, [[x1, y1], [x2, y2]]) {
  const between = (/** @type {number} */ v, /** @type {number} */ p, /** @type {number} */ q) =>
    v >= Math.min(p, q) && v <= Math.max(p, q);
  return points.filter((point) => between(point.x, x1, x2) && between(point.y, y1, y2));
}

/**
 * Vega's description of the chart. Its signal `picked` holds the index of a model that was clicked, `drawn` two corners of
 * a rectangle that was drawn.
 *
 * @param {ModelPoint[]} points
 * @param {object} look
 * @param {number} look.width
 * @param {number} look.height
 * @param {[string, string]} look.axes titles
 * @param {{ink: string, line: string, accent: string, card: string}} look.colours
 * @returns {any}
 */
export function scatterOfModels(points, { width, height, axes, colours }) {
  const ranges = equalRanges(points, width, height);
  const many = points.length > 40;
  const position = { x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" } };
  const axis = (/** @type {string} */ scale, /** @type {string} */ orient, /** @type {string} */ title) => ({
    scale, orient, title, grid: true, ticks: false, labels: false, tickCount: 6, domain: false,
  });
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    width, height,
    padding: 4,
    signals: [
      { name: "picked", value: null, on: [{ events: "@models:click", update: "datum.model", force: true }] },
      {
        name: "corners", value: null,
        on: [
          { events: "view:pointerdown", update: "[xy(), xy()]" },
          { events: "[view:pointerdown, window:pointerup] > window:pointermove!", update: "corners && [corners[0], [clamp(x(), 0, width), clamp(y(), 0, height)]]" },
          { events: { signal: "drawn" }, update: "null" },
        ],
      },
      {
        name: "drawn", value: null,
        on: [{
          events: "window:pointerup", force: true,
          update: "corners && (abs(corners[0][0] - corners[1][0]) > 6 || abs(corners[0][1] - corners[1][1]) > 6)"
            + " ? [[invert('x', corners[0][0]), invert('y', corners[0][1])], [invert('x', corners[1][0]), invert('y', corners[1][1])]] : null",
        }],
      },
    ],
    data: [{ name: "points", values: points }],
    scales: [
      { name: "x", domain: ranges.x, range: [0, width], zero: false, nice: false },
      { name: "y", domain: ranges.y, range: [height, 0], zero: false, nice: false },
    ],
    axes: [axis("x", "bottom", axes[0]), axis("y", "left", axes[1])],
    marks: [
      {
        type: "symbol", name: "models", from: { data: "points" },
        encode: {
          update: {
            ...position,
            shape: { field: "symbol" },
            size: { signal: many ? "datum.chosen ? 130 : 60" : "datum.chosen ? 260 : 140" },
            fill: [{ test: "datum.control", value: colours.card }, { field: "colour" }],
            stroke: [{ test: "datum.chosen", value: colours.ink }, { field: "colour" }],
            strokeWidth: { signal: "datum.chosen ? 2.5 : 1.5" },
            cursor: { value: "pointer" },
            tooltip: { field: "tip" },
          },
          hover: { stroke: { value: colours.accent }, strokeWidth: { value: 3 } },
        },
      },
      {
        type: "text", name: "names", from: { data: "models" }, interactive: false,
        encode: {
          enter: {
            text: { field: "datum.name" }, fill: { value: colours.ink }, fontSize: { value: many ? 10 : 12 },
            fontWeight: { signal: "datum.datum.chosen ? 'bold' : 'normal'" },
          },
        },
        transform: [{
          type: "label", size: { signal: "[width, height]" }, avoidMarks: ["models"],
          anchor: ["right", "left", "top", "bottom", "top-right", "bottom-right", "top-left", "bottom-left"],
          offset: [4],
        }],
      },
      {
        type: "rect", interactive: false,
        encode: {
          update: {
            x: { signal: "corners ? corners[0][0] : 0" }, x2: { signal: "corners ? corners[1][0] : 0" },
            y: { signal: "corners ? corners[0][1] : 0" }, y2: { signal: "corners ? corners[1][1] : 0" },
            fill: { value: colours.accent }, fillOpacity: { value: 0.15 },
            stroke: { value: colours.accent }, strokeDash: { value: [4, 3] },
            opacity: { signal: "corners ? 1 : 0" },
          },
        },
      },
    ],
  };
}
