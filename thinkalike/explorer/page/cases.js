/**
 * Comparisons by method, metric, scale and subset of the images: which one is asked for, and what else can be chosen.
 */

/** @typedef {import("./types.js").Case} Case */
/** @typedef {"method" | "metric" | "scale" | "subset"} Dimension */

/** What tells cases apart, the weightiest first. */
export const DIMENSIONS = /** @type {const} */ (["method", "metric", "scale", "subset"]);

/**
 * The case that a state asks for; where there is none, the first that agrees with most of method, metric, scale and subset,
 * method first. Null where the study compares nothing.
 *
 * @param {Case[]} cases
 * @param {Record<string, string>} state what it does not name is as in the first case
 * @returns {Case | null}
 */
export function bestCase(cases, state) {
  const first = cases[0];
  let best = null;
  let most = -1;
  for (const entry of cases) {
    const agreement = DIMENSIONS.reduce((sum, key) => 2 * sum + Number(entry[key] === (state[key] ?? first[key])), 0);
    if (agreement > most) [best, most] = [entry, agreement];
  }
  return best;
}

/**
 * What can be chosen of one dimension beside a case: cases that are equal to it in all weightier dimensions, one for each key.
 *
 * @param {Case[]} cases
 * @param {Case} entry
 * @param {Dimension} dimension
 * @returns {Case[]}
 */
export function alternatives(cases, entry, dimension) {
  const weightier = DIMENSIONS.slice(0, DIMENSIONS.indexOf(dimension));
  const beside = cases.filter((one) => weightier.every((key) => one[key] === entry[key]));
  return beside.filter((one, place) => beside.findIndex((other) => other[dimension] === one[dimension]) === place);
}
