/**
 * Maps become pixels, and pixels become colours.
 *
 * A map is its values in a basis. It is rendered at any size by the formulas of `thinkalike.compare.bases`: at the size
 * of the frame the pixels are the same. Orange speaks for the class that is explained, blue against it; the stronger the
 * colour, the larger the value.
 */

/**
 * @typedef {object} Labels
 * @property {ArrayLike<number>} labels superpixel of each pixel, row by row
 * @property {number} height
 * @property {number} width
 */

/**
 * @typedef {object} PlacedMap
 * @property {import("./types.js").Basis} basis
 * @property {ArrayLike<number>} values of its cells, row by row, or of its superpixels; NaN: missing
 * @property {Labels | null} [labels] of a basis of segments
 */

/** Red, green and blue of full colour, for and against a class: the pair of the palette that is told apart best. */
const FOR_COLOUR = [213, 64, 0];
const AGAINST_COLOUR = [0, 89, 191];
/** What stands where there is no number. */
const MISSING_COLOUR = [217, 217, 217];
/** Opacity of a map over its image in all figures of the report. */
const FIGURE_OPACITY = 0.75;

const SHARE_BELOW_FULL = 0.995;

/**
 * Pixels of a map, row by row.
 *
 * Pixel p of P lies at (p + ½)·cells/P − ½ between the centres of a grid, held inside it; it is in cell ⌊p·cells/P⌋ of
 * cells, and in the superpixel at ⌊(p + ½)·side/P⌋.
 *
 * @param {PlacedMap} map
 * @param {number} width
 * @param {number} height
 * @returns {Float32Array}
 * @throws {Error} another kind of basis
 */
export function renderMap(map, width, height) {
  const { kind, rows, columns } = map.basis;
  if (kind === "grid") return renderGrid(map.values, rows, columns, width, height);
  if (kind === "cells") {
    const row = placesOf(height, (y) => Math.floor((y * rows) / height));
    const column = placesOf(width, (x) => Math.floor((x * columns) / width));
    return pixelsFrom(row, column, (y, x) => map.values[y * columns + x]);
  }
  if (kind === "segments" && map.labels) {
    const { labels, height: high, width: wide } = map.labels;
    const row = placesOf(height, (y) => Math.floor(((y + 0.5) * high) / height));
    const column = placesOf(width, (x) => Math.floor(((x + 0.5) * wide) / width));
    return pixelsFrom(row, column, (y, x) => map.values[labels[y * wide + x]]);
  }
  throw new Error(`a map in a basis of the kind "${kind}" cannot be drawn`);
}

/** @param {number} count @param {(place: number) => number} place @returns {number[]} */
function placesOf(count, place) {
  return Array.from({ length: count }, (_, number) => place(number));
}

/** @param {number[]} rows @param {number[]} columns @param {(y: number, x: number) => number} value */
function pixelsFrom(rows, columns, value) {
  const pixels = new Float32Array(rows.length * columns.length);
  let place = 0;
  for (const y of rows) for (const x of columns) pixels[place++] = value(y, x);
  return pixels;
}

/** @param {number} pixels @param {number} cells @returns {{low: number, high: number, weight: number}[]} */
function betweenCentres(pixels, cells) {
  return Array.from({ length: pixels }, (_, p) => {
    const place = Math.min(Math.max(((p + 0.5) * cells) / pixels - 0.5, 0), cells - 1);
    const low = Math.min(Math.floor(place), Math.max(cells - 2, 0));
    return { low, high: Math.min(low + 1, cells - 1), weight: place - low };
  });
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} rows
 * @param {number} columns
 * @param {number} width
 * @param {number} height
 * @returns {Float32Array}
 */
function renderGrid(values, rows, columns, width, height) {
  const across = betweenCentres(width, columns);
  const pixels = new Float32Array(width * height);
  let place = 0;
  for (const { low, high, weight } of betweenCentres(height, rows)) {
    const line = Array.from(
      { length: columns },
      (_, x) => (1 - weight) * values[low * columns + x] + weight * values[high * columns + x],
    );
    for (const x of across) {
      pixels[place++] = (1 - x.weight) * line[x.low] + x.weight * line[x.high];
    }
  }
  return pixels;
}

/**
 * Whether a map has no direction: all zero, or without any number.
 *
 * @param {ArrayLike<number>} values
 */
export function isBlank(values) {
  for (let place = 0; place < values.length; place++) {
    if (values[place] > 0 || values[place] < 0) return false;
  }
  return true;
}

/**
 * Size of a value that gets full colour: 99.5 % of the pixels stay below it, as in all figures; 0 of a blank map.
 *
 * @param {ArrayLike<number>} pixels
 * @returns {number}
 */
export function fullColour(pixels) {
  const sizes = new Float64Array(pixels.length);
  let count = 0;
  for (let place = 0; place < pixels.length; place++) {
    const size = Math.abs(pixels[place]);
    if (size >= 0) sizes[count++] = size;
  }
  if (!count) return 0;
  const place = SHARE_BELOW_FULL * (count - 1);
  const low = Math.floor(place);
  // the largest alone are put in order: sorting all would take most of the time of a click
  const largest = largestOf(sizes.subarray(0, count), count - low);
  const high = Math.min(1, largest.length - 1);
  return largest[0] + (place - low) * (largest[high] - largest[0]) || largest[largest.length - 1];
}

/**
 * The largest values, in ascending order.
 *
 * @param {Float64Array} values
 * @param {number} count of these, at least one
 * @returns {Float64Array}
 */
function largestOf(values, count) {
  const bins = new Uint32Array(1024);
  let top = 0;
  for (const value of values) if (value > top) top = value;
  if (!(top > 0 && top < Infinity)) return values.slice().sort().slice(-count);
  const binOf = (/** @type {number} */ value) => Math.floor((value / top) * 1023);
  for (const value of values) bins[binOf(value)] += 1;
  let bin = 1023;
  for (let seen = bins[bin]; seen < count; seen += bins[bin]) bin -= 1;
  return values.filter((value) => binOf(value) >= bin).sort().slice(-count);
}

/** @param {ArrayLike<number>} pixels @returns {number} Euclidean length; missing pixels count as zero */
function lengthOf(pixels) {
  let square = 0;
  for (let place = 0; place < pixels.length; place++) square += pixels[place] * pixels[place] || 0;
  return Math.sqrt(square);
}

/**
 * A map of length 1, or all zero if it is blank; missing pixels are zero.
 *
 * @param {ArrayLike<number>} pixels
 * @returns {Float32Array}
 */
function unitMap(pixels) {
  const length = lengthOf(pixels);
  const unit = new Float32Array(pixels.length);
  // a loop: `from` with a function takes ten times as long
  if (length) for (let place = 0; place < unit.length; place++) unit[place] = pixels[place] / length || 0;
  return unit;
}

/**
 * Consensus of some maps: the mean of those that are not blank, each scaled to length 1.
 *
 * @param {ArrayLike<number>[]} maps pixels of each, equally many
 * @returns {Float32Array | null} null if there is none that is not blank
 */
export function consensusMap(maps) {
  const units = maps.filter((pixels) => !isBlank(pixels)).map(unitMap);
  if (!units.length) return null;
  const mean = new Float32Array(units[0].length);
  for (const unit of units) {
    for (let place = 0; place < mean.length; place++) mean[place] += unit[place] / units.length;
  }
  return mean;
}

/**
 * What the first map has more than the second, both scaled to length 1.
 *
 * @param {ArrayLike<number>} first pixels
 * @param {ArrayLike<number>} second as many pixels
 * @returns {Float32Array}
 */
export function differenceMap(first, second) {
  const other = unitMap(second);
  return unitMap(first).map((value, place) => value - other[place]);
}

/**
 * Cosine of each map with the consensus of the others; null of a blank map, and where there is no other.
 *
 * @param {ArrayLike<number>[]} maps pixels of each, equally many
 * @param {boolean[]} counted whether a map is part of the consensus
 * @returns {(number | null)[]}
 */
export function agreementWithOthers(maps, counted) {
  const units = maps.map((pixels) => (isBlank(pixels) ? null : unitMap(pixels)));
  const total = new Float64Array(maps[0]?.length ?? 0);
  units.forEach((unit, number) => {
    if (unit && counted[number]) for (let place = 0; place < total.length; place++) total[place] += unit[place];
  });
  const others = units.filter((unit, number) => unit && counted[number]).length;
  const square = lengthOf(total) ** 2;
  return units.map((unit, number) => {
    if (!unit || others - Number(counted[number]) < 1) return null;
    let product = 0;
    for (let place = 0; place < total.length; place++) product += unit[place] * total[place];
    // without itself, of length 1, the sum T of the others has u·T − 1 and |T|² − 2 u·T + 1
    const rest = counted[number] ? square - 2 * product + 1 : square;
    return rest > 1e-9 ? (product - Number(counted[number])) / Math.sqrt(rest) : null;
  });
}

/**
 * Colours of a map over an image.
 *
 * With opacity o the image turns grey by min(1, o/¾) and pale by o, and a value v of size s = min(1, |v|/full) covers
 * s·min(1, o/¾) of it. So 0 is the image, ¾ an overlay as in the figures, 1 the map alone, on white.
 *
 * @param {ArrayLike<number>} pixels of the map
 * @param {number} full size of a value that gets full colour
 * @param {number} opacity from 0 to 1
 * @param {ArrayLike<number> | null} picture red, green, blue and alpha of each pixel; null: white
 * @returns {Uint8ClampedArray<ArrayBuffer>} red, green, blue and alpha of each pixel
 */
export function mapColours(pixels, full, opacity, picture) {
  const colours = new Uint8ClampedArray(4 * pixels.length);
  const strength = Math.min(1, opacity / FIGURE_OPACITY);
  for (let place = 0; place < pixels.length; place++) {
    const value = pixels[place];
    const missing = Number.isNaN(value);
    const covered = strength * (missing ? 1 : full ? Math.min(1, Math.abs(value) / full) : 0);
    const colour = missing ? MISSING_COLOUR : value > 0 ? FOR_COLOUR : AGAINST_COLOUR;
    const at = 4 * place;
    const grey = picture
      ? 0.299 * picture[at] + 0.587 * picture[at + 1] + 0.114 * picture[at + 2]
      : 255;
    for (let channel = 0; channel < 3; channel++) {
      const seen = picture ? picture[at + channel] : 255;
      const ground = (1 - opacity) * (seen + strength * (grey - seen)) + opacity * 255;
      colours[at + channel] = Math.round(ground + covered * (colour[channel] - ground));
    }
    colours[at + 3] = 255;
  }
  return colours;
}

/**
 * Paint a map on a canvas, over an image if there is one; a blank map is crossed out.
 *
 * @param {HTMLCanvasElement} canvas of any size
 * @param {object} drawing
 * @param {ArrayLike<number> | null} drawing.pixels of the map, as many as the canvas has; null: the image alone
 * @param {CanvasImageSource | null} [drawing.picture]
 * @param {number | null} [drawing.full] as for `mapColours`; by default this map's own
 * @param {number} [drawing.opacity]
 */
export function paintMap(canvas, { pixels, picture = null, full = null, opacity = 1 }) {
  const { width, height } = canvas;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (!pen) return;
  pen.clearRect(0, 0, width, height);
  if (picture) pen.drawImage(picture, 0, 0, width, height);
  if (!pixels || opacity === 0) return;
  const behind = picture ? pen.getImageData(0, 0, width, height).data : null;
  const colours = mapColours(pixels, full ?? fullColour(pixels), opacity, behind);
  pen.putImageData(new ImageData(colours, width, height), 0, 0);
  if (isBlank(pixels)) {
    pen.strokeStyle = "#888888";
    pen.beginPath();
    pen.moveTo(0, height);
    pen.lineTo(width, 0);
    pen.stroke();
  }
}
