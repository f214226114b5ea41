/**
 * The view "Pair".
 */

import { element, notice } from "./dom.js";

export const pairView = {
  key: "pair",
  title: "Pair",

  /**
   * @param {HTMLElement} root
   * @param {import("./main.js").Context} context
   */
  async render(root, context) {
    root.replaceChildren(element("h2", {}, "Pair"), notice(`${context.study.contents.study}: this view is not drawn yet.`));
    return { exports: {} };
  },
};
