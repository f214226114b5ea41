/**
 * Numbers of a pair of models, image by image.
 */

/** Orders of the images of a pair. */
export const PAIR_SORTS = [
  { key: "alike", title: "Most alike" },
  { key: "different", title: "Most different" },
  { key: "influential", title: "Most influential" },
];

/**
 * How many values lie in each of equally wide bins; the last bin has its upper end.
 *
 * @param {Iterable<number>} values NaN is left out
 * @param {[number, number]} range
 * @param {number} bins
 * @returns {number[]}
 */
export function histogram(values, [low, high], bins) {
  const counts = new Array(bins).fill(0);
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    const bin = Math.floor(((value - low) / (high - low)) * bins);
    counts[Math.min(Math.max(bin, 0), bins - 1)] += 1;
  }
  return counts;
}

/**
 * Two distributions over the same bins, as shares of all: only the bins between the first and the last in which one of them
 * has something or a mark stands, joined until at most so many are left.
 *
 * @param {ArrayLike<number>[]} counts of each distribution
 * @param {[number, number]} range of all bins
 * @param {number} most
 * @param {number[]} [marks] values whose bins are kept
 * @returns {{shares: number[][], range: [number, number]}} the range of the bins that are left
 */
export function distributions(counts, [low, high], most, marks = []) {
  const bins = counts[0].length;
  const marked = histogram(marks, [low, high], bins);
  const full = Array.from({ length: bins }, (_, i) => i).filter((i) => marked[i] > 0 || counts.some((each) => each[i] > 0));
  const [first, last] = full.length ? [full[0], full[full.length - 1]] : [0, bins - 1];
  const joined = Math.ceil((last - first + 1) / most);
  const left = Math.ceil((last - first + 1) / joined);
  const start = Math.max(0, Math.min(first, bins - left * joined));
  const shares = counts.map((each) => {
    const values = Array.from(each);
    const total = values.reduce((sum, count) => sum + count, 0) || 1;
    const sums = Array.from({ length: left }, (_, i) => values.slice(start + i * joined, start + (i + 1) * joined));
    return sums.map((bin) => bin.reduce((sum, count) => sum + count, 0) / total);
  });
  const edge = (/** @type {number} */ bin) => low + ((high - low) * bin) / bins;
  return { shares, range: [edge(start), edge(start + left * joined)] };
}

/**
 * Images in an order; those without a similarity are left out. Ties keep the order of the images.
 *
 * @param {number[]} images indices
 * @param {ArrayLike<number>} values similarity of each image, NaN where missing
 * @param {ArrayLike<number> | null} influence
 * @param {string} sort "alike", "different" or "influential"
 * @returns {number[]}
 */
export function sortedOf(images, values, influence, sort) {
  const weight = (/** @type {number} */ image) => {
    if (sort === "influential" && influence) return -Math.abs(Number.isNaN(influence[image]) ? 0 : influence[image]);
    return sort === "different" ? values[image] : -values[image];
  };
  return images.filter((image) => !Number.isNaN(values[image] ?? NaN)).sort((one, other) => weight(one) - weight(other) || one - other);
}

/**
 * ρ of a pair without one image: ρ is the mean of the pseudo-values ρ + influence of its n images.
 *
 * @param {number} rho
 * @param {number} influence of the image
 * @param {number} n images that count
 * @returns {number} NaN where one of them is missing, or no other image counts
 */
export function rhoWithout(rho, influence, n) {
  return n > 1 ? rho - influence / (n - 1) : NaN;
}

/**
 * The pair that a reader sees first: the most alike of two networks that are no controls and no seeds of one another.
 *
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Case} entry
 * @returns {[string, string] | null} keys
 */
export function closestPair(study, entry) {
  const { pairs } = entry;
  const value = (/** @type {number} */ row) => pairs.rho[row] ?? pairs.mean[row] ?? -Infinity;
  let best = -1;
  for (let row = 0; row < pairs.a.length; row++) {
    const plain = pairs.category[row] === "same family" || pairs.category[row] === "different families";
    if (plain && (best < 0 || value(row) > value(best))) best = row;
  }
  if (best < 0 && pairs.a.length > 0) best = 0;
  return best < 0 ? null : [study.models[pairs.a[best]].key, study.models[pairs.b[best]].key];
}

/**
 * Place of a pair among the pairs of the matrix, the most alike first; null where it has no value or stands in no matrix.
 *
 * @param {import("./types.js").Case} entry
 * @param {number} row
 * @returns {{rank: number, count: number} | null}
 */
export function rankOfPair(entry, row) {
  const { rho, mean, seed } = entry.pairs;
  const values = rho.some((value) => value !== null) ? rho : mean;
  const own = values[row];
  if (own === null || seed[row]) return null;
  const others = values.filter((value, other) => value !== null && !seed[other]);
  return { rank: 1 + others.filter((value) => Number(value) > own).length, count: others.length };
}
