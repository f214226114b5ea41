/** The part of the map of models that says what holds a group together and how it differs from the rest. */

import { colour } from "./charts.js";
import { choice, element, notice } from "./dom.js";
import { consensusOf } from "./consensus.js";
import { Tiles, lookControls, lookOf } from "./drawing.js";
import { counted, number } from "./format.js";
import { groupSentences } from "./group_facts.js";
import { sortedImages } from "./groups.js";
import { modelSymbol } from "./symbols.js";

/** Images that are shown at first, and more at a click. */
const AT_ONCE = 12;
const SORTS = [
  { key: "against", title: "agrees against the rest" },
  { key: "alike", title: "agrees most" },
  { key: "least", title: "agrees least" },
];

/**
 * Append what is known of a group: sentences, numbers with intervals, its models, its images.
 *
 * @param {HTMLElement} root
 * @param {import("./main.js").Context} context
 * @param {import("./types.js").Case} entry
 * @param {import("./group_facts.js").GroupFacts} facts
 * @returns {Promise<{dispose: () => void}>}
 */
export async function groupReport(root, context, entry, facts) {
  const { study } = context;
  const [first, ...further] = groupSentences(study, facts);
  const chart = element("div");
  root.append(
    element(
      "div",
      { class: "models-group" },
      element(
        "section",
        { class: "card", "aria-label": "What holds the group together" },
        element("h3", {}, "What holds the group together"),
        element("p", { class: "models-answer" }, first),
        further.map((sentence) => element("p", {}, sentence)),
        chart,
        facts.group.length > 1 && Number.isFinite(facts.inside.low)
          ? element("p", { class: "small muted" }, `${facts.group.length + facts.rest.length < entry.models.length ? "Controls are not among the others. " : ""}Intervals are over images. They do not know that the group was chosen; the comparison with other groups does.`)
          : null,
      ),
      element("section", { class: "card", "aria-label": "Models by their similarity to the group" }, membersTable(study, facts)),
    ),
  );
  await intervalsChart(chart, context, facts);
  return groupImages(root, context, entry, facts);
}

/** Draw ρ inside, across and within the rest, with intervals. */
async function intervalsChart(
  /** @type {HTMLElement} */ place,
  /** @type {import("./main.js").Context} */ context,
  /** @type {import("./group_facts.js").GroupFacts} */ { inside, across, within, rest },
) {
  const rows = [
    { what: "among themselves", ...inside },
    { what: "with the rest", ...across },
    { what: "the rest among themselves", ...within },
  ].filter(({ mean }) => Number.isFinite(mean)).map(({ what, mean, low, high }) => ({
    what, mean,
    low: Number.isFinite(low) ? low : mean,
    high: Number.isFinite(high) ? high : mean,
    tip: `${what}\nρ ${number(mean)}${Number.isFinite(low) ? `, 95 % interval ${number(low)} to ${number(high)}` : ""}`,
  }));
  if (rows.length < 2 || !rest.length) return;
  const least = Math.min(0, ...rows.map(({ low }) => low));
  await context.charts.chart(
    place,
    {
      width: Math.max(140, Math.min(420, place.clientWidth - 200)),
      height: 26 * rows.length,
      data: { values: rows },
      encoding: {
        y: { field: "what", type: "nominal", sort: null, title: null, axis: { labelLimit: 180, ticks: false, domain: false, labelPadding: 8 } },
        tooltip: { field: "tip" },
      },
      layer: [
        { mark: { type: "rule", strokeWidth: 3, color: colour("accent"), opacity: 0.5 }, encoding: { x: { field: "low", type: "quantitative", title: place.clientWidth < 460 ? "mean ρ" : "mean ρ: 0 unrelated, 1 the same", scale: { domain: [least, 1] }, axis: { tickCount: 5 } }, x2: { field: "high" } } },
        { mark: { type: "point", filled: true, size: 90, opacity: 1 }, encoding: { x: { field: "mean", type: "quantitative" } } },
      ],
    },
    { label: rows.map(({ tip }) => tip.replace("\n", ": ")).join("; ") },
  );
}

/** @returns {HTMLElement[]} every model with its mean ρ to the group and to the rest */
function membersTable(/** @type {import("./study.js").Study} */ study, /** @type {import("./group_facts.js").GroupFacts} */ facts) {
  const rows = facts.models.map(({ model, member, group, rest }) =>
    element(
      "tr",
      { "aria-selected": member ? "true" : null },
      element("td", {}, modelSymbol(study, model), " ", study.models[model].name),
      element("td", {}, member ? "group" : "rest"),
      element("td", { class: "number" }, number(group)),
      element("td", { class: "number" }, number(rest)),
    ),
  );
  return [
    element("h3", {}, "Who is at its core, who comes next"),
    element(
      "div",
      { class: "scroll models-members" },
      element(
        "table",
        { class: "table" },
        element("thead", {}, element("tr", {}, element("th", {}, "Model"), element("th", {}, "In"), element("th", { class: "number" }, "ρ to the group"), element("th", { class: "number" }, "ρ to the rest"))),
        element("tbody", {}, rows),
      ),
    ),
  ];
}

/** Append the images on which the group agrees, with its consensus beside that of the rest. */
function groupImages(
  /** @type {HTMLElement} */ root,
  /** @type {import("./main.js").Context} */ context,
  /** @type {import("./types.js").Case} */ entry,
  /** @type {import("./group_facts.js").GroupFacts} */ facts,
) {
  const { study, state } = context;
  const nothing = { dispose: () => {} };
  if (facts.group.length < 2) {
    root.append(notice("Take a second model into the group to see on which images they agree."));
    return nothing;
  }
  if (!facts.images || !entry.perImage) {
    root.append(notice("The page holds similarities image by image at the study's own scale of comparison; choose it to see the images of the group."));
    return nothing;
  }
  const { inside, across } = facts.images;
  const key = entry.perImage.collection;
  const sorts = facts.rest.length ? SORTS : SORTS.slice(1);
  const sort = sorts.find((one) => one.key === state.sort) ?? sorts[0];
  const against = inside.map((value, image) => value - across[image]);
  const passing = context.filtered(key).filter((image) => image < inside.length);
  const images = sortedImages(sort.key === "against" ? against : inside, passing, sort.key === "least");
  const tiles = new Tiles(study.contents.frame, lookOf(state));
  const grid = element("div", { class: "grid models-images" });
  const more = element("button", { type: "button", class: "more", on: { click: () => show() } }, "Show more");
  const show = () => {
    const from = grid.childElementCount;
    grid.append(...images.slice(from, from + AT_ONCE).map((image) => imageCard(context, entry, facts, tiles, image)));
    more.hidden = grid.childElementCount >= images.length;
  };
  show();
  const now = { ...state };
  const look = lookControls(state, (changes) => {
    Object.assign(now, changes);
    tiles.setLook(lookOf(now));
    context.go(changes, { quiet: true });
  });
  root.append(
    element(
      "section",
      { class: "view", "aria-label": "Images of the group" },
      element(
        "div",
        { class: "row" },
        element("h3", {}, `Images on which the group ${sort.title}`),
        choice("Order", sorts.map((one) => ({ key: one.key, title: one.title.replace("agrees ", "") })), sort.key, (chosen) => context.go({ sort: chosen })),
        look,
      ),
      element("p", { class: "small muted" }, `${counted(images.length, "image")}. Consensus: mean of the maps, each scaled to length 1. Click an image to see all models on it.`),
      images.length ? grid : notice("No image passes the filter and has maps of two models of the group."),
      more,
    ),
  );
  return { dispose: () => tiles.dispose() };
}

/** @returns {HTMLElement} an image with both consensus maps and what both predict */
function imageCard(
  /** @type {import("./main.js").Context} */ context,
  /** @type {import("./types.js").Case} */ entry,
  /** @type {import("./group_facts.js").GroupFacts} */ facts,
  /** @type {Tiles} */ tiles,
  /** @type {number} */ image,
) {
  const { study } = context;
  const key = /** @type {import("./types.js").PerImage} */ (entry.perImage).collection;
  const collection = study.collection(key);
  const caption = collection.captions[image];
  const { inside, across } = /** @type {{inside: Float64Array, across: Float64Array}} */ (facts.images);
  const load = async (/** @type {number[]} */ models) => ({
    picture: await study.picture(key, image),
    map: (await consensusOf(study, key, image, entry.method, models.map((model) => study.models[model].key))).map,
  });
  const side = (/** @type {string} */ name, /** @type {number[]} */ models, /** @type {string} */ says) =>
    element(
      "figure",
      {},
      tiles.add(`Consensus map of ${name}, ${caption}`, () => load(models), { group: `${image}` }),
      element("figcaption", {}, element("strong", {}, name), element("br"), says, element("br"), predictedBy(study, key, models, image)),
    );
  return element(
    "div",
    { class: "card" },
    element(
      "button",
      { type: "button", class: "link", "data-key": `image-${image}`, on: { click: () => context.go({ view: "image", image: collection.ids[image], group: null }) } },
      caption,
    ),
    element("span", { class: "muted small" }, ` ${study.contents.classes[collection.classes[image]] ?? ""}`),
    element(
      "div",
      { class: "models-sides" },
      side("group", facts.group, `similarity ${number(inside[image])}`),
      facts.rest.length ? side("rest", facts.rest, `with the group ${number(across[image])}`) : null,
    ),
  );
}

/** @returns {string} what most of some models predict, and how many do */
function predictedBy(
  /** @type {import("./study.js").Study} */ study,
  /** @type {string} */ collection,
  /** @type {number[]} */ models,
  /** @type {number} */ image,
) {
  const predictions = models.flatMap((model) => study.prediction(collection, study.models[model].key, image) ?? []);
  if (!predictions.length) return "";
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { name } of predictions) counts.set(name, (counts.get(name) ?? 0) + 1);
  const [name, count] = [...counts].sort((p, q) => q[1] - p[1])[0];
  return count === predictions.length ? `all predict ${name}` : `${count} of ${predictions.length} predict ${name}`;
}
