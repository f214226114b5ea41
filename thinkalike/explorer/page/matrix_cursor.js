/**
 * A cursor over the cells of the matrix, for the keyboard: one button that lies on the present cell.
 */

import { showTip } from "./charts.js";
import { element } from "./dom.js";

/** @typedef {{x: number, y: number, row: number}} Cell */

/** Steps of keys: columns and rows. */
const KEY_STEPS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
});

/**
 * Place after a key, in a matrix of so many rows; null where the key is none of the cursor's. The diagonal is stepped over; at
 * its ends, to the same pair on the other side.
 *
 * @param {[number, number]} place column and row
 * @param {string} key of the keyboard's event
 * @param {number} size
 * @returns {[number, number] | null}
 */
export function nextPlace([x, y], key, size) {
  const last = size - 1;
  if (key === "Home") return [y === 0 ? 1 : 0, y];
  if (key === "End") return [y === last ? last - 1 : last, y];
  const step = KEY_STEPS[key];
  if (!step) return null;
  const inside = (/** @type {number} */ value) => Math.min(Math.max(value, 0), last);
  let next = /** @type {[number, number]} */ ([inside(x + step[0]), inside(y + step[1])]);
  if (next[0] === next[1]) next = [next[0] + step[0], next[1] + step[1]];
  return next.some((value) => value < 0 || value > last) ? [y, x] : next;
}

export class MatrixCursor {
  /**
   * @param {Cell[]} cells
   * @param {number} size rows of the matrix
   * @param {{cell: number, left: number, top: number}} layout
   * @param {(row: number) => string} tip the pair of a row in words
   * @param {(row: number) => void} open
   * @param {(text: string) => void} announce
   * @param {(cell: Cell | null) => void} mark shows the cell in the picture
   */
  constructor(cells, size, layout, tip, open, announce, mark) {
    this.cells = new Map(cells.map((cell) => [cell.y * size + cell.x, cell]));
    this.size = size;
    this.layout = layout;
    this.tip = tip;
    this.announce = announce;
    this.mark = mark;
    /** @type {[number, number]} */
    this.place = [1, 0];
    this.button = element("button", {
      type: "button", class: "matrix-cursor", "data-key": "matrix-cursor", "aria-roledescription": "cell of the matrix",
      on: {
        click: () => this.cell().row >= 0 && open(this.cell().row),
        focus: () => this.show(),
        blur: () => {
          mark(null);
          showTip(null, null);
        },
        keydown: (/** @type {KeyboardEvent} */ event) => {
          const place = nextPlace(this.place, event.key, size);
          if (place === null) return;
          event.preventDefault();
          this.place = place;
          this.lie();
          this.show();
        },
      },
    });
    this.lie();
  }

  /** @returns {Cell} */
  cell() {
    const [x, y] = this.place;
    return /** @type {Cell} */ (this.cells.get(y * this.size + x));
  }

  /** Lie on the present cell. */
  lie() {
    const { cell, left, top } = this.layout;
    const { style } = this.button;
    style.left = `${left + this.place[0] * cell}px`;
    style.top = `${top + this.place[1] * cell}px`;
    style.width = style.height = `${cell}px`;
    this.button.setAttribute("aria-label", this.tip(this.cell().row).replaceAll("\n", "; "));
  }

  show() {
    const box = this.button.getBoundingClientRect();
    this.mark(this.cell());
    const text = this.tip(this.cell().row);
    showTip({ clientX: box.right, clientY: box.bottom }, text);
    this.announce(text.replaceAll("\n", "; "));
  }
}
