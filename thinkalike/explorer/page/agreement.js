/**
 * Which models agree on one image: their similarities on it, against those of maps of different images.
 */

/**
 * @typedef {object} ImageAgreement
 * @property {number[]} models indices of those with a map that can be compared
 * @property {number[][]} similarity of each two of them; 1 on the diagonal, NaN where missing
 * @property {(boolean | null)[][]} beyond whether it exceeds 95 % of their maps of different images; null: not known
 */

/**
 * Similarities of the models on one image.
 *
 * @param {import("./types.js").Pairs} pairs
 * @param {ArrayLike<number>} values similarity of each pair on this image; NaN is missing
 * @param {ArrayLike<number> | null} limits of each pair, as `nullLimit` gives them
 * @param {number[]} models indices, in order
 * @returns {ImageAgreement}
 */
export function imageAgreement(pairs, values, limits, models) {
  /** @type {Map<string, number>} */
  const rows = new Map();
  for (let row = 0; row < values.length; row++) {
    if (Number.isFinite(values[row])) {
      rows.set(`${pairs.a[row]} ${pairs.b[row]}`, row);
      rows.set(`${pairs.b[row]} ${pairs.a[row]}`, row);
    }
  }
  const there = models.filter((a) => models.some((b) => rows.has(`${a} ${b}`)));
  const rowOf = (/** @type {number} */ a, /** @type {number} */ b) => rows.get(`${a} ${b}`);
  const similarity = there.map((a) =>
    there.map((b) => {
      const row = rowOf(a, b);
      return a === b ? 1 : row === undefined ? NaN : values[row];
    }),
  );
  const beyond = there.map((a) =>
    there.map((b) => {
      const row = rowOf(a, b);
      const known = row !== undefined && limits !== null && Number.isFinite(limits[row]);
      return known ? values[row] > limits[row] : null;
    }),
  );
  return { models: there, similarity, beyond };
}

/**
 * Upper end of the bin in which a share of a histogram is reached; NaN of an empty one.
 *
 * @param {ArrayLike<number>} counts of bins that are equally wide
 * @param {[number, number]} range of all bins
 * @param {number} [share]
 * @returns {number}
 */
export function nullLimit(counts, range, share = 0.95) {
  let total = 0;
  for (let bin = 0; bin < counts.length; bin++) total += counts[bin] || 0;
  if (!total) return NaN;
  let sum = 0;
  let bin = 0;
  while (bin < counts.length - 1 && (sum += counts[bin] || 0) < share * total) bin++;
  return range[0] + ((bin + 1) * (range[1] - range[0])) / counts.length;
}

/**
 * Tree of a few things by average linkage (UPGMA), merges as scipy has them.
 *
 * The distance of two clusters is the mean over their pairs that are not missing; clusters without any such pair are
 * merged last, at the largest height.
 *
 * @param {number[][]} distances symmetric; NaN is missing
 * @returns {import("./types.js").Tree}
 */
export function averageLinkage(distances) {
  /** @type {{node: number, leaves: number[]}[]} */
  let clusters = distances.map((_, leaf) => ({ node: leaf, leaves: [leaf] }));
  /** @type {[number, number, number, number][]} */
  const merges = [];
  while (clusters.length > 1) {
    let best = { distance: Infinity, first: 0, second: 1 };
    for (let second = 1; second < clusters.length; second++) {
      for (let first = 0; first < second; first++) {
        const distance = meanDistance(distances, clusters[first].leaves, clusters[second].leaves);
        if (distance < best.distance) best = { distance, first, second };
      }
    }
    const [one, other] = [clusters[best.first], clusters[best.second]];
    const highest = merges.length ? merges[merges.length - 1][2] : 0;
    const height = Number.isFinite(best.distance) ? best.distance : highest;
    const leaves = [...one.leaves, ...other.leaves];
    const nodes = [one.node, other.node].sort((p, q) => p - q);
    merges.push([nodes[0], nodes[1], height, leaves.length]);
    clusters = clusters.filter((cluster) => cluster !== one && cluster !== other);
    clusters.push({ node: distances.length + merges.length - 1, leaves });
  }
  return { linkage: "average", merges, support: [] };
}

/** @param {number[][]} distances @param {number[]} rows @param {number[]} columns @returns {number} */
function meanDistance(distances, rows, columns) {
  let total = 0;
  let count = 0;
  for (const row of rows) {
    for (const column of columns) {
      if (!Number.isFinite(distances[row][column])) continue;
      total += distances[row][column];
      count += 1;
    }
  }
  return count ? total / count : Infinity;
}

/**
 * How many others each model agrees with beyond chance, and how many it is compared with.
 *
 * @param {ImageAgreement} agreement
 * @returns {{agrees: number, compared: number}[]}
 */
export function agreementCounts({ beyond }) {
  return beyond.map((row) => ({
    agrees: row.filter((value) => value === true).length,
    compared: row.filter((value) => value !== null).length,
  }));
}
