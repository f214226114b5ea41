/**
 * The view "Matrix".
 */

import { element, notice } from "./dom.js";

export const matrixView = {
  key: "matrix",
  title: "Matrix",

  /**
   * @param {HTMLElement} root
   * @param {import("./main.js").Context} context
   */
  async render(root, context) {
    root.replaceChildren(element("h2", {}, "Matrix"), notice(`${context.study.contents.study}: this view is not drawn yet.`));
    return { exports: {} };
  },
};
