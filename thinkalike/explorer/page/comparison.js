/** Two comparisons beside each other: two methods of a study, or two studies. */

import { squareOf } from "./groups.js";
import { isNumber } from "./means.js";
import { commonPairs, differenceOfPair, mantel } from "./pairing.js";

/**
 * One of two sides.
 *
 * @typedef {object} Side
 * @property {import("./study.js").Study} study
 * @property {import("./types.js").Case} entry
 * @property {string} title
 */

/**
 * A pair of models on both sides.
 *
 * @typedef {object} SharedPair
 * @property {string} a key of a model
 * @property {string} b
 * @property {string} category on the first side
 * @property {{row: number, rho: number | null, low: number | null, high: number | null}} first
 * @property {{row: number, rho: number | null, low: number | null, high: number | null}} second
 * @property {number} difference second − first
 * @property {number} low
 * @property {number} high
 * @property {boolean} paired whether its interval is of differences on the same images
 */

/**
 * What a case can be put beside.
 *
 * @typedef {object} Counterpart
 * @property {string} key
 * @property {string} title
 * @property {string} study2 "other" of the second study, else ""
 * @property {string} method2
 * @property {string} metric2
 * @property {boolean} maps whether there are maps to draw
 */

/**
 * Comparisons that a case can be put beside: others of its study, and those of a second study.
 *
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Case} entry
 * @param {import("./study.js").Study | null} other
 * @returns {Counterpart[]} those of the second study first
 */
export function counterparts(study, entry, other) {
  const listed = (/** @type {import("./study.js").Study} */ of, /** @type {string} */ study2) => {
    const metrics = new Set(of.contents.cases.map((one) => one.metric));
    /** @type {Map<string, Counterpart>} */
    const found = new Map();
    for (const { method, metric } of of.contents.cases) {
      const key = [study2, method, metric].join("/");
      const name = `${of.method(method)?.title ?? method}${metrics.size > 1 ? `, ${metric}` : ""}`;
      found.set(key, { key, title: study2 ? `${of.contents.study}: ${name}` : name, study2, method2: method, metric2: metric, maps: of.method(method)?.maps ?? false });
    }
    return [...found.values()];
  };
  const own = listed(study, "").filter((one) => one.method2 !== entry.method || one.metric2 !== entry.metric);
  return other ? [...listed(other, "other"), ...own] : own;
}

/**
 * The counterpart that a state asks for; else the same method of the second study, or another method of this one.
 *
 * @param {Counterpart[]} options
 * @param {import("./types.js").Case} entry
 * @param {Record<string, string>} state
 * @returns {Counterpart | null}
 */
export function chosenCounterpart(options, entry, state) {
  const asked = options.find(
    (one) => one.method2 === state.method2 && one.study2 === (state.study2 ?? "") && (!state.metric2 || one.metric2 === state.metric2),
  );
  return asked
    ?? options.find((one) => one.study2 && one.method2 === entry.method && one.metric2 === entry.metric)
    ?? options.find((one) => one.maps && one.method2 !== entry.method && one.metric2 === entry.metric)
    ?? options[0]
    ?? null;
}

/**
 * Images that both sides have, by their ids: places on the first and on the second side.
 *
 * @param {Side} first
 * @param {Side} second
 * @returns {[number, number][]}
 */
export function sharedImages(first, second) {
  const ids = (/** @type {Side} */ { study, entry }) => (entry.perImage ? study.collection(entry.perImage.collection).ids.slice(0, entry.perImage.images) : []);
  const places = new Map(ids(second).map((/** @type {string} */ id, /** @type {number} */ place) => [id, place]));
  return ids(first).flatMap((/** @type {string} */ id, /** @type {number} */ place) => {
    const other = places.get(id);
    return other === undefined ? [] : [/** @type {[number, number]} */ ([place, other])];
  });
}

/**
 * Pairs that both sides have, with their difference and how sure it is.
 *
 * @param {Side} first
 * @param {Side} second
 * @returns {Promise<SharedPair[]>}
 */
export async function sharedPairs(first, second) {
  const keys = (/** @type {Side} */ side) => side.study.models.map((model) => model.key);
  const common = commonPairs(first.entry.pairs, keys(first), second.entry.pairs, keys(second));
  const images = sharedImages(first, second);
  const [mine, theirs] = [await influences(first), await influences(second)];
  // differences image by image need the same images on both sides, and no others
  const paired = mine !== null && theirs !== null && images.length === mine.images && images.length === theirs.images;
  const numbers = (/** @type {Side} */ { entry }, /** @type {number} */ row) => ({ row, rho: entry.pairs.rho[row], low: entry.pairs.low[row], high: entry.pairs.high[row] });
  return common.map((pair) => {
    const [one, two] = [numbers(first, pair.first), numbers(second, pair.second)];
    const each = paired
      ? {
          first: images.map(([image]) => mine.values[pair.first * mine.images + image]),
          second: images.map(([, image]) => theirs.values[pair.second * theirs.images + image]),
        }
      : null;
    return { a: pair.a, b: pair.b, category: first.entry.pairs.category[pair.first], first: one, second: two, ...differenceOfPair(one, two, each) };
  });
}

/** @returns {Promise<{values: Float32Array, images: number} | null>} influences of all pairs */
async function influences(/** @type {Side} */ { study, entry }) {
  const block = entry.perImage?.influence;
  if (!entry.perImage || !block) return null;
  return { values: await study.rows(block, 0, entry.pairs.a.length), images: entry.perImage.images };
}

/**
 * Keys of the models in both matrices, in the order of the first side's tree.
 *
 * @param {Side} first
 * @param {Side} second
 * @returns {string[]}
 */
export function sharedModels(first, second) {
  const theirs = new Set(second.entry.models.map((model) => second.study.models[model].key));
  const order = first.entry.order ?? first.entry.models.map((_, place) => place);
  return order.map((place) => first.study.models[first.entry.models[place]].key).filter((key) => theirs.has(key));
}

/**
 * Correlation of both sides over pairs of models that are no controls.
 *
 * @param {Side} first
 * @param {Side} second
 * @returns {ReturnType<typeof mantel> & {models: number}}
 */
export function agreementOfSides(first, second) {
  const plain = sharedModels(first, second).filter((key) => !first.study.models[first.study.place(key)].control);
  const table = (/** @type {Side} */ { study, entry }) => squareOf(entry.pairs, plain.map((key) => study.place(key)));
  return { ...mantel(table(first), table(second)), models: plain.length };
}

/**
 * How many pairs differ beyond their interval, of how many that have one.
 *
 * @param {SharedPair[]} pairs
 * @returns {{beyond: number, known: number}}
 */
export function beyondIntervals(pairs) {
  const known = pairs.filter(({ low, high }) => isNumber(low) && isNumber(high));
  return { beyond: known.filter(({ low, high }) => low > 0 || high < 0).length, known: known.length };
}
