/**
 * Which models agree on one image: a small matrix in the order of its tree, and the tree beside it.
 */

import { agreementCounts, averageLinkage, imageAgreement, nullLimit } from "./agreement.js";
import { colour } from "./charts.js";
import { number } from "./format.js";
import { treeLayout } from "./tree.js";

/** Widths in pixels: of the tree, of a letter of a name; models from which on names are left out. */
const SMALL_TREE = 56;
const SMALL_LETTER = 6.9;
const MOST_NAMED_HERE = 36;

/** @typedef {import("./agreement.js").ImageAgreement} ImageAgreement */

/**
 * Similarities of a case's models on an image of the study; null where the page does not have them.
 *
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Case} entry
 * @param {number} image index
 * @returns {Promise<ImageAgreement | null>}
 */
export async function agreementOn(study, entry, image) {
  const { perImage, pairs } = entry;
  if (!perImage || image >= perImage.images) return null;
  const [rows, columns] = study.block(perImage.values).shape;
  const all = await study.rows(perImage.values, 0, rows);
  const values = Float32Array.from({ length: rows }, (_, row) => all[row * columns + image]);
  const agreement = imageAgreement(pairs, values, await limitsOf(study, perImage), entry.models);
  return agreement.models.length > 1 ? agreement : null;
}

/** @param {import("./study.js").Study} study @param {import("./types.js").PerImage} perImage */
async function limitsOf(study, { nulls, nullRange }) {
  if (!nulls) return null;
  const [rows, bins] = study.block(nulls).shape;
  const counts = await study.rows(nulls, 0, rows);
  return Float64Array.from({ length: rows }, (_, row) => nullLimit(counts.subarray(row * bins, (row + 1) * bins), nullRange));
}

/**
 * Places of the models in the order of their tree on the image, and the tree: the distance is 1 − similarity.
 *
 * @param {ImageAgreement} agreement
 */
export function agreementTree({ similarity }) {
  return treeLayout(averageLinkage(similarity.map((row) => row.map((value) => 1 - value))), null);
}

/**
 * What the matrix says, in a sentence or two.
 *
 * @param {import("./study.js").Study} study
 * @param {ImageAgreement} agreement
 * @returns {string}
 */
export function agreementSays(study, { models, similarity, beyond }) {
  let best = { value: -Infinity, pair: [0, 1] };
  let pairs = 0;
  let above = 0;
  for (let i = 0; i < models.length; i++) {
    for (let j = 0; j < i; j++) {
      if (similarity[i][j] > best.value) best = { value: similarity[i][j], pair: [j, i] };
      if (beyond[i][j] !== null) pairs += 1;
      if (beyond[i][j]) above += 1;
    }
  }
  const [one, other] = best.pair.map((place) => study.models[models[place]].name);
  const most = `Most alike are ${one} and ${other} (${number(best.value)}).`;
  if (!pairs) return most;
  return `${above} of ${pairs} pairs are more alike here than 95 % of their maps of different images (●). ${most}`;
}

/**
 * Chart of the matrix and its tree, for Vega-Lite.
 *
 * @param {import("./study.js").Study} study
 * @param {ImageAgreement} agreement
 * @param {number} width of all, pixels
 * @returns {any}
 */
export function agreementChart(study, agreement, width) {
  const { models, similarity, beyond } = agreement;
  const { order, branches } = agreementTree(agreement);
  const names = order.map((place) => study.models[models[place]].name);
  const named = names.length <= MOST_NAMED_HERE;
  const left = named ? 14 + SMALL_LETTER * Math.max(...names.map((name) => name.length)) : 4;
  const cell = Math.max(2, Math.min(24, (width - left - SMALL_TREE) / names.length));
  const count = names.length;
  const cells = order.flatMap((row, y) =>
    order.map((column, x) => ({
      x, y, value: similarity[row][column], a: models[row], b: models[column],
      mark: row !== column && beyond[row][column] ? "●" : "",
      says: cellSays(study, agreement, row, column),
    })),
  );
  const highest = Math.max(...branches.map((branch) => branch.height), 1e-9);
  const across = (/** @type {number} */ height) => count + 0.3 + ((height / highest) * (SMALL_TREE - 10)) / cell;
  const lines = branches.flatMap((branch) => {
    const [first, second] = branch.children;
    const at = across(branch.height);
    return [
      ...[first, second].map((child) => ({ x: across(child.height), x2: at, y: child.place + 0.5, y2: child.place + 0.5 })),
      { x: at, x2: at, y: first.place + 0.5, y2: second.place + 0.5 },
    ];
  });
  const lowest = Math.min(0, ...cells.map(({ value }) => value).filter(Number.isFinite));
  const wide = count + SMALL_TREE / cell;
  const x = { field: "x", type: "quantitative", axis: null, scale: { domain: [0, wide], nice: false } };
  const y = { field: "y", type: "quantitative", axis: null, scale: { domain: [count, 0], nice: false } };
  const middle = (/** @type {string} */ axis) => [{ calculate: `datum.${axis} + 1`, as: `${axis}2` }];
  return {
    width: cell * wide,
    height: cell * count,
    padding: { left, right: 4, top: 4, bottom: 4 },
    autosize: "none",
    layer: [
      {
        data: { values: cells },
        transform: [...middle("x"), ...middle("y")],
        mark: { type: "rect", stroke: colour("card"), strokeWidth: cell > 6 ? 1 : 0, cursor: "pointer" },
        encoding: {
          x, y, x2: { field: "x2" }, y2: { field: "y2" },
          color: {
            field: "value", type: "quantitative", legend: null,
            scale: { domain: [lowest, 1], scheme: "blues", reverse: false }, condition: { test: "datum.a === datum.b || !isValid(datum.value)", value: colour("blank") },
          },
          tooltip: { field: "says" },
        },
      },
      {
        data: { values: cells.filter(({ mark }) => mark && cell > 9) },
        transform: [{ calculate: "datum.x + 0.5", as: "x" }, { calculate: "datum.y + 0.5", as: "y" }],
        mark: { type: "text", fontSize: Math.min(8, cell * 0.4), tooltip: null, cursor: "pointer" },
        encoding: { x, y, text: { field: "mark" }, color: { condition: { test: "datum.value > 0.6", value: "#ffffff" }, value: "#1a1f26" }, tooltip: { field: "says" } },
      },
      {
        data: { values: lines },
        mark: { type: "rule", color: colour("soft"), strokeWidth: count > 60 ? 0.5 : 1.25 },
        encoding: { x, y, x2: { field: "x2" }, y2: { field: "y2" } },
      },
      ...(named
        ? [
            {
              data: { values: names.map((name, place) => ({ name, x: 0, y: place + 0.5 })) },
              mark: { type: "text", align: "right", baseline: "middle", dx: -6, fontSize: Math.min(12, cell * 0.85) },
              encoding: { x, y, text: { field: "name" } },
            },
          ]
        : []),
    ],
  };
}

/** @param {import("./study.js").Study} study @param {ImageAgreement} agreement @param {number} row @param {number} column */
function cellSays(study, { models, similarity, beyond }, row, column) {
  const [one, other] = [row, column].map((place) => study.models[models[place]].name);
  if (row === column) return one;
  const known = beyond[row][column];
  const chance = known === null ? "" : `\n${known ? "more" : "not more"} than 95 % of maps of different images`;
  return `${one} and ${other}\nsimilarity on this image ${number(similarity[row][column])}${chance}`;
}

/**
 * "agrees with 7 of 9" for each model of an agreement.
 *
 * @param {ImageAgreement} agreement
 * @returns {Map<number, string>} index of a model → words; empty where chance is not known
 */
export function agreementWords(agreement) {
  const counts = agreementCounts(agreement);
  return new Map(
    agreement.models.flatMap((model, place) => {
      const { agrees, compared } = counts[place];
      return compared ? [[model, `agrees with ${agrees} of ${compared}`]] : [];
    }),
  );
}
