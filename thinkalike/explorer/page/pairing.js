/** Two comparisons of models beside each other: the pairs that both have, how they differ, and how sure that is. */

import { correlationOf, isNumber, meanInterval, randomFrom, ranksOf, shuffle } from "./means.js";
import { descending } from "./groups.js";

/** Orders of the models that a correlation is compared with. */
const PERMUTATIONS = 999;

/**
 * A pair of models that two comparisons have.
 *
 * @typedef {object} CommonPair
 * @property {string} a key of a model
 * @property {string} b
 * @property {number} first place in the pairs of the first comparison
 * @property {number} second place in those of the second
 * @property {boolean} turned whether the second has b before a
 */

/**
 * Pairs that two comparisons have, by the keys of their models; pairs of further seeds are left out.
 *
 * @param {import("./types.js").Pairs} first
 * @param {string[]} firstKeys key of each model of the first study
 * @param {import("./types.js").Pairs} second
 * @param {string[]} secondKeys
 * @returns {CommonPair[]}
 */
export function commonPairs(first, firstKeys, second, secondKeys) {
  const places = new Map();
  second.a.forEach((a, place) => {
    if (!second.seed[place]) places.set(pairKey(secondKeys[a], secondKeys[second.b[place]]), place);
  });
  /** @type {CommonPair[]} */
  const common = [];
  first.a.forEach((index, place) => {
    const [a, b] = [firstKeys[index], firstKeys[first.b[place]]];
    const other = places.get(pairKey(a, b));
    if (first.seed[place] || other === undefined) return;
    common.push({ a, b, first: place, second: other, turned: secondKeys[second.a[other]] !== a });
  });
  return common;
}

/**
 * Text that two models have in common in either order.
 *
 * @param {string} a
 * @param {string} b
 * @returns {string}
 */
function pairKey(a, b) {
  return JSON.stringify(a < b ? [a, b] : [b, a]);
}

/**
 * Difference of two ρ of a pair, second − first, with its 95 % interval.
 *
 * On the same images the interval is that of the mean of differences, image by image, of the pseudo-values
 * ρ + influence. Else both are taken as independent: half-widths add in squares.
 *
 * @param {{rho: number | null, low: number | null, high: number | null}} first
 * @param {{rho: number | null, low: number | null, high: number | null}} second
 * @param {{first: ArrayLike<number>, second: ArrayLike<number>} | null} images influences on the same images
 * @returns {{difference: number, low: number, high: number, paired: boolean}}
 */
export function differenceOfPair(first, second, images) {
  const missing = { difference: NaN, low: NaN, high: NaN, paired: false };
  if (!isNumber(first.rho) || !isNumber(second.rho)) return missing;
  const difference = second.rho - first.rho;
  if (images) {
    const each = Array.from(images.first, (value, i) => images.second[i] - value);
    const { mean, low, high } = meanInterval(each);
    return { difference, low: difference + low - mean, high: difference + high - mean, paired: true };
  }
  if (![first.low, first.high, second.low, second.high].every(isNumber)) {
    return { ...missing, difference };
  }
  const half = (/** @type {any} */ end) => (end.high - end.low) / 2;
  const reach = Math.hypot(half(first), half(second));
  return { difference, low: difference - reach, high: difference + reach, paired: false };
}

/**
 * Spearman's correlation of two tables of the same models, and how often reordered models give as much (Mantel).
 *
 * @param {Float64Array[]} first square, NaN where missing
 * @param {Float64Array[]} second of the same models in the same order
 * @param {number} [permutations]
 * @returns {{correlation: number, p: number, pairs: number, permutations: number}} p is one-sided and NaN for fewer
 *   than four models, of which there are too few orders, and where pairs are missing
 */
export function mantel(first, second, permutations = PERMUTATIONS) {
  const models = first.length;
  const [x, y] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  const cells = /** @type {[number, number][]} */ ([]);
  for (let i = 0; i < models; i += 1) {
    for (let j = i + 1; j < models; j += 1) {
      if (Number.isFinite(first[i][j]) && Number.isFinite(second[i][j])) {
        cells.push([i, j]);
        x.push(first[i][j]);
        y.push(second[i][j]);
      }
    }
  }
  const [rx, ry] = [ranksOf(x), ranksOf(y)];
  const correlation = correlationOf(rx, ry);
  const complete = cells.length === (models * (models - 1)) / 2;
  if (models < 4 || !complete || !Number.isFinite(correlation)) {
    return { correlation, p: NaN, pairs: cells.length, permutations: 0 };
  }
  // of all orders means and squares are the same: the sum of products decides
  const ranks = first.map(() => new Float64Array(models));
  let own = 0;
  cells.forEach(([i, j], cell) => {
    ranks[i][j] = ry[cell];
    ranks[j][i] = ry[cell];
    own += rx[cell] * ry[cell];
  });
  const random = randomFrom(models);
  const order = first.map((_, i) => i);
  let asMuch = 1;
  for (let draw = 0; draw < permutations; draw += 1) {
    shuffle(order, random);
    let sum = 0;
    for (let cell = 0; cell < cells.length; cell += 1) {
      sum += rx[cell] * ranks[order[cells[cell][0]]][order[cells[cell][1]]];
    }
    if (sum >= own - 1e-9 * own) asMuch += 1;
  }
  return { correlation, p: asMuch / (permutations + 1), pairs: cells.length, permutations };
}

/**
 * Rows in the order of how far they differ, the largest difference of either sign first.
 *
 * @template {{difference: number}} T
 * @param {T[]} rows
 * @returns {T[]}
 */
export function byDifference(rows) {
  return [...rows].sort((p, q) => descending(Math.abs(p.difference), Math.abs(q.difference)));
}
