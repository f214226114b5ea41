/**
 * The view "Verdict".
 */

import { element, notice } from "./dom.js";

export const verdictView = {
  key: "verdict",
  title: "Verdict",

  /**
   * @param {HTMLElement} root
   * @param {import("./main.js").Context} context
   */
  async render(root, context) {
    root.replaceChildren(element("h2", {}, "Verdict"), notice(`${context.study.contents.study}: this view is not drawn yet.`));
    return { exports: {} };
  },
};
