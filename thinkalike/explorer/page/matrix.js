/**
 * Numbers of the matrix of models: quantities, their scales, what stands in a cell.
 */

import { counted, interval, number } from "./format.js";

/** @typedef {import("./types.js").Case} Case */
/** @typedef {import("./study.js").Study} Study */
/** @typedef {"rho" | "mean" | "dissimilarity" | "width" | "n"} QuantityKey */

/** Quantities of a pair, in the order of their tabs. */
export const QUANTITIES = /** @type {const} */ ([
  { key: "rho", title: "Above chance (ρ)", name: "similarity above chance, ρ", says: "0: as alike as maps of different images, 1: the same" },
  { key: "mean", title: "Raw similarity", name: "raw similarity", says: "before chance is taken off: read it against chance" },
  { key: "dissimilarity", title: "Dissimilarity", name: "dissimilarity", says: "0: the same" },
  { key: "width", title: "± 95 %", name: "half-width of the 95 % interval of ρ", says: "how sure: smaller is surer" },
  { key: "n", title: "Images", name: "images that count", says: "images on which both maps have a direction" },
]);

export const CATEGORIES = ["seeds", "same family", "different families", "control"];

/**
 * A quantity of one pair; null where it is missing.
 *
 * @param {import("./types.js").Pairs} pairs
 * @param {number} row
 * @param {QuantityKey} key
 * @returns {number | null}
 */
export function quantityOf(pairs, row, key) {
  if (row < 0) return null;
  if (key !== "width") return pairs[key][row] ?? null;
  const [low, high] = [pairs.low[row], pairs.high[row]];
  return low === null || high === null ? null : (high - low) / 2;
}

/**
 * Quantities that at least one pair has.
 *
 * @param {Case} entry
 * @returns {(typeof QUANTITIES)[number][]}
 */
export function quantitiesOf(entry) {
  const rows = entry.pairs.a.map((_, row) => row);
  return QUANTITIES.filter(({ key }) => rows.some((row) => quantityOf(entry.pairs, row, key) !== null));
}

/**
 * The scale of a quantity: which numbers its axis spans, which is pale and which is full.
 *
 * @param {Case} entry
 * @param {QuantityKey} key
 * @param {number | null} unrelated dissimilarity of what chance gives
 * @returns {{low: number, high: number, pale: number, full: number, plain: boolean}}
 */
export function scaleOf(entry, key, unrelated) {
  const values = entry.pairs.a.map((_, row) => quantityOf(entry.pairs, row, key)).filter((value) => value !== null);
  const least = Math.min(...values, 0);
  const most = Math.max(...values, 0);
  if (key === "rho" || key === "mean") return { low: least, high: Math.max(1, most), pale: 0, full: 1, plain: false };
  if (key === "dissimilarity") {
    const pale = unrelated ?? (most || 1);
    return { low: 0, high: Math.max(pale, most), pale, full: 0, plain: false };
  }
  return { low: 0, high: most || 1, pale: 0, full: most || 1, plain: true };
}

/**
 * What is marked on the scale of a quantity: chance, and what seeds of one network reach.
 *
 * @param {Case} entry
 * @param {QuantityKey} key
 * @param {number | null} unrelated
 * @returns {{title: string, value: number}[]}
 */
export function marksOf(entry, key, unrelated) {
  const { pairs } = entry;
  const marks = [];
  const average = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const chances = pairs.chance.filter((value) => value !== null);
  if (key === "rho") marks.push({ title: "chance", value: 0 });
  if (key === "mean" && chances.length) marks.push({ title: "chance", value: average(chances) });
  if (key === "dissimilarity" && unrelated !== null) marks.push({ title: "unrelated", value: unrelated });
  const seeds = pairs.a
    .map((_, row) => row)
    .filter((row) => pairs.category[row] === "seeds")
    .map((row) => quantityOf(pairs, row, key))
    .filter((value) => value !== null);
  if (["rho", "mean", "dissimilarity"].includes(key) && seeds.length) marks.push({ title: "ceiling", value: average(seeds) });
  return marks;
}

/**
 * The numbers of a pair in words, a line each; the first names the two.
 *
 * @param {Study} study
 * @param {Case} entry
 * @param {number} row of the pairs
 * @returns {string[]}
 */
export function pairLines(study, entry, row) {
  const { pairs } = entry;
  const between = (/** @type {string} */ text) => (text ? ` (95 %: ${text})` : "");
  const lines = [`${study.models[pairs.a[row]].name} and ${study.models[pairs.b[row]].name}`];
  if (pairs.rho[row] !== null) lines.push(`ρ ${number(pairs.rho[row])}${between(interval(pairs.low[row], pairs.high[row]))}`);
  if (pairs.mean[row] !== null) lines.push(`raw similarity ${number(pairs.mean[row])}, chance ${number(pairs.chance[row])}`);
  if (pairs.dissimilarity[row] !== null) {
    const ends = interval(pairs.dissimilarityLow[row], pairs.dissimilarityHigh[row]);
    lines.push(`dissimilarity ${number(pairs.dissimilarity[row])}${between(ends)}`);
  }
  const lost = pairs.notConverged[row] ?? 0;
  const count = counted(pairs.n[row] ?? 0, "image");
  lines.push(`${count}, ${pairs.category[row]}${lost > 0 ? `, ${counted(lost, "map")} not converged` : ""}`);
  return lines;
}

/**
 * The order of the matrix: places in the case's models.
 *
 * @param {Case} entry
 * @returns {number[]}
 */
export function matrixOrder(entry) {
  return entry.order ?? entry.models.map((_, place) => place);
}

/**
 * Cells of the matrix, row by row, the diagonal left out.
 *
 * @param {Study} study
 * @param {Case} entry
 * @param {QuantityKey} key
 * @returns {{x: number, y: number, a: number, b: number, row: number, value: number | null}[]} x and y in the order of the
 *   matrix, a (of the row) and b indices of models
 */
export function cellsOf(study, entry, key) {
  const models = matrixOrder(entry).map((place) => entry.models[place]);
  return models.flatMap((a, y) =>
    models.flatMap((b, x) => {
      if (x === y) return [];
      const row = study.pairRow(entry, a, b);
      return [{ x, y, a, b, row, value: quantityOf(entry.pairs, row, key) }];
    }),
  );
}

/**
 * What the pairs of each category come to.
 *
 * @param {Case} entry
 * @param {QuantityKey} key
 * @returns {{category: string, count: number, least: number, median: number, most: number}[]}
 */
export function categoriesOf(entry, key) {
  return CATEGORIES.flatMap((category) => {
    const values = entry.pairs.a
      .map((_, row) => row)
      .filter((row) => entry.pairs.category[row] === category)
      .map((row) => quantityOf(entry.pairs, row, key))
      .filter((value) => value !== null)
      .sort((one, other) => one - other);
    if (values.length === 0) return [];
    const middle = values.length / 2;
    const median = (values[Math.ceil(middle) - 1] + values[Math.floor(middle)]) / 2;
    return [{ category, count: values.length, least: values[0], median, most: values[values.length - 1] }];
  });
}
