/**
 * The bar by which a reader filters the images.
 */

import { element } from "./dom.js";
import { AGREE, RIGHT, filters } from "./filter.js";
import { counted } from "./format.js";

/**
 * @param {import("./study.js").Study} study
 * @param {Record<string, string>} state
 * @param {{filtered: (collection: string) => number[]}} context
 * @param {(changes: Record<string, string>) => void} change
 * @returns {HTMLElement}
 */
export function filterBar(study, state, context, change) {
  const { key, ids } = study.contents.collections[0];
  const menu = (/** @type {string} */ name, /** @type {string} */ label, /** @type {{key: string, title: string}[]} */ options) => {
    const list = element(
      "select",
      { "aria-label": label, "data-key": `filter-${name}`, on: { change: () => change({ [name]: list.value }) } },
      options.map((option) => element("option", { value: option.key }, option.title)),
    );
    list.value = state[name] ?? "";
    return list;
  };
  const classes = study.contents.classes.map((name) => ({ key: name, title: name }));
  const text = element("input", {
    type: "search", placeholder: "name or class", "aria-label": "Text in the name or class of an image", "data-key": "filter-text",
    value: state.text ?? "", on: { change: () => change({ text: text.value }) },
  });
  const clear = element(
    "button",
    { type: "button", "data-key": "filter-clear", on: { click: () => change({ class: "", right: "", agree: "", text: "" }) } },
    "Clear",
  );
  return element(
    "details",
    { class: "filter", open: filters(state) },
    element(
      "summary",
      { "data-key": "filter-summary" },
      `Filter: ${filters(state) ? `${context.filtered(key).length} of ` : ""}${counted(ids.length, "image")}`,
    ),
    element(
      "div",
      { class: "filter-fields", role: "group", "aria-label": "Filter of images" },
      menu("class", "Class of the image", [{ key: "", title: "all classes" }, ...classes]),
      menu("right", "Right or wrong predictions", RIGHT),
      menu("agree", "Agreement of the models", AGREE),
      text,
      filters(state) ? clear : null,
    ),
  );
}
