/**
 * The picture of the matrix, for Vega: cells, names, and the tree beside them.
 */

import { inkOn } from "./colours.js";
import { number, percent } from "./format.js";
import { treeLayout } from "./tree.js";

/** @typedef {import("./types.js").Case} Case */

/** Room for a symbol beside a name, and between the parts, in pixels. */
const SYMBOL_ROOM = 18;
const MATRIX_GAP = 10;
/** Slope of the names over the columns, degrees. */
const NAME_SLOPE = -48;

/**
 * @typedef {object} Layout
 * @property {number} cell side of a cell, pixels
 * @property {number} left of the cells
 * @property {number} top
 * @property {number} size of all cells
 * @property {number} limit most width of a name
 * @property {number} tree width of the tree; 0: no tree
 * @property {number} width of all
 * @property {number} height
 */

/**
 * Places of the parts in the room that there is.
 *
 * @param {object} room
 * @param {number} room.models
 * @param {number} room.width pixels
 * @param {number} room.height
 * @param {number} room.letters width of the longest name, pixels
 * @param {boolean} room.tree whether there is a tree
 * @returns {Layout}
 */
export function layoutOf({ models, width, height, letters, tree }) {
  const limit = width > 560 ? 170 : 96;
  const names = Math.min(letters, limit) + SYMBOL_ROOM + 6;
  const slope = (Math.abs(NAME_SLOPE) * Math.PI) / 180;
  const top = Math.ceil((names - SYMBOL_ROOM) * Math.sin(slope)) + SYMBOL_ROOM + 8;
  const overhang = Math.ceil((names - SYMBOL_ROOM) * Math.cos(slope));
  const trunk = tree && width > 560 ? Math.max(110, Math.min(170, width * 0.17)) : 0;
  const right = Math.max(trunk ? trunk + 2 * MATRIX_GAP + 16 : 0, overhang);
  const below = trunk ? 46 : 6;
  const fits = Math.min((width - names - right) / models, (height - top - below) / models);
  const least = models > 60 ? 5 : models > 30 ? 10 : 22;
  const cell = Math.max(least, Math.min(60, Math.floor(fits)));
  const size = cell * models;
  const spare = trunk ? Math.min(Math.max(0, width - names - size - right), 110) : 0;
  return { cell, left: names, top, size, limit, tree: trunk + spare, width: names + size + right + spare, height: top + size + below };
}

/**
 * Specification of the picture.
 *
 * @param {object} matrix
 * @param {{x: number, y: number, row: number, value: number | null, a: number, b: number}[]} matrix.cells
 * @param {{name: string, colour: string, symbol: string, control: boolean, tip: string}[]} matrix.labels in the order of the matrix
 * @param {Case} matrix.entry
 * @param {number} matrix.decimals of the numbers in the cells
 * @param {(value: number) => string} matrix.colours
 * @param {{ink: string, soft: string, line: string, card: string, blank: string, accent: string}} matrix.page colours of the page
 * @param {Layout} matrix.layout
 * @returns {object}
 */
export function matrixPicture({ cells, labels, entry, decimals, colours, page, layout }) {
  const { cell, left, top } = layout;
  const letters = cell >= 36 ? 12 : 10;
  const filled = cells.map((one) => {
    const fill = one.value === null ? page.blank : colours(one.value);
    const text = cell < 25 ? "" : one.value === null ? "–" : number(one.value, decimals);
    return { ...one, fill, text: cell < 44 ? text.replace(/^(−?)0\./, "$1.") : text, ink: one.value === null ? page.soft : inkOn(fill) };
  });
  const gap = cell > 14 ? 1 : 0;
  const names = cell >= 9;
  const symbolSize = Math.min(70, Math.max(12, cell * 3));
  const look = (/** @type {"x" | "y"} */ axis) => ({
    fill: [{ test: `hot && hot.${axis} === datum.i`, value: page.ink }, { value: page.soft }],
    fontWeight: [{ test: `hot && hot.${axis} === datum.i`, value: 700 }, { value: 400 }],
    fontStyle: { signal: "datum.control ? 'italic' : 'normal'" },
    fontSize: { value: Math.min(13, Math.max(8, cell * 0.8)) },
    text: { field: "name" },
    tooltip: { field: "tip" },
  });
  const symbol = (/** @type {number} */ x, /** @type {number} */ y, /** @type {"x" | "y"} */ along) => ({
    type: "symbol", from: { data: "models" }, name: `symbols_${along}`,
    encode: {
      enter: {
        shape: { field: "symbol" }, size: { value: symbolSize }, stroke: { field: "colour" }, strokeWidth: { value: 1.4 },
        fill: { signal: "datum.control ? 'transparent' : datum.colour" }, tooltip: { field: "tip" },
        x: along === "x" ? { signal: `${x} + (datum.i + .5) * ${cell}` } : { value: x },
        y: along === "y" ? { signal: `${y} + (datum.i + .5) * ${cell}` } : { value: y },
      },
    },
  });
  const marks = [
    {
      type: "rect", name: "cells", from: { data: "pairs" },
      encode: {
        enter: {
          x: { signal: `${left} + datum.x * ${cell}` }, y: { signal: `${top} + datum.y * ${cell}` },
          width: { value: cell - gap }, height: { value: cell - gap }, fill: { field: "fill" }, cursor: { value: "pointer" },
          tooltip: { field: "row" },
        },
      },
    },
    cell >= 25 && {
      type: "text", from: { data: "pairs" }, interactive: false,
      encode: {
        enter: {
          x: { signal: `${left} + (datum.x + .5) * ${cell}` }, y: { signal: `${top} + (datum.y + .5) * ${cell}` }, text: { field: "text" },
          align: { value: "center" }, baseline: { value: "middle" }, fill: { field: "ink" }, fontSize: { value: letters },
        },
      },
    },
    {
      type: "rect", interactive: false,
      encode: {
        enter: { fill: { value: "transparent" }, stroke: { value: page.ink }, strokeWidth: { value: 2 }, width: { value: cell - gap }, height: { value: cell - gap } },
        update: {
          x: { signal: `hot ? ${left} + hot.x * ${cell} : 0` }, y: { signal: `hot ? ${top} + hot.y * ${cell} : 0` },
          opacity: { signal: "hot ? 1 : 0" },
        },
      },
    },
    symbol(left - 10, top, "y"),
    symbol(left, top - 10, "x"),
    {
      type: "text", from: { data: "models" },
      encode: {
        enter: { align: { value: "right" }, baseline: { value: "middle" }, limit: { value: layout.limit }, x: { value: left - SYMBOL_ROOM - 2 }, y: { signal: `${top} + (datum.i + .5) * ${cell}` } },
        update: look("y"),
      },
    },
    {
      type: "text", from: { data: "models" },
      encode: {
        enter: { align: { value: "left" }, baseline: { value: "middle" }, angle: { value: NAME_SLOPE }, limit: { value: layout.limit }, x: { signal: `${left} + (datum.i + .5) * ${cell}` }, y: { value: top - SYMBOL_ROOM - 2 } },
        update: look("x"),
      },
    },
  ];
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    width: layout.width, height: layout.height, padding: 0, autosize: "none",
    signals: [
      {
        name: "hot", value: null,
        on: [
          { events: "@cells:pointerover", update: "{x: datum.x, y: datum.y, row: datum.row}" },
          { events: "@cells:pointerout", update: "null" },
        ],
      },
    ],
    data: [
      { name: "pairs", values: filled },
      { name: "models", values: labels.map((label, i) => ({ ...label, name: names ? label.name : "", i })) },
      ...(layout.tree ? [treeData(entry, layout)] : []),
    ],
    marks: [...marks.filter(Boolean), ...(layout.tree ? treeMarks(entry, layout, page) : [])],
  };
}

/**
 * Branches of the tree as paths beside the rows.
 *
 * @param {Case} entry
 * @param {Layout} layout
 */
function treeData(entry, { cell, left, top, size, tree }) {
  if (!entry.tree) return { name: "tree", values: [] };
  const { branches } = treeLayout(entry.tree, entry.order);
  const highest = Math.max(...branches.map((branch) => branch.height), 0) || 1;
  const x = (/** @type {number} */ height) => left + size + MATRIX_GAP + (height / highest) * (tree - 4);
  const y = (/** @type {number} */ place) => top + (place + 0.5) * cell;
  const values = branches.map(({ merge, height, place, children: [first, second], leaves, support }) => ({
    merge, leaves, support,
    path: `M${x(first.height)},${y(first.place)}H${x(height)}V${y(second.place)}H${x(second.height)}`,
    x: x(height), y: y(place),
    text: support === null || leaves.length === entry.models.length || cell < 16 ? "" : String(Math.round(support * 100)),
    weight: support === null ? 1.6 : 0.8 + 2 * support,
    tip: `Branch of ${leaves.length} models\nheight ${number(height)}${
      support === null ? "" : `\nfound again in ${percent(support)} of the resampled sets of images`
    }`,
  }));
  return { name: "tree", values };
}

/**
 * @param {Case} entry
 * @param {Layout} layout
 * @param {{ink: string, soft: string, card: string, accent: string}} page
 */
function treeMarks(entry, { left, top, size, tree }, page) {
  const highest = Math.max(...(entry.tree?.merges.map((merge) => merge[2]) ?? []), 0) || 1;
  return [
    {
      type: "path", name: "branches", from: { data: "tree" },
      encode: {
        enter: { path: { field: "path" }, strokeWidth: { field: "weight" }, fill: { value: null }, tooltip: { field: "tip" }, cursor: { value: "pointer" } },
        update: { stroke: { value: page.soft } },
        hover: { stroke: { value: page.accent } },
      },
    },
    // first in the colour of the ground, so that no line runs through a number
    ...[{ stroke: page.card, width: 4 }, { stroke: "transparent", width: 0 }].map(({ stroke, width }) => ({
      type: "text", from: { data: "tree" }, interactive: false,
      encode: {
        enter: {
          x: { field: "x", offset: 4 }, y: { field: "y" }, dy: { value: -2 }, text: { field: "text" }, fontSize: { value: 10.5 },
          baseline: { value: "bottom" }, fill: { value: page.ink }, stroke: { value: stroke }, strokeWidth: { value: width },
        },
      },
    })),
    {
      type: "group",
      encode: { enter: { x: { value: left + size + MATRIX_GAP }, y: { value: top + size + 6 }, width: { value: tree - 4 }, height: { value: 1 } } },
      scales: [{ name: "height", type: "linear", domain: [0, highest], range: [0, tree - 4], zero: true }],
      axes: [{ scale: "height", orient: "bottom", tickCount: 3, title: `dissimilarity, ${entry.tree?.linkage ?? ""} linkage`, titleFontSize: 10.5, labelFontSize: 10.5, titleAnchor: "start", titlePadding: 2 }],
    },
  ];
}
