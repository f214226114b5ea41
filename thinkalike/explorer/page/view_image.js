/**
 * The view "Image".
 */

import { element, notice } from "./dom.js";

export const imageView = {
  key: "image",
  title: "Image",

  /**
   * @param {HTMLElement} root
   * @param {import("./main.js").Context} context
   */
  async render(root, context) {
    root.replaceChildren(element("h2", {}, "Image"), notice(`${context.study.contents.study}: this view is not drawn yet.`));
    return { exports: {} };
  },
};
