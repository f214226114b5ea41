/**
 * The images of a pair: both models' maps side by side, their difference, and what the two predict.
 */

import { Tiles, canvasSize, lookControls, lookOf, placedMap } from "./drawing.js";
import { choice, element, notice } from "./dom.js";
import { counted, number, percent } from "./format.js";
import { differenceMap, renderMap } from "./maps.js";
import { PAIR_SORTS, rhoWithout, sortedOf } from "./pair.js";
import { writeState } from "./state.js";

/** @typedef {import("./main.js").Context} Context */
/** @typedef {import("./view_pair.js").PairFacts} PairFacts */

/** Images that are shown at first, and by each step further. */
const PAIR_IMAGES = 12;
/** Pixels of a canvas. */
const PAIR_SIDE = 128;

/**
 * The list, with what chooses and orders it.
 *
 * @param {Context} context
 * @param {PairFacts} facts
 */
export function pairImages(context, facts) {
  const { study, state, go, filtered, announce } = context;
  const values = /** @type {Float32Array} */ (facts.values);
  const { influence } = facts;
  const keys = facts.models.map((model) => study.models[model].key);
  const names = facts.models.map((model) => study.models[model].name);
  const sorts = PAIR_SORTS.filter(({ key }) => key !== "influential" || influence);
  const sort = sorts.some(({ key }) => key === state.sort) ? state.sort : "alike";
  const all = sortedOf(filtered(facts.collection, keys), values, influence, sort);
  const frame = study.contents.frame;
  const tiles = new Tiles(frame, lookOf(state), PAIR_SIDE);
  const list = element("div", { class: "pair-images" });
  const says = element("span", { class: "muted small", role: "status" });
  const more = element("button", { type: "button", "data-key": "pair-more", on: { click: () => show() } }, "Show more");
  const clear = element("button", { type: "button", "data-key": "pair-clear", on: { click: () => choose(null) } }, "All similarities");
  const from = Number(state.from);
  let chosen = state.from && state.to ? within(all, values, [from, Number(state.to)]) : all;
  let shown = 0;

  const show = () => {
    const next = chosen.slice(shown, shown + PAIR_IMAGES);
    list.append(...next.map((image) => pairImageCard(context, facts, tiles, image)));
    shown += next.length;
    more.hidden = shown >= chosen.length;
    clear.hidden = chosen === all;
    says.textContent = chosen === all ? counted(all.length, "image") : `${chosen.length} of ${counted(all.length, "image")}`;
    if (chosen.length === 0) list.replaceChildren(notice("No image passes the filter: clear it, or choose other similarities."));
  };
  const choose = (/** @type {[number, number] | null} */ range) => {
    chosen = range ? within(all, values, range) : all;
    go({ from: range && range[0].toFixed(3), to: range && range[1].toFixed(3) }, { quiet: true });
    shown = 0;
    list.replaceChildren();
    show();
    announce(`${counted(chosen.length, "image")} chosen`);
  };
  show();
  const look = study.method(facts.entry.method)?.maps
    ? lookControls(state, (changes) => {
        go(changes, { quiet: true });
        tiles.setLook(lookOf({ ...state, ...changes }));
      })
    : null;
  return {
    root: element(
      "section",
      { "aria-label": "Images of the pair", class: "view" },
      element("div", { class: "row" }, choice("Images", sorts, sort, (key) => go({ sort: key })), says, clear, look),
      look ? element("p", { class: "small muted" }, `Difference of the two maps, each of length 1: orange where ${names[0]} has more, blue where ${names[1]} has more.`) : null,
      list,
      element("div", { class: "row" }, more),
    ),
    choose,
    table: () => pairImagesTable(context, facts, all),
    dispose: () => tiles.dispose(),
  };
}

/**
 * @param {number[]} images
 * @param {ArrayLike<number>} values
 * @param {[number, number]} range
 */
function within(images, values, [from, to]) {
  return images.filter((image) => values[image] >= from && values[image] <= to);
}

/**
 * @param {Context} context
 * @param {PairFacts} facts
 * @param {Tiles} tiles
 * @param {number} image
 */
function pairImageCard({ study, state }, { entry, collection, models, row, values, influence }, tiles, image) {
  const { captions, ids, classes } = study.collection(collection);
  const keys = models.map((model) => study.models[model].key);
  const target = writeState({
    view: "image", image: ids[image], a: keys[0], b: keys[1],
    ...Object.fromEntries(["method", "metric", "scale", "subset"].filter((key) => state[key]).map((key) => [key, state[key]])),
  });
  const without = influence ? rhoWithout(entry.pairs.rho[row] ?? NaN, influence[image], entry.pairs.n[row] ?? 0) : NaN;
  const picture = () => study.picture(collection, image);
  const hasMaps = study.method(entry.method)?.maps;
  const figures = models.map((model, i) => {
    const { name } = study.models[model];
    const tile = hasMaps
      ? tiles.add(`Map of ${name} on ${captions[image]}`, async () => ({
          picture: await picture(),
          map: await placedMap(study, collection, entry.method, keys[i], image),
        }), { group: "maps" })
      : null;
    return element("figure", {}, tile, element("figcaption", {}, element("b", {}, name), predictionLine(study, collection, keys[i], image)));
  });
  const difference = () => differenceOf(study, collection, entry.method, keys, image);
  return element(
    "article",
    { class: "card pair-image" },
    element(
      "h3",
      {},
      element("a", { href: `#${target}`, "data-key": `pair-image-${ids[image]}` }, captions[image]),
      element("span", { class: "muted" }, ` class ${study.contents.classes[classes[image]] ?? "?"}`),
    ),
    element(
      "p",
      { class: "small" },
      element("b", {}, `similarity ${number(values?.[image])}`),
      Number.isNaN(without) ? null : element("span", { class: "muted" }, ` · without it ρ would be ${number(without, 3)}`),
    ),
    element(
      "div",
      { class: "pair-maps" },
      element("figure", {}, tiles.add(captions[image], async () => ({ picture: await picture(), map: null })), element("figcaption", {}, "Image")),
      figures,
      hasMaps
        ? element("figure", {}, tiles.add(`Difference of the two maps on ${captions[image]}`, difference, { group: "difference", map: true }),
            element("figcaption", {}, element("b", {}, "Difference")))
        : null,
    ),
  );
}

/**
 * @param {import("./study.js").Study} study
 * @param {string} collection
 * @param {string} model key
 * @param {number} image
 */
function predictionLine(study, collection, model, image) {
  const prediction = study.prediction(collection, model, image);
  if (!prediction) return element("span", { class: "block" }, "no prediction");
  return element(
    "span",
    { class: `block ${prediction.right ? "right" : "wrong"}` },
    element("span", { class: "unseen" }, prediction.right ? "right: " : "wrong: "),
    `${prediction.name}, ${percent(prediction.probability)}`,
  );
}

/**
 * The difference of the two maps, both of length 1, as a map.
 *
 * @param {import("./study.js").Study} study
 * @param {string} collection
 * @param {string} method
 * @param {string[]} keys of the two models
 * @param {number} image
 * @returns {Promise<import("./drawing.js").Drawn>}
 */
async function differenceOf(study, collection, method, keys, image) {
  const placed = await Promise.all(keys.map((key) => placedMap(study, collection, method, key, image)));
  const { width, height } = canvasSize(study.contents.frame, PAIR_SIDE);
  const [first, second] = placed.map((map) => map && renderMap(map, width, height));
  if (!first || !second) return { picture: null, map: null };
  return { picture: null, map: { basis: { kind: "cells", rows: height, columns: width }, values: differenceMap(first, second) } };
}

/**
 * @param {Context} context
 * @param {PairFacts} facts
 * @param {number[]} images
 */
function pairImagesTable({ study }, { entry, collection, models, values, influence }, images) {
  const { ids, classes } = study.collection(collection);
  const keys = models.map((model) => study.models[model].key);
  const rows = images.map((image) => {
    const predicted = keys.flatMap((key) => {
      const prediction = study.prediction(collection, key, image);
      return [prediction?.name ?? null, prediction?.probability ?? null];
    });
    return [entry.method, entry.metric, keys[0], keys[1], ids[image], study.contents.classes[classes[image]], values?.[image], influence?.[image], ...predicted];
  });
  const columns = ["method", "metric", "model_a", "model_b", "image_id", "class", "similarity", "influence"];
  return { columns: [...columns, "predicted_a", "probability_a", "predicted_b", "probability_b"], rows };
}
