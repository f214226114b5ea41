/**
 * Pairs of models with their intervals, the most alike first, for Vega-Lite.
 */

import { CATEGORIES, marksOf, pairLines } from "./matrix.js";

/** Pairs that are shown from each end of the order. */
const PAIRS_OF_AN_END = 14;
/** Pixels of a row. */
const PAIR_HEIGHT = 15;
/** Symbols of the categories, in their order: none is told by its colour alone. */
const CATEGORY_SYMBOLS = ["diamond", "circle", "square", "triangle-up"];

/**
 * Rows of the pairs that are shown, the most alike first, and how many are left out between them.
 *
 * @param {import("./types.js").Case} entry
 * @returns {{rows: number[], between: number}}
 */
export function shownPairs(entry) {
  const { a, rho } = entry.pairs;
  const value = (/** @type {number} */ row) => Number(rho[row]);
  const rows = a.map((_, row) => row).filter((row) => rho[row] !== null);
  rows.sort((one, other) => value(other) - value(one) || one - other);
  if (rows.length <= 2 * PAIRS_OF_AN_END + 4) return { rows, between: 0 };
  return { rows: [...rows.slice(0, PAIRS_OF_AN_END), ...rows.slice(-PAIRS_OF_AN_END)], between: rows.length - 2 * PAIRS_OF_AN_END };
}

/**
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Case} entry
 * @param {number} width pixels
 * @param {{ink: string, soft: string, warm: string, accent: string, good: string}} page
 * @returns {object}
 */
export function pairsPicture(study, entry, width, page) {
  const { rows, between } = shownPairs(entry);
  const { pairs } = entry;
  const name = (/** @type {number} */ row) => `${study.models[pairs.a[row]].name} – ${study.models[pairs.b[row]].name}`;
  const values = rows.map((row, i) => ({
    row, place: i + (between && i >= rows.length / 2 ? 1 : 0), name: name(row), value: pairs.rho[row], low: pairs.low[row], high: pairs.high[row],
    category: pairs.category[row], tip: pairLines(study, entry, row).join("\n"),
  }));
  const names = Object.fromEntries(values.map((one) => [one.place, one.name]));
  if (between) names[rows.length / 2] = `… ${between} more …`;
  const lowest = Math.min(0, ...values.map((one) => one.low ?? one.value ?? 0));
  const least = lowest - 0.03 * (1 - lowest); // so that no interval runs into the names
  const categories = CATEGORIES.filter((category) => values.some((one) => one.category === category));
  const pick = (/** @type {string[]} */ list) => categories.map((category) => list[CATEGORIES.indexOf(category)]);
  const colours = pick([page.good, page.accent, page.warm, page.soft]);
  const y = {
    field: "place", type: "ordinal", title: null, scale: { domain: Object.keys(names).map(Number) },
    axis: { labelExpr: `${JSON.stringify(names)}[datum.value]`, labelLimit: Math.round(width * 0.46), ticks: false, domain: false, labelFontSize: 11 },
  };
  const x = { type: "quantitative", title: "similarity above chance, ρ", axis: { tickCount: 6 }, scale: { domain: [least, 1], nice: false } };
  const category = {
    field: "category", type: "nominal", scale: { domain: categories, range: colours },
    legend: { orient: "top", title: null },
  };
  const rule = { data: { values: marksOf(entry, "rho", null) } };
  return {
    width, autosize: { type: "fit-x", contains: "padding" }, height: PAIR_HEIGHT * Object.keys(names).length,
    padding: { left: 0, right: 6, top: 4, bottom: 8 },
    layer: [
      { ...rule, mark: { type: "rule", strokeDash: [5, 3] }, encoding: { x: { field: "value", ...x }, color: { value: page.ink } } },
      {
        ...rule,
        mark: { type: "text", baseline: "bottom", dy: -3, fontSize: 11, fontWeight: 600 },
        encoding: { x: { field: "value", ...x }, y: { value: 0 }, text: { field: "title" }, color: { value: page.ink } },
      },
      {
        data: { values },
        mark: { type: "rule", strokeWidth: 2, cursor: "pointer" },
        encoding: { y, x: { field: "low", ...x }, x2: { field: "high" }, color: category, tooltip: { field: "tip" } },
      },
      {
        data: { values },
        mark: { type: "point", filled: true, size: 55, opacity: 1, cursor: "pointer" },
        encoding: {
          y, x: { field: "value", ...x }, color: category, tooltip: { field: "tip" },
          shape: { field: "category", type: "nominal", scale: { domain: categories, range: pick(CATEGORY_SYMBOLS) }, legend: { orient: "top", title: null } },
        },
      },
    ],
    resolve: { legend: { color: "shared", shape: "shared" } },
  };
}
