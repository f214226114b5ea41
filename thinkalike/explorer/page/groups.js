/**
 * Statistics of a group of models: how alike they are among themselves, how alike to the rest, and on which images.
 *
 * Pairs inside join two models of the group, pairs across one of the group and one of the rest. What images say of ρ
 * are their pseudo-values, ρ + influence, whose mean is ρ.
 */

import { isNumber, meanInterval, meanOf, randomFrom, shuffle } from "./means.js";

/** Groups of a size are all looked at up to this number; of more, as many are drawn. */
const GROUPS_COMPARED = 2000;

/**
 * Places of the pairs inside a group, across to the rest, and within the rest.
 *
 * @param {import("./types.js").Pairs} pairs
 * @param {number[]} group indices of models
 * @param {number[]} rest
 * @returns {{inside: number[], across: number[], within: number[]}}
 */
export function pairsOfGroup(pairs, group, rest) {
  const [own, other] = [new Set(group), new Set(rest)];
  /** @type {{inside: number[], across: number[], within: number[]}} */
  const places = { inside: [], across: [], within: [] };
  pairs.a.forEach((a, place) => {
    const b = pairs.b[place];
    if (own.has(a) && own.has(b)) places.inside.push(place);
    else if (other.has(a) && other.has(b)) places.within.push(place);
    else if ((own.has(a) && other.has(b)) || (other.has(a) && own.has(b))) places.across.push(place);
  });
  return places;
}

/**
 * Means over pairs of what each image says of them.
 *
 * @param {ArrayLike<number>[]} rows one of each pair, a number for each image, NaN where it does not count
 * @param {number} images
 * @param {(number | null)[]} [offsets] added to the numbers of each pair; a pair without one does not count
 * @returns {Float64Array} NaN where an image counts for no pair
 */
export function meanOfPairs(rows, images, offsets) {
  const totals = new Float64Array(images);
  const counts = new Uint32Array(images);
  rows.forEach((row, pair) => {
    const offset = offsets ? (offsets[pair] ?? NaN) : 0;
    for (let i = 0; i < images; i += 1) {
      const value = (row[i] ?? NaN) + offset;
      // neither missing nor infinite
      if (value - value === 0) {
        totals[i] += value;
        counts[i] += 1;
      }
    }
  });
  return totals.map((total, i) => (counts[i] ? total / counts[i] : NaN));
}

/**
 * Interval of the mean ρ of pairs, from the pseudo-values of every image.
 *
 * @param {(number | null)[]} rho of these pairs
 * @param {ArrayLike<number>[] | null} influence one row of each of these pairs
 * @param {number} images
 * @returns {{mean: number, low: number, high: number, n: number, contributions: Float64Array | null}} ends are NaN
 *   without influences
 */
export function groupInterval(rho, influence, images) {
  const mean = meanOf(rho);
  if (!influence || !influence.length) {
    return { mean, low: NaN, high: NaN, n: 0, contributions: null };
  }
  const contributions = meanOfPairs(influence, images, rho);
  const { low, high, n, mean: centre } = meanInterval(contributions);
  // means over pairs of means over images differ from this one where pairs have other images
  return { mean, low: low - centre + mean, high: high - centre + mean, n, contributions };
}

/**
 * Square table of ρ between the models of a case, NaN on the diagonal and where it is missing.
 *
 * @param {import("./types.js").Pairs} pairs
 * @param {number[]} models
 * @param {(number | null)[]} [values] of the pairs; ρ by default
 * @returns {Float64Array[]}
 */
export function squareOf(pairs, models, values = pairs.rho) {
  const place = new Map(models.map((model, i) => [model, i]));
  const table = models.map(() => new Float64Array(models.length).fill(NaN));
  pairs.a.forEach((a, pair) => {
    const [i, j, value] = [place.get(a), place.get(pairs.b[pair]), values[pair]];
    if (i !== undefined && j !== undefined && !pairs.seed[pair] && isNumber(value)) {
      table[i][j] = value;
      table[j][i] = value;
    }
  });
  return table;
}

/**
 * Mean inside a group minus mean across to all others, by a square table.
 *
 * @param {Float64Array[]} table
 * @param {ArrayLike<boolean | number>} member whether each row is in the group
 * @returns {number}
 */
function gapOf(table, member) {
  let [inside, across, pairsInside, pairsAcross] = [0, 0, 0, 0];
  for (let i = 0; i < table.length; i += 1) {
    if (!member[i]) continue;
    for (let j = 0; j < table.length; j += 1) {
      const value = table[i][j];
      if (!Number.isFinite(value)) continue;
      if (!member[j]) {
        across += value;
        pairsAcross += 1;
      } else if (j > i) {
        inside += value;
        pairsInside += 1;
      }
    }
  }
  return inside / pairsInside - across / pairsAcross;
}

/**
 * Place of a group among groups of as many models, by its gap (mean inside − mean across).
 *
 * All groups are looked at where they are at most `GROUPS_COMPARED`, else this group and as many drawn at random.
 *
 * @param {Float64Array[]} table square, of the group's models and the rest
 * @param {boolean[]} member
 * @returns {{rank: number, of: number, all: boolean} | null} null where the gap cannot be told; ties count against it
 */
export function rankOfGroup(table, member) {
  const models = table.length;
  const size = member.filter(Boolean).length;
  const own = gapOf(table, member);
  if (!Number.isFinite(own)) return null;
  const number = choices(models, size);
  const all = number <= GROUPS_COMPARED;
  let better = 0;
  const count = (/** @type {boolean[]} */ other) => {
    const same = other.every((value, i) => value === member[i]);
    if (!same && gapOf(table, other) >= own - 1e-12) better += 1;
  };
  if (all) {
    eachChoice(models, size, count);
  } else {
    const random = randomFrom(models * 1000 + size);
    for (let draw = 0; draw < GROUPS_COMPARED; draw += 1) count(shuffle([...member], random));
  }
  return { rank: better + 1, of: all ? number : GROUPS_COMPARED + 1, all };
}

/**
 * Number of ways to choose `size` of `models`.
 *
 * @param {number} models
 * @param {number} size
 * @returns {number}
 */
export function choices(models, size) {
  let number = 1;
  for (let i = 0; i < size; i += 1) number = (number * (models - i)) / (i + 1);
  return Math.round(number);
}

/**
 * Call a function with every choice of `size` of `models`.
 *
 * @param {number} models
 * @param {number} size
 * @param {(member: boolean[]) => void} visit
 */
function eachChoice(models, size, visit) {
  const member = new Array(models).fill(false);
  const choose = (/** @type {number} */ from, /** @type {number} */ left) => {
    if (!left) {
      visit(member);
      return;
    }
    for (let i = from; i <= models - left; i += 1) {
      member[i] = true;
      choose(i + 1, left - 1);
      member[i] = false;
    }
  };
  choose(0, size);
}

/**
 * Mean similarity of every model to the group and to the rest, without itself; the nearest to the group first.
 *
 * @param {Float64Array[]} table square
 * @param {boolean[]} member
 * @returns {{model: number, member: boolean, group: number, rest: number}[]} `model` is a row of the table
 */
export function membership(table, member) {
  const rows = table.map((values, model) => ({
    model,
    member: member[model],
    group: meanOf(Array.from(values).filter((_, j) => member[j] && j !== model)),
    rest: meanOf(Array.from(values).filter((_, j) => !member[j] && j !== model)),
  }));
  return rows.sort((p, q) => Number(q.member) - Number(p.member) || descending(p.group, q.group));
}

/**
 * Images in an order: the largest value first, those without one left out.
 *
 * @param {ArrayLike<number>} values one for each image
 * @param {Iterable<number>} among images to take
 * @param {boolean} [smallest] whether the smallest comes first
 * @returns {number[]}
 */
export function sortedImages(values, among, smallest = false) {
  const there = Array.from(among).filter((image) => Number.isFinite(values[image]));
  const sign = smallest ? -1 : 1;
  return there.sort((i, j) => sign * (values[j] - values[i]) || i - j);
}

/**
 * Share of images on which a group agrees more among itself than with the rest, and of how many.
 *
 * @param {ArrayLike<number>} inside
 * @param {ArrayLike<number>} across
 * @returns {{share: number, n: number}} share is NaN where no image has both
 */
export function shareOfImages(inside, across) {
  let [more, n] = [0, 0];
  for (let i = 0; i < inside.length; i += 1) {
    if (Number.isFinite(inside[i]) && Number.isFinite(across[i])) {
      n += 1;
      more += Number(inside[i] > across[i]);
    }
  }
  return { share: n ? more / n : NaN, n };
}

/**
 * Order of two numbers, the larger first and missing ones last.
 *
 * @param {number} p
 * @param {number} q
 * @returns {number}
 */
export function descending(p, q) {
  return Number(!Number.isFinite(p)) - Number(!Number.isFinite(q)) || q - p || 0;
}
