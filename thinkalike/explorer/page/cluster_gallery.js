/**
 * Images of a cluster, or of a rectangle, with their maps.
 */

import { clusterName, factsTogether, pointFacts, pointsOfCluster } from "./cluster_points.js";
import { element } from "./dom.js";
import { Tiles, placedMap, withLabels } from "./drawing.js";
import { counted, number, percent } from "./format.js";
import { consensusMap, renderMap } from "./maps.js";
import { writeState } from "./state.js";

/** Pixels of the longer side of a tile, and of the side at which maps are averaged. */
const SMALL_SIDE = 112;
const MEAN_SIDE = 96;
/** Tiles of a gallery before the reader asks for more, and maps that are averaged at most. */
const SHOWN_AT_ONCE = 60;
const MOST_AVERAGED = 500;
/** Images of a cluster in the overview of all. */
const IN_OVERVIEW = 6;
/** Keys of the state that go along to the view of an image: how maps are shown. */
const KEPT = ["shown", "opacity", "range", "metric"];

/** @typedef {import("./main.js").Context} Context */
/** @typedef {import("./types.js").Clustering} Clustering */
/** @typedef {import("./types.js").Results} Results */

/**
 * The map that a point is shown with; null where it has none.
 *
 * @param {import("./study.js").Study} study
 * @param {Clustering} clustering
 * @param {number} point
 * @returns {Promise<import("./maps.js").PlacedMap | null>}
 */
async function mapOfPoint(study, clustering, point) {
  const { collection, images, models, maps, clusterMaps, clusterBasis, mapped } = clustering;
  if (maps !== null) return placedMap(study, collection, maps, models[point], images[point]);
  const row = mapped.indexOf(point);
  if (clusterMaps === null || clusterBasis === null || row < 0) return null;
  const values = await study.rows(clusterMaps, row, row + 1);
  return withLabels(study, collection, images[point], clusterBasis, values);
}

/**
 * Tiles of a gallery that share a look.
 *
 * @param {import("./study.js").Study} study
 * @param {import("./drawing.js").Look} look
 * @returns {Tiles}
 */
export function galleryTiles(study, look) {
  return new Tiles(study.contents.frame, look, SMALL_SIDE);
}

/**
 * An image with its map, a link to the view of that image.
 *
 * @param {Context} context
 * @param {Clustering} clustering
 * @param {Results} result
 * @param {Tiles} tiles
 * @param {number} point
 * @returns {HTMLElement}
 */
export function pointCard({ study, state }, clustering, result, tiles, point) {
  const fact = pointFacts(study, clustering, result, point);
  const { collection } = clustering;
  const load = async () => ({ picture: await study.picture(collection, fact.image), map: await mapOfPoint(study, clustering, point) });
  const { ids } = study.collection(collection);
  const kept = Object.fromEntries(KEPT.map((key) => [key, state[key] ?? ""]));
  const target = { ...kept, view: "image", collection, image: ids[fact.image], a: fact.model, method: clustering.maps ?? state.method ?? "" };
  const several = new Set(clustering.models).size > 1;
  const predicted = fact.prediction && `${fact.predicted}, ${number(fact.prediction.probability)}`;
  const wrong = fact.prediction && !fact.prediction.right;
  return element(
    "a",
    { class: "cluster-point", href: `#${writeState(target)}`, title: fact.caption },
    tiles.add(`${fact.caption}, class ${fact.class}, ${fact.modelName}`, load, { group: clustering.maps ?? clustering.key }),
    several && element("span", { class: "cluster-words" }, fact.modelName),
    predicted && element("span", { class: `cluster-words ${wrong ? "wrong" : "muted"}` }, predicted),
  );
}

/**
 * Mean map of some points, each map of length 1, as a tile; of the first 500 where there are more.
 *
 * @param {Context} context
 * @param {Clustering} clustering
 * @param {Tiles} tiles
 * @param {number[]} points
 * @param {string} label
 * @returns {HTMLElement}
 */
function meanTile({ study }, clustering, tiles, points, label) {
  const load = async () => {
    const placed = await Promise.all(points.slice(0, MOST_AVERAGED).map((point) => mapOfPoint(study, clustering, point)));
    const maps = placed.filter((map) => map !== null).map((map) => renderMap(map, MEAN_SIDE, MEAN_SIDE));
    const values = consensusMap(maps);
    return { picture: null, map: values && { basis: /** @type {const} */ ({ kind: "grid", rows: MEAN_SIDE, columns: MEAN_SIDE }), values } };
  };
  return tiles.add(label, load, { group: "mean", map: true, valued: false });
}

/**
 * All clusters of a result, a row for each: what is known of it, its mean map, the images nearest to its centre.
 *
 * @param {Context} context
 * @param {Clustering} clustering
 * @param {Results} result
 * @param {Tiles} tiles
 * @param {(label: number) => HTMLElement} name of a cluster, which selects it
 * @returns {HTMLElement}
 */
export function overview(context, clustering, result, tiles, name) {
  const rows = result.clusters.map((cluster) =>
    element(
      "section",
      { class: "cluster-row", "aria-label": clusterName(cluster) },
      element("div", { class: "cluster-about" }, name(cluster.label), element("div", { class: "muted small" }, briefly(cluster.known))),
      clustering.maps !== null &&
        element("figure", { class: "cluster-mean" }, meanTile(context, clustering, tiles, pointsOfCluster(result, cluster.label), `Mean map of ${clusterName(cluster)}`), element("figcaption", {}, "mean map")),
      mappedFirst(clustering, pointsOfCluster(result, cluster.label)).slice(0, IN_OVERVIEW).map((point) => pointCard(context, clustering, result, tiles, point)),
    ),
  );
  return element("div", { class: "cluster-overview" }, rows);
}

/** @param {Clustering} clustering @param {number[]} points @returns {number[]} those with a map first */
function mappedFirst({ mapped, clusterMaps }, points) {
  const has = new Set(mapped);
  return clusterMaps === null ? points : [...points].sort((one, other) => Number(has.has(other)) - Number(has.has(one)));
}

/** @param {Record<string, string | number>} known */
function briefly(known) {
  return Object.entries(known)
    .slice(0, 2)
    .map(([name, value]) => `${name}: ${factValue(name, value)}`)
    .join(" · ");
}

/** @param {string} name @param {string | number} value */
function factValue(name, value) {
  if (typeof value === "string") return value;
  return name === "correct" ? percent(value) : Number.isInteger(value) ? String(value) : number(value);
}

/**
 * A gallery of some points: what is known of them, their mean map, each image with its map.
 *
 * @param {Context} context
 * @param {Clustering} clustering
 * @param {Results} result
 * @param {Tiles} tiles
 * @param {object} what
 * @param {string} what.title
 * @param {number[]} what.points
 * @param {Record<string, string | number>} [what.known] facts; by default those of the points together
 * @returns {HTMLElement}
 */
export function gallery(context, clustering, result, tiles, { title, points, known }) {
  const facts = known ?? factsTogether(context.study, clustering, result, points);
  const list = element(
    "dl",
    { class: "cluster-facts" },
    Object.entries(facts).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, factValue(name, value))]),
  );
  const shownMean = clustering.maps !== null && points.length > 0;
  const mean = shownMean && element("figure", { class: "cluster-mean" }, meanTile(context, clustering, tiles, points, `Mean map of ${title}`), element("figcaption", {}, "mean map"));
  const sorted = mappedFirst(clustering, points);
  const grid = element("div", { class: "cluster-gallery" });
  const more = element("button", { type: "button", on: { click: () => extend() } });
  const extend = () => {
    const from = grid.childElementCount;
    const next = sorted.slice(from, from + SHOWN_AT_ONCE);
    grid.append(...next.map((point) => pointCard(context, clustering, result, tiles, point)));
    const left = sorted.length - from - next.length;
    more.hidden = left <= 0;
    more.textContent = `Show ${Math.min(left, SHOWN_AT_ONCE)} more of ${left}`;
  };
  extend();
  return element(
    "div",
    {},
    element("h3", {}, `${title[0].toUpperCase()}${title.slice(1)}: ${counted(points.length, clustering.kind === "spectral" ? "map" : "image")}`),
    element("div", { class: "cluster-head" }, mean, list),
    points.length ? grid : element("p", { class: "muted" }, "No point lies in the rectangle; draw it around some."),
    more,
  );
}
