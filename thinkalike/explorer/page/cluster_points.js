/**
 * Points of a clustering of images: which are in a cluster or in a rectangle, and what is known of some of them.
 */

/** @typedef {import("./types.js").Clustering} Clustering */
/** @typedef {import("./types.js").Results} Results */

/** @typedef {{x: [number, number], y: [number, number]}} Box */

/**
 * Points of a cluster, those nearest to its centre first.
 *
 * @param {Results} result
 * @param {number} label
 * @returns {number[]}
 */
export function pointsOfCluster(result, label) {
  const nearest = result.clusters.find((cluster) => cluster.label === label)?.nearest ?? [];
  const first = new Set(nearest);
  const members = result.labels.flatMap((value, point) => (value === label && !first.has(point) ? [point] : []));
  return [...nearest, ...members];
}

/**
 * Points in a rectangle, its edges among them.
 *
 * @param {Results} result
 * @param {Box} box
 * @returns {number[]}
 */
export function pointsInBox({ x, y }, box) {
  const inside = (/** @type {number | null} */ value, /** @type {[number, number]} */ [low, high]) => value !== null && value >= low && value <= high;
  return x.flatMap((value, point) => (inside(value, box.x) && inside(y[point], box.y) ? [point] : []));
}

/**
 * The rectangle in a state: "x0,x1,y0,y1"; null where there is none.
 *
 * @param {string | undefined} text
 * @returns {Box | null}
 */
export function readBox(text) {
  const ends = (text ?? "").split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (ends.length !== 4 || !ends.every(Number.isFinite)) return null;
  const [x0, x1, y0, y1] = ends;
  return { x: [Math.min(x0, x1), Math.max(x0, x1)], y: [Math.min(y0, y1), Math.max(y0, y1)] };
}

/**
 * A rectangle as the state has it.
 *
 * @param {{x?: number[], y?: number[]} | null} box
 * @returns {string} "" where there is none
 */
export function writeBox(box) {
  const ends = [...(box?.x ?? []), ...(box?.y ?? [])];
  return ends.length === 4 ? ends.map((end) => String(Number(end.toPrecision(4)))).join(",") : "";
}

/**
 * Values with their counts, the most frequent first: "8 (120), 3 (4)".
 *
 * @param {string[]} values
 * @param {number} [most] of the values
 * @returns {string}
 */
export function countsOf(values, most = 4) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort(([name, one], [other, two]) => two - one || (name < other ? -1 : 1));
  const words = sorted.slice(0, most).map(([name, count]) => `${name} (${count})`);
  return sorted.length > most ? `${words.join(", ")} and ${sorted.length - most} more` : words.join(", ");
}

/**
 * Name of a cluster in a sentence: "cluster 3", also where it is called by a class.
 *
 * @param {Results["clusters"][number]} cluster
 * @returns {string}
 */
export function clusterName({ title }) {
  return /^cluster\b/i.test(title) ? title : `cluster ${title}`;
}

/**
 * What is known of each point, in words.
 *
 * @param {import("./study.js").Study} study
 * @param {Clustering} clustering
 * @param {Results} result
 * @param {number} point
 */
export function pointFacts(study, clustering, result, point) {
  const collection = study.collection(clustering.collection);
  const image = clustering.images[point];
  const model = clustering.models[point];
  const prediction = study.prediction(collection.key, model, image);
  const label = result.labels[point];
  return {
    image, model, label,
    caption: collection.captions[image],
    class: study.contents.classes[collection.classes[image]] ?? "not known",
    modelName: study.models[study.place(model)]?.name ?? model,
    prediction,
    predicted: prediction?.name ?? "not known",
    cluster: label === null ? "in none" : (result.clusters.find((cluster) => cluster.label === label)?.title ?? `cluster ${label + 1}`),
  };
}

/**
 * What is known of some points together, names and words.
 *
 * @param {import("./study.js").Study} study
 * @param {Clustering} clustering
 * @param {Results} result
 * @param {number[]} points
 * @returns {Record<string, string>}
 */
export function factsTogether(study, clustering, result, points) {
  const facts = points.map((point) => pointFacts(study, clustering, result, point));
  const right = facts.filter(({ prediction }) => prediction?.right).length;
  const known = facts.filter(({ prediction }) => prediction !== null).length;
  /** @type {Record<string, string>} */
  const words = { clusters: countsOf(facts.map(({ cluster }) => cluster)), class: countsOf(facts.map((fact) => fact.class)) };
  if (known) Object.assign(words, { predicted: countsOf(facts.map(({ predicted }) => predicted)), right: `${right} of ${known}` });
  if (new Set(clustering.models).size > 1) words.models = countsOf(facts.map(({ modelName }) => modelName));
  return words;
}
