/**
 * The points of a clustering as a chart in which a rectangle selects some of them.
 */

import { colour } from "./charts.js";
import { pointFacts } from "./cluster_points.js";

/** Okabe and Ito's colours and Vega's shapes: two marks for each cluster, so that neither has to be seen alone. */
const GROUP_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#7F7F7F"];
const GROUP_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left"];
/** Points from which on a canvas draws faster. */
const MANY = 600;

/** What points can be coloured by. */
export const COLOURED = [
  { key: "cluster", title: "cluster" },
  { key: "class", title: "class of the image" },
  { key: "predicted", title: "prediction" },
  { key: "model", title: "model" },
];

/**
 * Groups of the points in the order of their colours, with these and shapes.
 *
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Clustering} clustering
 * @param {import("./types.js").Results} result
 * @param {string} by a key of `COLOURED`
 * @returns {{names: string[], colours: string[], shapes: string[], of: string[]}} `of` each point
 */
export function pointGroups(study, clustering, result, by) {
  const facts = result.labels.map((_, point) => pointFacts(study, clustering, result, point));
  const of = facts.map((fact) => (by === "class" ? fact.class : by === "predicted" ? fact.predicted : by === "model" ? fact.modelName : fact.cluster));
  const clusters = result.clusters.map(({ title }) => title);
  const names = by === "cluster" || !by ? [...clusters, ...(of.includes("in none") ? ["in none"] : [])] : [...new Set(of)].sort(byNumberOrName);
  // shapes turn over more slowly than colours: as many pairs as there are products
  const turn = (/** @type {number} */ place) => (place + Math.floor(place / GROUP_COLOURS.length)) % GROUP_SHAPES.length;
  return {
    names, of,
    colours: names.map((name, place) => (name === "in none" ? "#999999" : GROUP_COLOURS[place % GROUP_COLOURS.length])),
    shapes: names.map((name, place) => (name === "in none" ? "stroke" : GROUP_SHAPES[turn(place)])),
  };
}

/** @param {string} one @param {string} other */
function byNumberOrName(one, other) {
  return Number(one) - Number(other) || (one < other ? -1 : 1);
}

/**
 * Chart for Vega-Lite. Its signal `box` is the rectangle, `chosen` the name of the group that stands out.
 *
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Clustering} clustering
 * @param {import("./types.js").Results} result
 * @param {object} options
 * @param {string} options.by a key of `COLOURED`
 * @param {import("./cluster_points.js").Box | null} options.box
 * @param {number | null} options.label cluster that stands out
 * @param {number} options.width
 * @param {number} options.height
 * @returns {{spec: any, renderer: "svg" | "canvas"}}
 */
export function scatterChart(study, clustering, result, { by, box, label, width, height }) {
  const { names, colours, shapes, of } = pointGroups(study, clustering, result, by);
  const values = result.x.flatMap((x, point) => {
    const fact = pointFacts(study, clustering, result, point);
    return x === null || result.y[point] === null
      ? []
      : [{ x, y: result.y[point], point, group: of[point], label: result.labels[point] ?? -1, says: pointSays(clustering, fact) }];
  });
  const axis = { title: null, labels: false, ticks: false, domain: false, grid: true };
  const scale = { zero: false, nice: true, padding: 12 };
  return {
    renderer: values.length > MANY ? "canvas" : "svg",
    spec: {
      width, height,
      autosize: { type: "fit", contains: "padding" },
      data: { values },
      params: [
        { name: "chosen", value: label ?? null },
        {
          name: "box",
          select: { type: "interval", mark: { fill: colour("accent"), fillOpacity: 0.12, stroke: colour("accent"), strokeWidth: 1.5 } },
          ...(box ? { value: box } : {}),
        },
      ],
      mark: { type: "point", filled: true, size: values.length > 1000 ? 24 : 52, strokeWidth: 1.4, cursor: "pointer" },
      encoding: {
        x: { field: "x", type: "quantitative", axis, scale },
        y: { field: "y", type: "quantitative", axis, scale },
        color: { field: "group", type: "nominal", scale: { domain: names, range: colours }, legend: null },
        shape: { field: "group", type: "nominal", scale: { domain: names, range: shapes }, legend: null },
        opacity: {
          condition: { test: { and: [{ param: "box" }, "chosen === null || datum.label === chosen"] }, value: 0.9 },
          value: 0.14,
        },
        tooltip: { field: "says" },
      },
    },
  };
}

/** @param {import("./types.js").Clustering} clustering @param {ReturnType<typeof pointFacts>} fact */
function pointSays(clustering, { caption, class: name, prediction, modelName, cluster }) {
  const predicted = prediction ? `, predicted ${prediction.name}${prediction.right ? "" : " ✗"}` : "";
  return [caption, `class ${name}${predicted}`, ...(new Set(clustering.models).size > 1 ? [modelName] : []), cluster].join("\n");
}
