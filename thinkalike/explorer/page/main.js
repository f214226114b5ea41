/**
 * The page: header, case, filter, and the view that the address asks for.
 */

import { alternatives, DIMENSIONS } from "./cases.js";
import { Charts } from "./charts.js";
import { choice, element, notice } from "./dom.js";
import { filterBar } from "./filter_bar.js";
import { passing } from "./filter.js";
import { counted } from "./format.js";
import { saveMenu } from "./saving.js";
import { changedState, readState, writeState } from "./state.js";
import { Study } from "./study.js";
import { clustersView } from "./view_clusters.js";
import { compareView } from "./view_compare.js";
import { modelsView } from "./view_models.js";
import { imageView } from "./view_image.js";
import { matrixView } from "./view_matrix.js";
import { pairView } from "./view_pair.js";
import { verdictView } from "./view_verdict.js";

/**
 * What a view is given.
 *
 * @typedef {object} Context
 * @property {Study} study
 * @property {Study | null} other a second study that was dropped in
 * @property {(other: Study | null) => void} setOther
 * @property {Record<string, string>} state
 * @property {import("./types.js").Case | null} entry the case that the state asks for
 * @property {(changes: Record<string, string | null | undefined>, options?: {replace?: boolean, quiet?: boolean}) => void} go
 *   changes the state; `replace`: without a step for the back button; `quiet`: without drawing the view anew
 * @property {(collection: string, models?: string[]) => number[]} filtered images that pass the filter
 * @property {Charts} charts
 * @property {(text: string) => void} announce says something to readers of the screen
 */

/**
 * What a view gives back. `update` is called instead of `render` when the state changed and the view is still the same; it
 * answers false where the view must be drawn anew.
 *
 * @typedef {object} Rendered
 * @property {{svg?: () => Promise<string>, png?: () => Promise<Blob>,
 *   table?: () => {columns: string[], rows: any[][]}}} [exports]
 * @property {(context: Context) => boolean | Promise<boolean>} [update]
 * @property {() => void} [dispose]
 */

/**
 * `uses`: which of method, metric, scale and subset the reader can choose for this view, and whether images are filtered.
 *
 * @typedef {object} View
 * @property {string} key
 * @property {string} title
 * @property {readonly ("method" | "metric" | "scale" | "subset" | "filter")[]} [uses]
 * @property {(root: HTMLElement, context: Context) => Promise<Rendered | void>} render
 */

/** @type {View[]} */
const VIEWS = [verdictView, matrixView, pairView, imageView, modelsView, clustersView, compareView];

class Page {
  /**
   * @param {Study} study
   * @param {Study | null} other
   */
  constructor(study, other) {
    this.study = study;
    this.other = other;
    this.state = this.read();
    /** @type {{view: View, rendered: Rendered, charts: Charts, root: HTMLElement} | null} */
    this.shown = null;
    this.turn = 0;
  }

  start() {
    const { contents } = this.study;
    document.title = `${contents.study}: ${contents.title}`;
    part("study").textContent = contents.study;
    const models = contents.models.filter((model) => !model.replica).length;
    part("says").textContent = `${counted(models, "model")}, ${counted(contents.collections[0]?.ids.length ?? 0, "image")}`;
    part("says").title = contents.title;
    part("foot").textContent = `Made by ${contents.software}. This page asks nothing of the network.`;
    part("tools").replaceChildren(...this.tools());
    part("skip").addEventListener("click", (event) => {
      event.preventDefault();
      part("main").focus();
    });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    setTheme(dark.matches);
    dark.addEventListener("change", () => {
      setTheme(dark.matches);
      this.show(true);
    });
    addEventListener("hashchange", () => {
      if (location.hash.replace(/^#/, "") === writeState(this.state)) return;
      this.state = this.read();
      this.show();
    });
    return this.show();
  }

  /** The state of the address; "sentence=3" stands for the link of that sentence of the verdict. */
  read() {
    const state = readState(location.hash);
    if (!state.sentence) return state;
    const link = this.study.contents.verdict[Number(state.sentence)]?.link;
    const linked = readState(link || "view=verdict");
    step("replaceState", `#${writeState(linked)}`);
    return linked;
  }

  tools() {
    const theme = element(
      "button",
      {
        type: "button", id: "theme", title: "Light or dark", "aria-label": "Change between light and dark",
        on: {
          click: () => {
            setTheme(document.documentElement.dataset.theme !== "dark");
            this.show(true);
          },
        },
      },
      "◐",
    );
    const name = () => `${this.study.contents.study}_${this.view().key}`;
    return [saveMenu(name, () => this.shown?.rendered.exports ?? {}, (text) => this.announce(text)), theme];
  }

  /** @returns {View} the view that the state asks for */
  view() {
    return VIEWS.find((view) => view.key === this.state.view) ?? VIEWS[0];
  }

  /**
   * @param {Record<string, string | null | undefined>} changes
   * @param {{replace?: boolean, quiet?: boolean}} [options]
   */
  go(changes, { replace = false, quiet = false } = {}) {
    const before = this.view().key;
    this.state = changedState(this.state, changes);
    const hash = `#${writeState(this.state)}`;
    if (replace || quiet) step("replaceState", hash);
    else if (hash !== (location.hash || "#")) step("pushState", hash);
    if (!quiet) this.show(false, before !== this.view().key);
  }

  /** @returns {Context} */
  context(/** @type {Charts} */ charts) {
    const { study, state } = this;
    const entry = study.caseOf(state);
    const judged = (/** @type {string[] | undefined} */ models) => {
      if (models) return models;
      const all = entry ? entry.models : study.models.map((_, i) => i);
      return all.filter((i) => !study.models[i].control).map((i) => study.models[i].key);
    };
    return {
      study, state, entry, charts,
      other: this.other,
      setOther: (other) => {
        this.other = other;
        this.show(true);
      },
      go: (changes, options) => this.go(changes, options),
      filtered: (collection, models) => passing(study, collection, judged(models), state),
      announce: (text) => this.announce(text),
    };
  }

  announce(/** @type {string} */ text) {
    part("live").textContent = text;
  }

  /**
   * Show the view of the state. The old view stays until the new one is drawn; what had the focus keeps it, where the new view
   * has the same (`data-key` or id).
   *
   * @param {boolean} [anew] draw it again though the view could be updated
   * @param {boolean} [top] begin at the top
   */
  async show(anew = false, top = false) {
    const turn = ++this.turn;
    const view = this.view();
    this.navigation(view);
    if (!anew && this.shown?.view === view && this.shown.rendered.update) {
      if (await this.shown.rendered.update(this.context(this.shown.charts))) return;
      if (turn !== this.turn) return;
    }
    const main = part("main");
    const charts = new Charts();
    const root = element("section", { class: "view coming", "aria-label": view.title });
    main.append(root);
    /** @type {Rendered} */
    let rendered = {};
    try {
      rendered = (await view.render(root, this.context(charts))) ?? {};
    } catch (error) {
      console.error(error);
      root.replaceChildren(notice(`This view could not be drawn: ${error instanceof Error ? error.message : error}`));
    }
    if (turn !== this.turn) {
      charts.dispose();
      rendered.dispose?.();
      root.remove();
      return;
    }
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const key = main.contains(focused) ? (focused?.dataset.key ?? focused?.id) : null;
    this.shown?.charts.dispose();
    this.shown?.rendered.dispose?.();
    this.shown = { view, rendered, charts, root };
    root.classList.remove("coming");
    main.replaceChildren(root);
    if (key) focusOn(root, key);
    if (document.documentElement.dataset.shown && document.activeElement === document.body) main.focus({ preventScroll: true });
    if (top) scrollTo(0, 0);
    document.title = `${view.title} · ${this.study.contents.study}`;
    document.documentElement.dataset.shown = view.key;
  }

  /** @param {View} shown */
  navigation(shown) {
    const kept = Object.fromEntries(
      Object.entries(this.state).filter(([key]) => DIMENSIONS.some((dimension) => dimension === key) || ["a", "b", "image"].includes(key)),
    );
    part("views").replaceChildren(
      ...VIEWS.map((view) =>
        element(
          "a",
          { href: `#${writeState({ ...kept, view: view.key })}`, "aria-current": view === shown ? "page" : null },
          view.title,
        ),
      ),
    );
    const bar = part("case");
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const key = bar.contains(focused) ? (focused?.dataset.key ?? focused?.id) : null;
    const uses = shown.uses ?? [];
    const choices = DIMENSIONS.filter((dimension) => uses.includes(dimension)).map((dimension) => this.dimension(dimension));
    const filter = uses.includes("filter")
      ? filterBar(this.study, this.state, this.context(new Charts()), (changes) => this.go(changes))
      : null;
    bar.replaceChildren(...[...choices, filter].filter((node) => node !== null));
    bar.hidden = bar.childElementCount === 0;
    if (key) focusOn(bar, key);
  }

  /** @param {"method" | "metric" | "scale" | "subset"} dimension */
  dimension(dimension) {
    const entry = this.study.caseOf(this.state);
    const titles = {
      method: (/** @type {any} */ one) => this.study.method(one.method)?.title ?? one.method,
      metric: (/** @type {any} */ one) => one.metric,
      scale: (/** @type {any} */ one) => one.scaleTitle,
      subset: (/** @type {any} */ one) => one.subsetTitle,
    };
    if (entry === null) return null;
    const options = alternatives(this.study.contents.cases, entry, dimension);
    if (options.length < 2) return null;
    return choice(
      { method: "Method", metric: "Metric", scale: "Scale", subset: "Images" }[dimension],
      options.map((one) => ({ key: one[dimension], title: titles[dimension](one) })),
      entry[dimension],
      (key) => this.go({ [dimension]: key }),
      { letters: dimension === "method" ? 72 : 30, named: dimension === "subset" },
    );
  }
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {HTMLElement} root
 * @param {string} key `data-key` or id
 */
function focusOn(root, key) {
  const nodes = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-key], [id]"));
  [...nodes].find((node) => (node.dataset.key ?? node.id) === key)?.focus({ preventScroll: true });
}

/**
 * Write the address. Where the page stands in another (a report), the browser may forbid it; then the state lives in the page alone.
 *
 * @param {"pushState" | "replaceState"} kind
 * @param {string} hash
 */
function step(kind, hash) {
  try {
    history[kind](null, "", hash);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

/** @param {boolean} dark */
function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

try {
  const second = document.getElementById("other-contents") ? Study.fromDocument(document, "other-") : null;
  await new Page(Study.fromDocument(document), second).start();
} catch (error) {
  console.error(error);
  part("main").replaceChildren(notice(error instanceof Error ? error.message : String(error)));
}
