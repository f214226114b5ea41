/**
 * Colours of numbers: two scales that are read alike with every common colour vision deficiency and in grey.
 */

/** @typedef {[number, number, number]} Rgb */

/**
 * Stops from the low end to the high end. Blue (similarity) grows away from the page's ground, orange is beyond the low end;
 * violet (precision, counts) is for what is no similarity.
 *
 * @type {Record<"light" | "dark", Record<"similarity" | "beyond" | "plain", string[]>>}
 */
const STOPS = {
  light: {
    similarity: ["#f4f7fb", "#cfe0f1", "#8fbfe0", "#4a94c8", "#1c62a3", "#08306b"],
    beyond: ["#f4f7fb", "#fdc58c", "#d9690f", "#7f2f04"],
    plain: ["#f7f6fa", "#d5cfe6", "#a596c8", "#7256a3", "#3f1d73"],
  },
  dark: {
    similarity: ["#1d232c", "#1d3f63", "#2468a2", "#4a98d3", "#93c6ee", "#e8f4fe"],
    beyond: ["#1d232c", "#6b3a14", "#c46c22", "#ffd0a0"],
    plain: ["#201f29", "#443a63", "#6f5fa3", "#a794d6", "#e9e2fb"],
  },
};

/**
 * @param {string} text "#rrggbb"
 * @returns {Rgb}
 */
function rgbOf(text) {
  return /** @type {Rgb} */ ([1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
}

/**
 * Colour at a share of the way along stops.
 *
 * @param {string[]} stops
 * @param {number} share 0 to 1; beyond is the end
 * @returns {string} "#rrggbb"
 */
export function along(stops, share) {
  const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const first = Math.min(Math.floor(place), stops.length - 2);
  const [low, high] = [rgbOf(stops[first]), rgbOf(stops[first + 1])];
  const mixed = low.map((value, i) => Math.round(value + (high[i] - value) * (place - first)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * Colour of text on a colour: black or white, whichever has the higher contrast, which is then at least 4.5 (WCAG 2).
 *
 * @param {string} ground "#rrggbb"
 * @returns {string}
 */
export function inkOn(ground) {
  const light = luminance(ground);
  return (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? "#000000" : "#ffffff";
}

/**
 * Relative luminance of a colour (WCAG 2), 0 to 1.
 *
 * @param {string} text "#rrggbb"
 * @returns {number}
 */
export function luminance(text) {
  const [r, g, b] = rgbOf(text).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * A scale of colours for numbers.
 *
 * @param {object} scale
 * @param {number} scale.pale number that is pale: chance
 * @param {number} scale.full number that is strongest: the same
 * @param {boolean} [scale.plain] whether it is no similarity
 * @param {boolean} dark
 * @returns {(value: number) => string} numbers on the far side of `pale` are orange
 */
export function colourScale({ pale, full, plain = false }, dark) {
  const stops = STOPS[dark ? "dark" : "light"];
  return (value) => {
    const share = (value - pale) / (full - pale || 1);
    return share < 0 ? along(stops.beyond, -share) : along(plain ? stops.plain : stops.similarity, share);
  };
}
