/**
 * The view "Compare".
 */

import { element, notice } from "./dom.js";

export const compareView = {
  key: "compare",
  title: "Compare",

  /**
   * @param {HTMLElement} root
   * @param {import("./main.js").Context} context
   */
  async render(root, context) {
    root.replaceChildren(element("h2", {}, "Compare"), notice(`${context.study.contents.study}: this view is not drawn yet.`));
    return { exports: {} };
  },
};
