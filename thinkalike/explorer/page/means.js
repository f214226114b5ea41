/**
 * Means over images with their 95 % intervals, and other numbers that need no page.
 *
 * Missing values are null or NaN, in what comes in; NaN in what goes out.
 */

/**
 * Whether a value is there.
 *
 * @param {number | null | undefined} value
 * @returns {value is number}
 */
export function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/**
 * Mean of the values that are there; NaN where none is.
 *
 * @param {Iterable<number | null>} values
 * @returns {number}
 */
export function meanOf(values) {
  let total = 0;
  let count = 0;
  for (const value of values) {
    if (isNumber(value)) {
      total += value;
      count += 1;
    }
  }
  return count ? total / count : NaN;
}

/**
 * Half-width of a 95 % interval in standard errors: quantile 0.975 of Student's t.
 *
 * Exact for one and two degrees of freedom; else the expansion around the normal quantile (Abramowitz and Stegun
 * 26.7.5), within 0.01 from three degrees of freedom on and 0.001 from five.
 *
 * @param {number} freedom degrees of freedom, at least 1
 * @returns {number}
 */
export function studentReach(freedom) {
  if (freedom < 1) return NaN;
  if (freedom === 1) return Math.tan(Math.PI * 0.475);
  if (freedom === 2) return 0.95 / Math.sqrt(2 * 0.975 * 0.025);
  const z = 1.959963984540054;
  const z2 = z * z;
  const terms = [
    (z * (z2 + 1)) / 4,
    (z * ((5 * z2 + 16) * z2 + 3)) / 96,
    (z * (((3 * z2 + 19) * z2 + 17) * z2 - 15)) / 384,
    (z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945)) / 92160,
  ];
  return terms.reduce((reach, term, power) => reach + term / freedom ** (power + 1), z);
}

/**
 * Student's 95 % interval of a mean over images, mean ± t · s/√n.
 *
 * @param {Iterable<number | null>} values one for each image
 * @returns {{mean: number, low: number, high: number, n: number}} ends are NaN for fewer than two images
 */
export function meanInterval(values) {
  const there = Array.from(values).filter(isNumber);
  const n = there.length;
  const mean = meanOf(there);
  const squares = there.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const reach = n > 1 ? studentReach(n - 1) * Math.sqrt(squares / (n - 1) / n) : NaN;
  return { mean, low: mean - reach, high: mean + reach, n };
}

/**
 * Ranks from 1 of values without missing ones; equal values share the mean of their ranks.
 *
 * @param {ArrayLike<number>} values
 * @returns {number[]}
 */
export function ranksOf(values) {
  const order = Array.from(values, (_, place) => place).sort((i, j) => values[i] - values[j]);
  const ranks = new Array(order.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]] === values[order[from]]) to += 1;
    for (let place = from; place <= to; place += 1) ranks[order[place]] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

/**
 * Pearson's correlation of two rows of values without missing ones; NaN where one does not vary.
 *
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>} y
 * @returns {number}
 */
export function correlationOf(x, y) {
  const [mx, my] = [meanOf(Array.from(x)), meanOf(Array.from(y))];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i += 1) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) ** 2;
    yy += (y[i] - my) ** 2;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : NaN;
}

/**
 * Generator of random numbers from 0 to 1 that gives the same numbers each time (mulberry32).
 *
 * @param {number} seed
 * @returns {() => number}
 */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Shuffle a list in place, each order equally likely.
 *
 * @template T
 * @param {T[]} list
 * @param {() => number} random
 * @returns {T[]}
 */
export function shuffle(list, random) {
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}
