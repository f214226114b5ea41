/** Images that two sides have in common: maps of a pair of models by both, the most differently seen images first. */

import { choice, element, notice } from "./dom.js";
import { Tiles, lookControls, lookOf, placedMap } from "./drawing.js";
import { counted, number } from "./format.js";
import { descending } from "./groups.js";
import { sharedImages } from "./comparison.js";

/** @typedef {import("./comparison.js").Side} Side */
/** @typedef {import("./comparison.js").SharedPair} SharedPair */

const CARDS_AT_ONCE = 6;

/**
 * Append the images of a pair.
 *
 * @param {HTMLElement} root
 * @param {import("./main.js").Context} context
 * @param {Side} first
 * @param {Side} second
 * @param {SharedPair} pair
 * @returns {Promise<{dispose: () => void}>}
 */
export async function comparedImages(root, context, first, second, pair) {
  const { state, go } = context;
  const names = [pair.a, pair.b].map((key) => first.study.models[first.study.place(key)].name);
  const title = element("h3", {}, `The same images by both: ${names[0]} and ${names[1]}`);
  const section = element("section", { class: "view", "aria-label": "The same images by both" });
  root.append(section);
  const nothing = { dispose: () => {} };
  const [one, two] = [await similarities(first, pair.first.row), await similarities(second, pair.second.row)];
  if (!one || !two || !first.entry.perImage) {
    section.append(title, notice("The page holds similarities image by image at the study's own scale of comparison; choose it to see images."));
    return nothing;
  }
  const passing = new Set(context.filtered(first.entry.perImage.collection));
  const shared = sharedImages(first, second).filter(([image]) => passing.has(image));
  const orders = [
    { key: "second", title: `more alike by ${second.title}` },
    { key: "first", title: `more alike by ${first.title}` },
  ];
  const order = orders.find(({ key }) => key === state.sort) ?? orders[pair.difference < 0 ? 1 : 0];
  const sign = order.key === "second" ? 1 : -1;
  const gap = (/** @type {[number, number]} */ [image, other]) => sign * (two[other] - one[image]);
  const images = shared.filter((each) => Number.isFinite(gap(each))).sort((p, q) => descending(gap(p), gap(q)));
  const tiles = new Tiles(first.study.contents.frame, lookOf(state));
  const now = { ...state };
  const look = lookControls(state, (changes) => {
    Object.assign(now, changes);
    tiles.setLook(lookOf(now));
    go(changes, { quiet: true });
  });
  const grid = element("div", { class: "compare-images" });
  const more = element("button", { type: "button", class: "more", on: { click: () => show() } }, "Show more");
  const show = () => {
    const from = grid.childElementCount;
    const cards = images.slice(from, from + CARDS_AT_ONCE);
    grid.append(...cards.map((each) => cardOfImage(context, first, second, pair, { tiles, one, two, places: each })));
    more.hidden = grid.childElementCount >= images.length;
  };
  show();
  section.append(
    element("div", { class: "row" }, title, choice("Order", orders, order.key, (key) => go({ sort: key })), look),
    element("p", { class: "small muted" }, `${counted(images.length, "image")} that both have. Click one to see all models on it.`),
    images.length ? grid : notice("No image of both passes the filter with a map of each model."),
    more,
  );
  return { dispose: () => tiles.dispose() };
}

/** @returns {Promise<Float32Array | null>} similarity of a pair on every image */
async function similarities(/** @type {Side} */ { study, entry }, /** @type {number} */ row) {
  return entry.perImage ? study.rows(entry.perImage.values, row, row + 1) : null;
}

/** @returns {HTMLElement} an image with the maps of both models on both sides */
function cardOfImage(
  /** @type {import("./main.js").Context} */ context,
  /** @type {Side} */ first,
  /** @type {Side} */ second,
  /** @type {SharedPair} */ pair,
  /** @type {{tiles: Tiles, one: Float32Array, two: Float32Array, places: [number, number]}} */ { tiles, one, two, places },
) {
  const [image, other] = places;
  const key = /** @type {import("./types.js").PerImage} */ (first.entry.perImage).collection;
  const collection = first.study.collection(key);
  const caption = collection.captions[image];
  const name = (/** @type {string} */ model) => first.study.models[first.study.place(model)].name;
  const row = (/** @type {Side} */ side, /** @type {number} */ place, /** @type {number} */ similarity) => {
    const { study, entry, title } = side;
    const own = /** @type {import("./types.js").PerImage} */ (entry.perImage).collection;
    const tile = (/** @type {string} */ model) =>
      element(
        "figure",
        {},
        tiles.add(`${title}, ${name(model)}, ${caption}`, async () => ({ picture: await study.picture(own, place), map: await placedMap(study, own, entry.method, model, place) })),
        element("figcaption", {}, name(model)),
      );
    const maps = study.method(entry.method)?.maps;
    return element(
      "div",
      { class: "compare-side" },
      element("div", { class: "small" }, element("strong", {}, title), element("br"), `similarity ${number(similarity)}`),
      maps ? [tile(pair.a), tile(pair.b)] : element("span", { class: "small muted compare-mapless" }, "It has no maps to draw."),
    );
  };
  return element(
    "div",
    { class: "card" },
    element(
      "button",
      { type: "button", class: "link", "data-key": `image-${image}`, on: { click: () => context.go({ view: "image", image: collection.ids[image] }) } },
      caption,
    ),
    element("span", { class: "muted small" }, ` ${first.study.contents.classes[collection.classes[image]] ?? ""}`),
    row(first, image, one[image]),
    row(second, other, two[other]),
  );
}
