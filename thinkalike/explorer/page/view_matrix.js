/**
 * The view "Matrix": how alike the explanations of every two models are.
 */

import { colour } from "./charts.js";
import { colourScale } from "./colours.js";
import { choice, element, notice } from "./dom.js";
import { number } from "./format.js";
import { MatrixCursor } from "./matrix_cursor.js";
import { layoutOf, matrixPicture } from "./matrix_picture.js";
import { matrixTable } from "./matrix_table.js";
import { CATEGORIES, categoriesOf, cellsOf, marksOf, matrixOrder, pairLines, quantitiesOf, quantityOf, scaleOf } from "./matrix.js";
import { stripPicture } from "./strip_picture.js";
import { modelSymbol } from "./symbols.js";

/** @typedef {import("./main.js").Context} Context */

export const matrixView = {
  key: "matrix",
  title: "Matrix",
  uses: /** @type {const} */ (["method", "metric", "scale", "subset"]),

  /**
   * @param {HTMLElement} root
   * @param {Context} context
   */
  async render(root, context) {
    const { study, state, entry, go } = context;
    const quantities = entry ? quantitiesOf(entry) : [];
    if (!entry || entry.models.length < 2 || quantities.length === 0) {
      root.replaceChildren(element("h2", {}, "Matrix"), notice("This study compares no two models, so there is no matrix."));
      return { exports: {} };
    }
    const quantity = quantities.find(({ key }) => key === state.quantity) ?? quantities[0];
    const asTable = state.as === "table";
    root.append(
      element(
        "header",
        {},
        element("h2", {}, "How alike are the explanations of two models?"),
        element("span", { class: "muted" }, `${quantity.name[0].toUpperCase()}${quantity.name.slice(1)}. ${quantity.says[0].toUpperCase()}${quantity.says.slice(1)}.`),
      ),
      element(
        "div",
        { class: "row" },
        choice("Show", [...quantities], quantity.key, (key) => go({ quantity: key })),
        choice("As", [{ key: "", title: "picture" }, { key: "table", title: "table" }], asTable ? "table" : "", (key) => go({ as: key })),
        element("span", { class: "muted small" }, "Click a cell: the pair and its images."),
      ),
    );
    const card = element("div", { class: "card matrix" });
    const side = element("aside", { class: "card", "aria-label": "All pairs on the scale" });
    root.append(element("div", { class: "columns" }, card, side));
    const open = (/** @type {number} */ row) => {
      const { a, b } = entry.pairs;
      go({ view: "pair", a: study.models[a[row]].key, b: study.models[b[row]].key });
    };
    const strip = await drawStrip(side, context, quantity, open);
    const hot = (/** @type {number | null} */ row) => strip.view.signal("hot", row).run();
    const picture = asTable ? null : await drawMatrix(card, context, quantity, open, hot);
    if (asTable) card.append(matrixTable(study, entry, quantity, open));
    return {
      exports: {
        svg: picture?.svg ?? strip.svg,
        png: picture?.png ?? strip.png,
        table: () => pairsTable(context),
      },
    };
  },
};

/**
 * @param {HTMLElement} card
 * @param {Context} context
 * @param {(typeof import("./matrix.js").QUANTITIES)[number]} quantity
 * @param {(row: number) => void} open
 * @param {(row: number | null) => void} hot
 */
async function drawMatrix(card, { study, entry, charts, go, announce }, quantity, open, hot) {
  if (!entry) throw new Error("There is no case.");
  const order = matrixOrder(entry).map((place) => entry.models[place]);
  const dark = document.documentElement.dataset.theme === "dark";
  const page = Object.fromEntries(["ink", "soft", "line", "card", "blank", "accent"].map((name) => [name, colour(name)]));
  const labels = order.map((index) => {
    const model = study.models[index];
    const family = study.family(model.family);
    const kind = [family?.title, model.control ? "control: should share nothing, or nearly all" : ""].filter(Boolean).join(", ");
    const right = model.accuracy === null ? "" : `\npredicts ${Math.round(model.accuracy * 100)} % rightly`;
    return { name: model.name, colour: family?.colour ?? "#777777", symbol: family?.symbol ?? "circle", control: model.control, tip: `${model.name}\n${kind}${right}` };
  });
  const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  pen.font = `13px ${getComputedStyle(document.body).fontFamily}`;
  const layout = layoutOf({
    models: order.length,
    width: card.clientWidth - 32,
    height: Math.max(360, innerHeight - 236),
    letters: labels.length > 60 ? 0 : Math.max(...labels.map((label) => pen.measureText(label.name).width)),
    tree: entry.tree !== null,
  });
  const cells = cellsOf(study, entry, quantity.key);
  const tip = (/** @type {number} */ row) => (row < 0 ? "no comparison" : pairLines(study, entry, row).join("\n"));
  const spec = matrixPicture({
    cells, labels, entry, layout, page: /** @type {any} */ (page),
    decimals: quantity.key === "n" ? 0 : 2,
    colours: colourScale(scaleOf(entry, quantity.key, study.contents.unrelated), dark),
  });
  const stage = element("div", { class: "matrix-stage" });
  card.append(element("div", { class: "scroll" }, stage));
  const chart = await charts.chart(stage, spec, {
    label: `Matrix of ${order.length} models: ${quantity.name}. Its cells can be walked with the arrow keys; the same numbers stand in the table.`,
    renderer: order.length > 40 ? "canvas" : "svg",
    tip: (value) => (typeof value === "number" ? tip(value) : value),
    on: {
      click: (_event, item) => {
        if (item?.mark?.name === "cells" && item.datum.row >= 0) open(item.datum.row);
        if (item?.mark?.name === "branches") {
          go({ view: "models", group: item.datum.leaves.map((/** @type {number} */ place) => study.models[entry.models[place]].key).join(",") });
        }
      },
      hot: (_name, value) => hot(value?.row ?? null),
    },
  });
  stage.append(new MatrixCursor(cells, order.length, layout, tip, open, announce, (cell) => {
    chart.view.signal("hot", cell && { x: cell.x, y: cell.y, row: cell.row }).run();
  }).button);
  card.append(keyOfModels(study, order, layout.tree > 0));
  return chart;
}

/**
 * What the symbols beside the names mean.
 *
 * @param {import("./study.js").Study} study
 * @param {number[]} order indices of models
 * @param {boolean} tree
 */
function keyOfModels(study, order, tree) {
  const families = study.contents.families.filter((family) => order.some((i) => study.models[i].family === family.key));
  const examples = families.map((family) => {
    const example = order.find((i) => study.models[i].family === family.key && !study.models[i].control);
    return example === undefined ? null : element("span", {}, modelSymbol(study, example), ` ${family.title}`);
  });
  const control = order.find((i) => study.models[i].control);
  return element(
    "div",
    { class: "row small muted" },
    examples,
    control === undefined ? null : element("span", {}, modelSymbol(study, control), " ", element("i", {}, "control")),
    tree ? element("span", {}, "Ordered by the tree; numbers on branches: support in %. Click a branch: its models.") : null,
  );
}

/**
 * @param {HTMLElement} side
 * @param {Context} context
 * @param {(typeof import("./matrix.js").QUANTITIES)[number]} quantity
 * @param {(row: number) => void} open
 */
async function drawStrip(side, { study, entry, charts }, quantity, open) {
  if (!entry) throw new Error("There is no case.");
  const { unrelated } = study.contents;
  const scale = scaleOf(entry, quantity.key, unrelated);
  const dark = document.documentElement.dataset.theme === "dark";
  const { pairs } = entry;
  const values = pairs.a.flatMap((_, row) => {
    const value = quantityOf(pairs, row, quantity.key);
    return value === null ? [] : [{ row, value, category: pairs.category[row] }];
  });
  side.append(element("h3", {}, "All pairs on the scale"));
  const decimals = quantity.key === "n" ? 0 : 2;
  const chart = await charts.chart(
    side,
    stripPicture({
      pairs: values, scale,
      categories: CATEGORIES.filter((category) => values.some((value) => value.category === category)),
      marks: marksOf(entry, quantity.key, unrelated),
      colours: colourScale(scale, dark),
      title: quantity.title,
      width: side.clientWidth - 34,
      height: 250,
      page: { ink: colour("ink"), soft: colour("soft"), warm: colour("warm"), accent: colour("accent") },
    }),
    {
      label: `All pairs by category on the scale of ${quantity.name}; the table below has their medians.`,
      on: { click: (_event, item) => item?.datum?.row !== undefined && open(item.datum.row) },
      renderer: values.length > 1000 ? "canvas" : "svg",
      tip: (row) => pairLines(study, entry, row).join("\n"),
    },
  );
  const marked = marksOf(entry, quantity.key, unrelated).map((mark) => mark.title);
  side.append(
    element(
      "p",
      { class: "small muted" },
      [
        marked.includes("chance") ? "Chance: maps of different images." : "",
        marked.includes("unrelated") ? "Unrelated: what chance gives." : "",
        marked.includes("ceiling") ? "Ceiling: the mean of two seeds of one network; closer is no difference of architecture." : "",
      ].join(" "),
    ),
    element(
      "table",
      { class: "table compact" },
      element("thead", {}, element("tr", {}, ["Pairs", "", "median", "range"].map((text, i) => element("th", { scope: "col", class: i ? "number" : null }, text)))),
      element(
        "tbody",
        {},
        categoriesOf(entry, quantity.key).map((row) =>
          element(
            "tr",
            {},
            element("th", { scope: "row" }, row.category),
            [String(row.count), number(row.median, decimals), `${number(row.least, decimals)} – ${number(row.most, decimals)}`].map((text) =>
              element("td", { class: "number" }, text),
            ),
          ),
        ),
      ),
    ),
  );
  return chart;
}

/**
 * All numbers of the pairs, as a table to save.
 *
 * @param {Context} context
 */
function pairsTable({ study, entry }) {
  if (!entry) return { columns: [], rows: [] };
  const { pairs } = entry;
  const names = /** @type {const} */ (["n", "mean", "chance", "rho", "low", "high", "dissimilarity", "dissimilarityLow", "dissimilarityHigh", "notConverged"]);
  const rows = pairs.a.map((_, row) => [
    entry.method, entry.metric, entry.scale, entry.subset, study.models[pairs.a[row]].key, study.models[pairs.b[row]].key,
    pairs.category[row], ...names.map((name) => pairs[name][row]),
  ]);
  return { columns: ["method", "metric", "scale", "subset", "model_a", "model_b", "category", ...names], rows };
}
