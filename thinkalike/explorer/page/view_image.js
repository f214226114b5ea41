/**
 * The view "Image": one image with the maps of all models by all methods, their consensus, and which models agree on it.
 */

import { element, notice } from "./dom.js";
import { consensusOf } from "./consensus.js";
import { Tiles, lookControls, lookOf, placedMap } from "./drawing.js";
import { centreStrip, filmstrip } from "./filmstrip.js";
import { counted, number, percent } from "./format.js";
import { agreementChart, agreementOn, agreementSays, agreementTree, agreementWords } from "./image_agreement.js";
import { panelPicture, rasterised } from "./panel_picture.js";
import { modelSymbol } from "./symbols.js";

/** Tiles that are drawn before the view is shown. */
const DRAWN_FIRST = 13;
/** Pixels of the names of models and of each column of maps. */
const TABLE_HEAD = 250;
const TABLE_CELL = 132;

/** @typedef {import("./main.js").Context} Context */
/** @typedef {import("./consensus.js").Consensus} Consensus */

/**
 * What the view shows.
 *
 * @typedef {object} Subject
 * @property {string} collection key
 * @property {number} image index
 * @property {Promise<ImageBitmap>} picture decoded once for all tiles
 * @property {number[]} images that pass the filter, the one that is shown among them
 * @property {import("./types.js").Method[]} methods
 * @property {number[]} models indices, in the order of the rows
 * @property {Consensus[]} consensus of each method
 * @property {import("./agreement.js").ImageAgreement | null} agreement
 */

export const imageView = {
  key: "image",
  title: "Image",
  uses: /** @type {const} */ (["method", "metric", "filter"]),

  /**
   * @param {HTMLElement} root
   * @param {Context} context
   */
  async render(root, context) {
    const { study, state, go } = context;
    const subject = await subjectOf(context);
    if (!subject) {
      root.append(element("h2", {}, "Image"), notice("No image passes the filter; clear it to see one."));
      return {};
    }
    const tiles = new Tiles(study.contents.frame, lookOf(state));
    const showLook = () => {
      tiles.setLook(lookOf(state));
      // a scale that all share needs all of them
      if (tiles.look.shared) tiles.fillFirst(Infinity);
    };
    const controls = lookControls(state, (changes) => {
      Object.assign(state, changes);
      showLook();
      go(changes, { quiet: true });
    }, orderChoice(context));
    const strip = filmstrip(context, subject.collection, subject.images, subject.image);
    const chart = element("div", { class: "image-chart" });
    const columns = element("div", { class: "image-columns" });
    columns.style.setProperty("--image-table", `${TABLE_HEAD + TABLE_CELL * Math.max(4, subject.methods.length)}px`);
    columns.append(
      element("div", { class: "image-side" }, pictureCard(context, subject, tiles), agreementCard(context, subject, chart)),
      element("div", { class: "image-main card" }, controls, mapTable(context, subject, tiles)),
    );
    root.append(
      imageHeading(context, subject),
      strip,
      columns,
    );
    await tiles.fillFirst(tiles.look.shared ? Infinity : DRAWN_FIRST);
    let isShown = true;
    // after the view is in its place: moving it would scroll the strip back, and maps come before the chart
    requestAnimationFrame(() => {
      centreStrip(strip);
      setTimeout(() => isShown && drawAgreement(context, subject, chart));
    });
    const picture = async () => panelPicture(await panelOf(context, subject, tiles));
    return {
      exports: { svg: picture, png: async () => rasterised(await picture()), table: () => imageNumbers(context, subject) },
      dispose: () => {
        isShown = false;
        tiles.dispose();
      },
    };
  },
};

/** @param {Context} context @returns {Promise<Subject | null>} null where no image passes the filter */
async function subjectOf({ study, state, entry, filtered }) {
  const { collections, methods } = study.contents;
  const collection = collections.find(({ key }) => key === state.collection) ?? collections[0];
  const passing = filtered(collection.key);
  const asked = collection.ids.indexOf(state.image ?? "");
  const image = asked >= 0 ? asked : passing[0];
  if (image === undefined) return null;
  const images = passing.includes(image) ? passing : [...passing, image].sort((one, other) => one - other);
  const shown = methods.filter(({ key, maps }) => maps && collection.maps[key]);
  const group = state.group?.split(",");
  const models = study.models
    .map((_, model) => model)
    .filter((model) => {
      const { key, replica } = study.models[model];
      const wanted = group ? group.includes(key) : !replica || state.seeds === "1";
      return wanted && (collection.predictions[key] || shown.some((method) => collection.maps[method.key][key]));
    });
  const keys = models.map((model) => study.models[model].key);
  const picture = study.picture(collection.key, image);
  const consensus = await Promise.all(shown.map(({ key }) => consensusOf(study, collection.key, image, key, keys)));
  const agreement = entry && collection === collections[0] ? await agreementOn(study, entry, image) : null;
  const chosen = shown.findIndex(({ key }) => key === entry?.method);
  const order = rowOrder(state.rows, models, agreement, (model) => consensus[Math.max(0, chosen)]?.agreement.get(study.models[model].key));
  return { collection: collection.key, image, picture, images, methods: shown, models: order, consensus, agreement };
}

/**
 * Models in the order of the rows.
 *
 * @param {string | undefined} rows "tree", "consensus", else as in the study
 * @param {number[]} models indices
 * @param {import("./agreement.js").ImageAgreement | null} agreement
 * @param {(model: number) => number | null | undefined} share agreement with the consensus
 * @returns {number[]}
 */
function rowOrder(rows, models, agreement, share) {
  if (rows === "consensus") return [...models].sort((one, other) => (share(other) ?? -2) - (share(one) ?? -2));
  if (rows !== "tree" || !agreement) return models;
  const place = new Map(agreementTree(agreement).order.map((leaf, row) => [agreement.models[leaf], row]));
  return [...models].sort((one, other) => (place.get(one) ?? models.length) - (place.get(other) ?? models.length));
}

/** @param {Context} context @param {Subject} subject */
function imageHeading({ study, state, go }, { collection, image, images }) {
  const { ids, captions, title } = study.collection(collection);
  const place = images.indexOf(image);
  const step = (/** @type {number} */ by, /** @type {string} */ label, /** @type {string} */ sign) =>
    element(
      "button",
      { type: "button", "data-key": `image-${label}`, "aria-label": `${label} image`, disabled: images[place + by] === undefined, on: { click: () => go({ image: ids[images[place + by]] }) } },
      sign,
    );
  const group = state.group?.split(",");
  return element(
    "header",
    { class: "image-imageHeading" },
    element("h2", {}, captions[image]),
    element("span", { class: "row" }, step(-1, "previous", "‹"), element("span", { class: "muted small" }, `${place + 1} of ${images.length}`), step(1, "next", "›")),
    element("span", { class: "muted small" }, title),
    group && element("button", { type: "button", class: "link small", on: { click: () => go({ group: null }) } }, `${counted(group.length, "model")} of a group: show all`),
  );
}

/** @param {Context} context @param {Subject} subject @param {Tiles} tiles */
function pictureCard({ study, announce }, subject, tiles) {
  const { collection, image, models } = subject;
  const { classes } = study.collection(collection);
  const name = study.contents.classes[classes[image]] ?? "not known";
  const load = async () => ({ picture: await subject.picture, map: null });
  const picture = tiles.add(`The image, class ${name}`, load);
  let place = { x: 0.5, y: 0.5 };
  const steps = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });
  const held = element(
    "div",
    {
      class: "image-picture", tabindex: 0, role: "group", "data-key": "image-picture",
      "aria-label": "Image. Arrow keys show one place in all maps, with their values there.",
      on: {
        keydown: (/** @type {KeyboardEvent} */ event) => {
          const by = steps[event.key];
          if (!by) return;
          event.preventDefault();
          const inside = (/** @type {number} */ share) => Math.min(0.99, Math.max(0.01, share));
          place = { x: inside(place.x + by[0] / 20), y: inside(place.y + by[1] / 20) };
          tiles.point(place);
          announce(`${percent(place.x)} from the left, ${percent(place.y)} from the top`);
        },
        blur: () => tiles.point(null),
      },
    },
    picture,
  );
  const predicted = models
    .filter((model) => !study.models[model].control)
    .map((model) => study.prediction(collection, study.models[model].key, image))
    .filter((prediction) => prediction !== null);
  /** @type {Map<string, number>} */
  const votes = new Map();
  for (const prediction of predicted) votes.set(prediction.name, (votes.get(prediction.name) ?? 0) + 1);
  const sorted = [...votes].sort((one, other) => other[1] - one[1]);
  return element(
    "section",
    { class: "card" },
    held,
    element("p", { class: "image-class" }, "Class ", element("b", {}, name)),
    predicted.length > 0 &&
      element("p", { class: "muted small" }, `${predicted.filter(({ right }) => right).length} of ${counted(predicted.length, "model")} right. Predicted: ${sorted.map(([label, count]) => `${label} (${count})`).join(", ")}.`),
    element("p", { class: "muted small" }, "Point at a map: all maps show their value at that place."),
  );
}

/** @param {Context} context @param {Subject} subject @param {HTMLElement} chart */
function agreementCard({ study, entry }, { agreement }, chart) {
  if (!entry) return null;
  const method = study.method(entry.method)?.title ?? entry.method;
  return element(
    "section",
    { class: "card" },
    element("h3", {}, `Who agrees on it: ${method}, ${entry.metric}`),
    element("p", { class: "small muted" }, agreement ? agreementSays(study, agreement) : "The page has no similarities of single images for this method, metric and image."),
    agreement && chart,
    agreement && element("p", { class: "small muted" }, "Darker is more alike. Click a cell to see the pair."),
  );
}

/** @param {Context} context @param {Subject} subject @param {HTMLElement} place */
async function drawAgreement({ study, charts, go }, { agreement }, place) {
  if (!agreement) return;
  const width = Math.min(460, Math.max(220, place.clientWidth || 300));
  await charts.chart(place, agreementChart(study, agreement, width), {
    label: `Similarity of ${counted(agreement.models.length, "model")} on this image, as a matrix in the order of a tree`,
    renderer: agreement.models.length > 40 ? "canvas" : "svg",
    on: {
      click: (_, item) => {
        const { a, b } = item?.datum ?? {};
        if (a !== undefined && b !== undefined && a !== b) go({ view: "pair", a: study.models[a].key, b: study.models[b].key });
      },
    },
  });
}

/** @param {Context} context */
function orderChoice({ state, go }) {
  const options = [["study", "as in the study"], ["tree", "as in their tree"], ["consensus", "by agreement with all"]];
  const list = element(
    "select",
    { "aria-label": "Order of the models", "data-key": "rows", on: { change: () => go({ rows: list.value }) } },
    options.map(([key, title]) => element("option", { value: key }, title)),
  );
  list.value = state.rows ?? "study";
  return element("label", { class: "choice" }, element("span", { class: "choice-label" }, "Models"), list);
}

/** @param {Context} context @param {Subject} subject @param {Tiles} tiles */
function mapTable({ study, state, entry }, subject, tiles) {
  const { collection, image, methods, models, consensus, agreement } = subject;
  const caption = study.collection(collection).captions[image];
  const words = agreement && agreementWords(agreement);
  const head = element(
    "tr",
    { role: "row" },
    element("th", { scope: "col", role: "columnheader" }, "Model"),
    methods.map(({ key, title }) => element("th", { scope: "col", role: "columnheader", class: key === entry?.method ? "image-chosen" : null }, title)),
  );
  const common = element(
    "tr",
    { class: "image-consensus", role: "row" },
    element("th", { scope: "row", role: "rowheader" }, element("b", {}, "Consensus"), element("div", { class: "muted small" }, "mean of the maps, each of length 1; controls left out")),
    methods.map(({ key, title }, number) => {
      const { map, count } = consensus[number];
      const load = async () => ({ picture: await subject.picture, map });
      return element("td", { role: "cell" }, tiles.add(`Consensus of ${count} maps by ${title} of ${caption}`, load, { group: `consensus of ${key}`, valued: false }), element("div", { class: "muted small" }, `${counted(count, "map")}`));
    }),
  );
  const rows = models.map((model) => {
    const { key, name } = study.models[model];
    const cells = methods.map((method, number) => {
      const load = async () => ({ picture: await subject.picture, map: await placedMap(study, collection, method.key, key, image) });
      const tile = tiles.add(`${method.title} of ${name} for ${caption}`, load, { group: method.key });
      return element("td", { role: "cell" }, tile, shareOf(consensus[number], key));
    });
    const marked = key === state.a || key === state.b;
    return element("tr", { role: "row", class: marked ? "image-marked" : null }, modelCell(study, subject, model, words?.get(model)), cells);
  });
  // with roles of its own it stays a table where a small screen lays it out as a grid
  const table = element("table", { class: "image-table", role: "table" }, element("thead", { role: "rowgroup" }, head), element("tbody", { role: "rowgroup" }, common, rows));
  table.style.setProperty("--methods", String(Math.max(1, methods.length)));
  return element("div", { class: "scroll" }, table);
}

/** @param {import("./study.js").Study} study @param {Subject} subject @param {number} model @param {string | undefined} words */
function modelCell(study, { collection, image }, model, words) {
  const { key, name, control, replica } = study.models[model];
  const prediction = study.prediction(collection, key, image);
  return element(
    "th",
    { scope: "row", role: "rowheader" },
    element("div", { class: "image-model" }, modelSymbol(study, model), " ", name),
    (control || replica) && element("span", { class: "badge" }, control ? "control" : "further seed"),
    prediction &&
      element(
        "div",
        { class: `small ${prediction.right ? "right" : "wrong"}` },
        `${prediction.name}, ${number(prediction.probability)}`,
        element("span", { class: "unseen" }, prediction.right ? " (right)" : " (wrong)"),
      ),
    prediction && !prediction.right && prediction.truth !== null && element("div", { class: "muted small" }, `its class: ${number(prediction.truth)}`),
    words && element("div", { class: "muted small" }, words),
  );
}

/** @param {Consensus} consensus @param {string} key of a model */
function shareOf({ agreement }, key) {
  const share = agreement.get(key);
  if (share === null || share === undefined) return null;
  const bar = element("span", { class: "image-bar-fill" });
  bar.style.width = `${100 * Math.max(0, share)}%`;
  return element(
    "div",
    { class: "image-share small", title: "Cosine of the map with the consensus of the other models" },
    element("span", { class: "image-bar", "aria-hidden": "true" }, bar),
    element("span", { class: "unseen" }, "cosine with the consensus of the others "),
    number(share),
  );
}

/** @param {Context} context @param {Subject} subject @param {Tiles} tiles */
async function panelOf({ study }, { collection, image, methods, models, consensus }, tiles) {
  await tiles.fillFirst(Infinity);
  const drawn = tiles.drawn();
  const { captions, classes } = study.collection(collection);
  const rows = [{ head: "Consensus", note: "" }, ...models.map((model) => {
    const { key, name } = study.models[model];
    const prediction = study.prediction(collection, key, image);
    return { head: name, note: prediction ? `${prediction.right ? "✓" : "✗"} ${prediction.name}, ${number(prediction.probability)}` : "" };
  })];
  const text = (/** @type {number} */ row, /** @type {number} */ column) => {
    const share = row > 0 ? consensus[column].agreement.get(study.models[models[row - 1]].key) : null;
    return share === null || share === undefined ? "" : number(share);
  };
  return {
    title: `${captions[image]}, class ${study.contents.classes[classes[image]] ?? "not known"}`,
    columns: methods.map(({ title }) => title),
    rows: rows.map((row, place) => ({
      ...row,
      cells: methods.map((_, column) => ({ href: drawn[1 + place * methods.length + column], text: text(place, column) })),
    })),
    tile: tiles.size,
    picture: drawn[0],
    foot: "Numbers: cosine of a map with the consensus of the other models. Orange speaks for the class that is explained, blue against it.",
  };
}

/** @param {Context} context @param {Subject} subject */
function imageNumbers({ study }, { collection, image, methods, models, consensus }) {
  const { ids, classes } = study.collection(collection);
  return {
    columns: ["image", "class", "model", "control", "predicted", "probability", "probability_of_class", ...methods.map(({ key }) => `${key}_cosine_with_consensus_of_others`)],
    rows: models.map((model) => {
      const { key, control } = study.models[model];
      const prediction = study.prediction(collection, key, image);
      return [
        ids[image], study.contents.classes[classes[image]], key, control, prediction?.name, prediction?.probability, prediction?.truth,
        ...methods.map((_, column) => consensus[column].agreement.get(key)),
      ];
    }),
  };
}
