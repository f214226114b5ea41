/**
 * Charts: Vega and Vega-Lite in the colours of the page, run by their interpreter (the page forbids code from text).
 */

import { element } from "./dom.js";

/**
 * @typedef {object} Chart
 * @property {any} view Vega's
 * @property {() => Promise<string>} svg
 * @property {() => Promise<Blob>} png
 */

/** Events of the pointer; other names in `on` are signals of the chart. */
const EVENTS = new Set(["click", "dblclick", "pointermove", "pointerover", "pointerout", "pointerdown", "pointerup"]);

/**
 * Value of a colour of the page, `colour("ink")`.
 *
 * @param {string} name of the custom property, without "--"
 * @returns {string}
 */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Settings that give a chart the page's colours and letters. */
function themeOfCharts() {
  const [ink, soft, line, card] = ["ink", "soft", "line", "card"].map(colour);
  const font = getComputedStyle(document.body).fontFamily;
  const axis = {
    labelColor: soft, titleColor: ink, domainColor: line, tickColor: line, gridColor: line, labelFont: font, titleFont: font,
    labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", gridOpacity: 0.6,
  };
  return {
    background: card,
    font,
    axis,
    legend: { labelColor: soft, titleColor: ink, labelFont: font, titleFont: font, labelFontSize: 12, titleFontSize: 12 },
    title: { color: ink, font, fontSize: 13, fontWeight: 600, anchor: "start" },
    text: { color: ink, fill: ink, font, fontSize: 12 },
    header: { labelColor: ink, titleColor: ink },
    view: { stroke: null },
    bar: { fill: colour("accent") },
    line: { stroke: colour("accent"), strokeWidth: 2 },
    point: { fill: colour("accent"), filled: true, size: 60 },
    rule: { stroke: soft },
    style: { "guide-label": { fill: soft }, "guide-title": { fill: ink } },
  };
}

/** The box that follows the pointer; made once, shared by all charts. */
export function tip() {
  const box = document.getElementById("tip") ?? element("div", { id: "tip", role: "presentation", hidden: true });
  if (!box.isConnected) document.body.append(box);
  return box;
}

/**
 * Show text beside the pointer: the first line is the title. No value hides the box.
 *
 * @param {{clientX: number, clientY: number} | null} event
 * @param {unknown} value a text with lines, or an object of names and values
 */
export function showTip(event, value) {
  const box = tip();
  if (event === null || value === null || value === undefined || value === "") {
    box.hidden = true;
    return;
  }
  const lines =
    typeof value === "object" ? Object.entries(value).map(([name, entry]) => `${name}: ${entry}`) : String(value).split("\n");
  box.replaceChildren(...lines.map((line, i) => element("div", { class: i === 0 ? "tip-title" : null }, line)));
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const left = event.clientX + 14 + width > innerWidth ? event.clientX - 14 - width : event.clientX + 14;
  const top = event.clientY + 14 + height > innerHeight ? event.clientY - 14 - height : event.clientY + 14;
  box.style.left = `${Math.max(4, left)}px`;
  box.style.top = `${Math.max(4, top)}px`;
}

/** The charts of one view; `dispose` ends them all. */
export class Charts {
  constructor() {
    /** @type {any[]} */
    this.embedded = [];
  }

  /**
   * Draw a chart into an element.
   *
   * @param {HTMLElement} root
   * @param {any} spec of Vega-Lite or Vega, by its `$schema` (Vega-Lite where there is none)
   * @param {object} options
   * @param {string} options.label what a reader who cannot see it should know; required
   * @param {Record<string, (...values: any[]) => void>} [options.on] handlers: of pointer events (event, item), of signals
   *   (name, value)
   * @param {"svg" | "canvas"} [options.renderer] canvas for thousands of marks
   * @param {(value: any) => string} [options.tip] text beside the pointer for the value of a mark's `tooltip`
   * @returns {Promise<Chart>}
   */
  async chart(root, spec, { label, on = {}, renderer = "svg", tip: text }) {
    const place = element("div", { class: "chart", role: "img", "aria-label": label });
    root.append(place);
    const mode = String(spec.$schema ?? "").includes("/vega/") ? "vega" : "vega-lite";
    const result = await /** @type {any} */ (globalThis).vegaEmbed(
      place,
      { ...spec, config: { ...themeOfCharts(), ...(spec.config ?? {}) } },
      {
        mode, renderer, actions: false, ast: true, defaultStyle: false, hover: true,
        tooltip: (/** @type {any} */ _handler, /** @type {any} */ event, /** @type {any} */ _item, /** @type {any} */ value) =>
          showTip(event, text && value !== null && value !== undefined && value !== "" ? text(value) : value),
      },
    );
    const { view } = result;
    this.embedded.push(result);
    for (const [name, handler] of Object.entries(on)) {
      if (EVENTS.has(name)) view.addEventListener(name, handler);
      else view.addSignalListener(name, handler);
    }
    return {
      view,
      svg: () => view.toSVG(),
      png: async () => {
        const canvas = await view.toCanvas(2);
        return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
      },
    };
  }

  dispose() {
    for (const result of this.embedded) result.finalize();
    this.embedded = [];
    showTip(null, null);
  }
}
