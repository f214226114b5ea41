/** Symbols of families, as Vega draws them, for lists and trees outside of charts. */

import { element } from "./dom.js";

/** Outlines in a box from −1 to 1; Vega's names. */
const OUTLINES = /** @type {Record<string, string>} */ ({
  circle: "M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z",
  square: "M-.88,-.88H.88V.88H-.88Z",
  diamond: "M0,-1.15L1.15,0L0,1.15L-1.15,0Z",
  cross: "M-1,-.38H-.38V-1H.38V-.38H1V.38H.38V1H-.38V.38H-1Z",
  "triangle-up": "M0,-1L1.1,.9H-1.1Z",
  "triangle-down": "M0,1L-1.1,-.9H1.1Z",
  "triangle-left": "M-1,0L.9,-1.1V1.1Z",
  "triangle-right": "M1,0L-.9,1.1V-1.1Z",
  star: "M0,-1.1L.26,-.36L1.05,-.34L.42,.14L.65,.89L0,.44L-.65,.89L-.42,.14L-1.05,-.34L-.26,-.36Z",
});

/**
 * Outline of a family's symbol, of a circle where it is not known.
 *
 * @param {import("./types.js").Family | null} family
 * @param {object} place
 * @param {number} place.x of the centre
 * @param {number} place.y
 * @param {number} place.size half of its width
 * @param {boolean} [place.hollow] drawn as an outline: of controls
 * @returns {SVGPathElement}
 */
export function symbolPath(family, { x, y, size, hollow = false }) {
  const colour = family?.colour ?? "#777777";
  return element("path", {
    d: OUTLINES[family?.symbol ?? "circle"] ?? OUTLINES.circle,
    transform: `translate(${x},${y}) scale(${size})`,
    fill: hollow ? "none" : colour,
    stroke: colour,
    "stroke-width": 0.35,
  });
}

/**
 * A model's symbol beside its name, for lists; readers of the screen hear the family.
 *
 * @param {import("./study.js").Study} study
 * @param {number} model index
 * @returns {SVGElement}
 */
export function modelSymbol(study, model) {
  const { family, control } = study.models[model];
  const known = study.family(family);
  const says = [known?.title, control ? "control" : ""].filter(Boolean).join(", ");
  return element(
    "svg",
    { class: "symbol", viewBox: "-8 -8 16 16", width: 14, height: 14, role: says ? "img" : null, "aria-label": says || null, "aria-hidden": says ? null : "true" },
    symbolPath(known, { x: 0, y: 0, size: 5.5, hollow: control }),
  );
}
