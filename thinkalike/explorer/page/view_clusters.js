/**
 * The view "Clusters".
 */

import { element, notice } from "./dom.js";

export const clustersView = {
  key: "clusters",
  title: "Clusters",

  /**
   * @param {HTMLElement} root
   * @param {import("./main.js").Context} context
   */
  async render(root, context) {
    root.replaceChildren(element("h2", {}, "Clusters"), notice(`${context.study.contents.study}: this view is not drawn yet.`));
    return { exports: {} };
  },
};
