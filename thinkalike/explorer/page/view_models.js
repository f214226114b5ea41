/**
 * The view "Map of models".
 */

import { element, notice } from "./dom.js";

export const modelsView = {
  key: "models",
  title: "Map of models",

  /**
   * @param {HTMLElement} root
   * @param {import("./main.js").Context} context
   */
  async render(root, context) {
    root.replaceChildren(element("h2", {}, "Map of models"), notice(`${context.study.contents.study}: this view is not drawn yet.`));
    return { exports: {} };
  },
};
