/**
 * Saving what is shown: a picture as SVG or PNG, the numbers as CSV.
 */

import { element } from "./dom.js";
import { csv } from "./format.js";

/** @typedef {{svg?: () => Promise<string>, png?: () => Promise<Blob>, table?: () => {columns: string[], rows: any[][]}}} Exports */

/**
 * Hand a file to the reader.
 *
 * @param {Blob} blob
 * @param {string} name
 */
function saveFile(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = element("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * Buttons that save the view that is shown.
 *
 * @param {() => string} name of the file, without its ending
 * @param {() => Exports} exports of the view that is shown
 * @param {(text: string) => void} announce
 * @returns {HTMLElement}
 */
export function saveMenu(name, exports, announce) {
  /** @type {[keyof Exports, string, string, () => Promise<Blob>][]} */
  const kinds = [
    ["svg", "Picture (SVG)", "svg", async () => new Blob([(await exports().svg?.()) ?? ""], { type: "image/svg+xml" })],
    ["png", "Picture (PNG)", "png", async () => (await exports().png?.()) ?? new Blob()],
    ["table", "Numbers (CSV)", "csv", async () => new Blob([csv(exports().table?.() ?? { columns: [], rows: [] })], { type: "text/csv" })],
  ];
  const buttons = kinds.map(([key, title, ending, blob]) =>
    element(
      "button",
      {
        type: "button", "data-save": key,
        on: {
          click: async () => {
            saveFile(await blob(), `${name()}.${ending}`);
            menu.open = false;
            announce(`Saved ${name()}.${ending}`);
          },
        },
      },
      title,
    ),
  );
  const menu = element(
    "details",
    {
      class: "menu",
      on: {
        toggle: () => buttons.forEach((button, i) => (button.disabled = exports()[kinds[i][0]] === undefined)),
        keydown: (/** @type {KeyboardEvent} */ event) => {
          if (event.key === "Escape") menu.open = false;
        },
        focusout: (/** @type {FocusEvent} */ event) => {
          if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) menu.open = false;
        },
      },
    },
    element("summary", { id: "save" }, "Save"),
    element("div", { class: "menu-list" }, buttons),
  );
  return menu;
}
