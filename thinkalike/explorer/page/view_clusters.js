/**
 * The view "Clusters": images clustered by their maps (spectral) or by a model's features (NEON).
 */

import { galleryTiles, gallery, overview, pointCard } from "./cluster_gallery.js";
import { clusterName, pointFacts, pointsInBox, pointsOfCluster, readBox, writeBox } from "./cluster_points.js";
import { COLOURED, pointGroups, scatterChart } from "./cluster_scatter.js";
import { choice, element, notice } from "./dom.js";
import { lookControls, lookOf } from "./drawing.js";
import { counted, number } from "./format.js";
import { symbolPath } from "./symbols.js";

const LARGEST_PLOT = 430;
const RESULT_WORDS = /** @type {Record<string, string>} */ ({ epsilon: "ε", knn: "k nearest", mutual: "mutual" });

/** @typedef {import("./main.js").Context} Context */
/** @typedef {import("./types.js").Clustering} Clustering */
/** @typedef {import("./types.js").Results} Results */

export const clustersView = {
  key: "clusters",
  title: "Clusters",

  /**
   * @param {HTMLElement} root
   * @param {Context} context
   */
  async render(root, context) {
    const { clusterings } = context.study.contents;
    if (!clusterings.length) {
      root.append(element("h2", {}, "Clusters of images"), notice("This study clusters no images: neither maps (spectral) nor features (NEON)."));
      return {};
    }
    return new ClustersPage(root, context).draw();
  },
};

class ClustersPage {
  /**
   * @param {HTMLElement} root
   * @param {Context} context
   */
  constructor(root, context) {
    this.root = root;
    this.context = context;
    const { clustering, result } = chosenOf(context);
    this.clustering = clustering;
    this.result = result;
    this.by = context.state.colour ?? "cluster";
    this.box = context.state.box ?? "";
    this.groups = pointGroups(context.study, clustering, result, this.by);
    this.tiles = galleryTiles(context.study, lookOf(context.state));
    this.preview = galleryTiles(context.study, lookOf(context.state));
    this.detail = element("div", { class: "card cluster-detail" });
    this.names = element("div", { class: "cluster-names", role: "group", "aria-label": "Clusters" });
    this.under = element("div", { class: "cluster-preview" });
    /** @type {any} */
    this.chart = null;
    /** @type {HTMLInputElement[]} */
    this.fields = [];
    /** @type {string | null} the rectangle that is on the chart */
    this.drawnBox = this.box;
    /** whether the rectangle of this drag is a step for the back button already */
    this.isStep = false;
    /** @type {number | null} the point that was shown last */
    this.previewed = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
  }

  async draw() {
    const { clustering, result, context } = this;
    const { study, state, go } = context;
    const { clusterings } = study.contents;
    const place = element("div", { class: "cluster-chart" });
    const controls = lookControls(state, (changes) => {
      Object.assign(this.context.state, changes);
      for (const tiles of [this.tiles, this.preview]) tiles.setLook(lookOf(this.context.state));
      go(changes, { quiet: true });
    });
    this.root.append(
      element(
        "header",
        {},
        element("h2", {}, "Clusters of images"),
        choice("Clustering", clusterings.map(({ key, title }) => ({ key, title })), clustering.key, (key) =>
          go({ clustering: key, result: null, cluster: null, box: null }),
        ),
      ),
      element(
        "div",
        { class: "cluster-columns" },
        element(
          "div",
          { class: "cluster-side" },
          element("section", { class: "card" }, resultTabs(clustering, result, (key) => go({ result: key, cluster: null, box: null })), element("p", { class: "cluster-says" }, result.says)),
          element("section", { class: "card" }, this.colourChoice(), place, this.boxFields(), this.under, this.names),
        ),
        this.detail,
      ),
    );
    this.detail.append(controls, element("div", {}));
    this.showDetail();
    const width = Math.min(LARGEST_PLOT, Math.max(240, place.clientWidth));
    const { spec, renderer } = scatterChart(study, clustering, result, {
      by: this.by, box: readBox(this.box), label: this.label(), width, height: Math.round(width * 0.82),
    });
    this.chart = await context.charts.chart(place, spec, {
      label: `${counted(result.labels.length, "point")} in ${counted(result.clusters.length, "cluster")}; the same can be chosen in the list below`,
      renderer,
      on: {
        pointerover: (_, item) => this.showPreview(item?.datum?.point),
        click: (_, item) => this.visit(item?.datum?.point),
        pointerdown: () => (this.isStep = false),
        box: (_, value) => this.boxMoved(value),
      },
    });
    return {
      exports: { svg: this.chart.svg, png: this.chart.png, table: () => this.table() },
      update: (/** @type {Context} */ next) => this.update(next),
      dispose: () => {
        clearTimeout(this.waiting);
        this.tiles.dispose();
        this.preview.dispose();
      },
    };
  }

  /** @returns {number | null} the cluster that is selected */
  label() {
    const { cluster } = this.context.state;
    const label = Number(cluster);
    return cluster !== undefined && this.result.clusters.some((entry) => entry.label === label) ? label : null;
  }

  /** @param {Context} next @returns {boolean} whether the selection alone changed */
  update(next) {
    const { clustering, result } = chosenOf(next);
    const box = next.state.box ?? "";
    const isSame = clustering === this.clustering && result === this.result && (next.state.colour ?? "cluster") === this.by;
    // a rectangle that the chart does not have yet must be drawn anew
    if (!isSame || (box !== this.box && box !== this.drawnBox)) return false;
    this.context = next;
    this.box = box;
    this.showDetail();
    this.chart.view.signal("chosen", this.label()).run();
    return true;
  }

  showDetail() {
    const { context, clustering, result } = this;
    const label = this.label();
    const box = readBox(this.box);
    this.tiles.dispose();
    this.tiles = galleryTiles(context.study, lookOf(context.state));
    const name = (/** @type {number} */ cluster) => this.nameButton(cluster, "row");
    const cluster = result.clusters.find((entry) => entry.label === label);
    const shown = cluster
      ? gallery(context, clustering, result, this.tiles, { title: clusterName(cluster), points: pointsOfCluster(result, cluster.label), known: cluster.known })
      : box
        ? gallery(context, clustering, result, this.tiles, { title: "In the rectangle", points: pointsInBox(result, box) })
        : overview(context, clustering, result, this.tiles, name);
    this.detail.lastElementChild?.replaceWith(shown);
    this.names.replaceChildren(
      element(
        "button",
        { type: "button", "aria-pressed": String(label === null && !box), "data-key": "cluster-all", on: { click: () => this.select(null) } },
        "All clusters",
      ),
      ...result.clusters.map((entry) => this.nameButton(entry.label, "list")),
    );
  }

  /** @param {number} label @param {string} where @returns {HTMLElement} */
  nameButton(label, where) {
    const cluster = this.result.clusters.find((entry) => entry.label === label);
    const chosen = this.label() === label;
    return element(
      "button",
      { type: "button", class: "cluster-name", "aria-pressed": String(chosen), "data-key": `cluster-${where}-${label}`, on: { click: () => this.select(chosen ? null : label) } },
      this.by === "cluster" && this.symbol(cluster?.title ?? ""),
      ` ${cluster?.title ?? label} `,
      element("span", { class: "muted" }, `(${cluster?.size ?? 0})`),
    );
  }

  /** @param {string} name of a group @returns {SVGElement} */
  symbol(name) {
    const place = this.groups.names.indexOf(name);
    const look = { key: "", title: name, colour: this.groups.colours[place], symbol: this.groups.shapes[place] };
    return element("svg", { class: "symbol", viewBox: "-8 -8 16 16", width: 14, height: 14, "aria-hidden": "true" }, symbolPath(look, { x: 0, y: 0, size: 5.5 }));
  }

  /** @param {number | null} label */
  select(label) {
    this.context.go({ cluster: label === null ? null : String(label), box: null });
  }

  colourChoice() {
    const several = new Set(this.clustering.models).size > 1;
    const options = COLOURED.filter(({ key }) => key !== "model" || several);
    const list = choice("Colour by", options, this.by, (key) => this.context.go({ colour: key === "cluster" ? null : key }), { most: 2 });
    if (this.by === "cluster") return list;
    const key = this.groups.names.map((name) => element("span", { class: "cluster-key" }, this.symbol(name), ` ${name}`));
    return element("div", {}, list, element("div", { class: "cluster-keys small" }, key));
  }

  /** Fields that give the rectangle by numbers, for readers without a pointer. */
  boxFields() {
    const box = readBox(this.box);
    const fields = ["x from", "x to", "y from", "y to"].map((label, place) =>
      element("input", { type: "text", inputmode: "decimal", size: 6, "aria-label": label, placeholder: label, "data-key": `box-${place}`, value: box ? String([...box.x, ...box.y][place]) : "" }),
    );
    this.fields = fields;
    const apply = () => {
      const text = fields.map((field) => field.value.replace("−", "-")).join(",");
      if (readBox(text)) this.context.go({ box: text, cluster: null });
      else this.context.announce("Give four numbers: x from, x to, y from, y to.");
    };
    return element(
      "details",
      { class: "small cluster-box" },
      element("summary", { class: "muted" }, "Drag over the points to select some; or by numbers"),
      element("div", { class: "row" }, fields, element("button", { type: "button", "data-key": "box-apply", on: { click: apply } }, "Select")),
    );
  }

  /** @param {{x?: number[], y?: number[]}} value the rectangle while it is drawn */
  boxMoved(value) {
    const text = writeBox(value);
    this.drawnBox = text;
    [...(value?.x ?? []), ...(value?.y ?? [])].forEach((end, place) => {
      this.fields[place].value = number(end, 3);
    });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      if (text === this.box) return;
      this.context.go({ box: text, cluster: null }, { replace: this.isStep });
      this.isStep = true;
      const box = readBox(text);
      if (box) this.context.announce(`${counted(pointsInBox(this.result, box).length, "point")} in the rectangle`);
    }, 180);
  }

  /** @param {number | undefined} point shown with its map while the pointer is on it */
  showPreview(point) {
    if (point === undefined || point === this.previewed) return;
    this.previewed = point;
    this.preview.dispose();
    this.preview = galleryTiles(this.context.study, lookOf(this.context.state));
    this.under.replaceChildren(pointCard(this.context, this.clustering, this.result, this.preview, point));
  }

  /** @param {number | undefined} point whose image is looked at */
  visit(point) {
    if (point === undefined) return;
    const { image, model } = pointFacts(this.context.study, this.clustering, this.result, point);
    const { collection, maps } = this.clustering;
    this.context.go({ view: "image", collection, image: this.context.study.collection(collection).ids[image], a: model, ...(maps ? { method: maps } : {}) });
  }

  table() {
    const { context, clustering, result } = this;
    const { ids } = context.study.collection(clustering.collection);
    return {
      columns: ["image", "model", "class", "predicted", "probability", "cluster", "x", "y"],
      rows: result.labels.map((_, point) => {
        const fact = pointFacts(context.study, clustering, result, point);
        return [ids[fact.image], fact.model, fact.class, fact.prediction?.name, fact.prediction?.probability, fact.cluster, result.x[point], result.y[point]];
      }),
    };
  }
}

/** @param {Context} context @returns {{clustering: Clustering, result: Results}} that the state asks for, else the telling one */
function chosenOf({ study, state }) {
  const { clusterings } = study.contents;
  const clustering = clusterings.find(({ key }) => key === state.clustering) ?? clusterings[0];
  const result = clustering.results.find(({ key }) => key === state.result) ?? clustering.results[clustering.telling] ?? clustering.results[0];
  return { clustering, result };
}

/**
 * Results as tabs: graphs in rows, Laplacians in columns, with the number of clusters and their stability.
 *
 * @param {Clustering} clustering
 * @param {Results} chosen
 * @param {(key: string) => void} choose
 */
function resultTabs({ results }, chosen, choose) {
  if (results.length < 2) return null;
  const parts = results.map(({ key }) => key.split("/"));
  const rows = [...new Set(parts.map(([row]) => row))];
  const columns = [...new Set(parts.map(([, column]) => column ?? ""))];
  const words = (/** @type {string} */ key) => RESULT_WORDS[key] ?? key.replaceAll("_", " ");
  const cell = (/** @type {string} */ row, /** @type {string} */ column) => {
    const result = results.find(({ key }) => key === (column ? `${row}/${column}` : row));
    if (!result) return element("td", {});
    const { beyond, stability } = result;
    const says = [counted(result.clusters.length, "cluster"), ...(stability === undefined ? [] : [`stability ${number(stability)}`]), ...(beyond === undefined ? [] : [beyond ? "more than one cloud" : "no more than one cloud"])];
    return element(
      "td",
      {},
      element(
        "button",
        { type: "button", "aria-pressed": String(result === chosen), "aria-label": `${result.title}: ${says.join(", ")}`, title: says.join(", "), "data-key": `result-${result.key}`, on: { click: () => choose(result.key) } },
        element("span", {}, `${result.clusters.length}`),
        stability !== undefined && element("span", { class: "muted" }, number(stability)),
        beyond && element("span", { class: "cluster-beyond" }, "●"),
      ),
    );
  };
  const stable = results.some(({ stability }) => stability !== undefined);
  const telling = results.some(({ beyond }) => beyond !== undefined);
  return element(
    "div",
    {},
    element(
      "table",
      { class: "cluster-results" },
      element("caption", {}, "Number of clusters", stable && ", stability", telling && "; ● more than one cloud"),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "graph"), columns.map((column) => element("th", { scope: "col" }, words(column))))),
      element("tbody", {}, rows.map((row) => element("tr", {}, element("th", { scope: "row" }, words(row)), columns.map((column) => cell(row, column))))),
    ),
  );
}
