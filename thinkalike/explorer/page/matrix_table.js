/**
 * The matrix as a table of numbers, each a button that opens the pair; arrow keys walk over it.
 */

import { element } from "./dom.js";
import { number } from "./format.js";
import { nextPlace } from "./matrix_cursor.js";
import { cellsOf, matrixOrder, pairLines } from "./matrix.js";

/**
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Case} entry
 * @param {(typeof import("./matrix.js").QUANTITIES)[number]} quantity
 * @param {(row: number) => void} open
 * @returns {HTMLElement}
 */
export function matrixTable(study, entry, quantity, open) {
  const models = matrixOrder(entry).map((place) => entry.models[place]);
  const size = models.length;
  const decimals = quantity.key === "n" ? 0 : 2;
  const cells = new Map(cellsOf(study, entry, quantity.key).map((cell) => [cell.y * size + cell.x, cell]));
  /** @type {Map<number, HTMLElement>} */
  const buttons = new Map();
  const button = (/** @type {number} */ x, /** @type {number} */ y) => {
    const cell = cells.get(y * size + x);
    if (!cell) return element("td", { class: "number muted", role: "gridcell" }, "·");
    const node = element(
      "button",
      {
        type: "button", class: "link number", tabindex: buttons.size === 0 ? 0 : -1,
        on: {
          focus: () => node.setAttribute("aria-label", cell.row < 0 ? "no comparison" : pairLines(study, entry, cell.row).join("; ")),
          click: () => cell.row >= 0 && open(cell.row),
          keydown: (/** @type {KeyboardEvent} */ event) => {
            const place = nextPlace([x, y], event.key, size);
            const next = place && buttons.get(place[1] * size + place[0]);
            if (!next) return;
            event.preventDefault();
            node.tabIndex = -1;
            next.tabIndex = 0;
            next.focus();
          },
        },
      },
      number(cell.value, decimals),
    );
    buttons.set(y * size + x, node);
    return element("td", { class: "number", role: "gridcell" }, node);
  };
  const rows = models.map((model, y) =>
    element("tr", { role: "row" }, element("th", { scope: "row", role: "rowheader" }, study.models[model].name), models.map((_, x) => button(x, y))),
  );
  const head = models.map((model) => element("th", { scope: "col", role: "columnheader", class: "number" }, study.models[model].name));
  return element(
    "div",
    { class: "scroll" },
    element(
      "table",
      { class: "table", role: "grid", "aria-label": `Matrix: ${quantity.name}` },
      element("thead", {}, element("tr", { role: "row" }, element("td", {}), head)),
      element("tbody", {}, rows),
    ),
  );
}
