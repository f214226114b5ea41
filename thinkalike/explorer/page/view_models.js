/**
 * The view "Map of models": models in a plane and in a tree, and what holds a group of them together.
 */

import { colour } from "./charts.js";
import { choice, element, notice } from "./dom.js";
import { drawTree } from "./drawing_of_tree.js";
import { number, percent } from "./format.js";
import { groupFacts, knownGroups, namesOf } from "./group_facts.js";
import { groupReport } from "./group_report.js";
import { pointsInside, scatterOfModels } from "./scatter_of_models.js";
import { modelSymbol } from "./symbols.js";

const EMBEDDINGS = /** @type {Record<string, {title: string, axes: [string, string]}>} */ ({
  pca: { title: "principal coordinates", axes: ["first coordinate", "second coordinate"] },
  mds: { title: "multidimensional scaling", axes: ["first axis", "second axis"] },
});

/**
 * Models that the state puts in the group, in the order of the case.
 *
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Case} entry
 * @param {Record<string, string>} state
 * @returns {number[]}
 */
function groupOf(study, entry, state) {
  const keys = new Set((state.group ?? "").split(","));
  return entry.models.filter((model) => keys.has(study.models[model].key));
}

export const modelsView = {
  key: "models",
  title: "Map of models",
  uses: /** @type {("method" | "metric" | "scale" | "subset" | "filter")[]} */ (["method", "metric", "scale", "subset", "filter"]),

  /**
   * @param {HTMLElement} root
   * @param {import("./main.js").Context} context
   * @returns {Promise<import("./main.js").Rendered>}
   */
  async render(root, context) {
    const { study, entry, state } = context;
    root.append(element("header", {}, element("h2", {}, "Map of models")));
    if (!entry || entry.models.length < 2) {
      root.append(notice("This study compares fewer than two models: there is nothing to map."));
      return { exports: {} };
    }
    root.append(
      element("p", { class: "muted" }, "Models that lie close together explain images alike. Draw a rectangle, click a branch of the tree, or tick models, to see what holds them together."),
    );
    const group = groupOf(study, entry, state);
    const pick = (/** @type {number[]} */ models, add = false) => {
      const before = new Set(group);
      const next = new Set(add ? [...group, ...models] : models);
      // one model that is clicked again leaves the group
      if (add && models.length === 1 && before.has(models[0])) next.delete(models[0]);
      const chosen = entry.models.filter((model) => next.has(model));
      context.go({ group: chosen.map((model) => study.models[model].key).join(",") });
      context.announce(chosen.length ? `Group: ${namesOf(study, chosen)}` : "No group");
    };
    const maps = element("div", { class: "models-maps" });
    root.append(maps);
    const scatter = await planeOfModels(maps, context, entry, new Set(group), pick);
    treeOfModels(maps, study, entry, new Set(group), pick);
    root.append(tickList(study, entry, new Set(group), pick));
    const exports = { ...(scatter ? { svg: scatter.svg, png: scatter.png } : {}), table: () => embeddingTable(study, entry, group) };
    if (!group.length) {
      root.append(groupsCard(study, entry, pick));
      return { exports };
    }
    const facts = await groupFacts(study, entry, group);
    const report = await groupReport(root, context, entry, facts);
    root.append(element("details", {}, element("summary", {}, "Other groups"), groupsCard(study, entry, pick)));
    return { exports, dispose: report.dispose };
  },
};

/** @returns {Promise<import("./charts.js").Chart | null>} the card with the plane */
async function planeOfModels(
  /** @type {HTMLElement} */ root,
  /** @type {import("./main.js").Context} */ context,
  /** @type {import("./types.js").Case} */ entry,
  /** @type {Set<number>} */ chosen,
  /** @type {(models: number[], add?: boolean) => void} */ pick,
) {
  const { study, state } = context;
  const kinds = Object.keys(entry.embeddings);
  const card = element("div", { class: "card" });
  root.append(card);
  if (!kinds.length) {
    card.append(element("h3", {}, "Plane"), notice("A plane needs three models and complete dissimilarities; these have none."));
    return null;
  }
  const kind = kinds.includes(state.embedding) ? state.embedding : kinds[0];
  const options = kinds.map((key) => ({ key, title: key.toUpperCase() }));
  card.append(
    element(
      "div",
      { class: "row models-top" },
      element("h3", {}, `Plane: ${EMBEDDINGS[kind]?.title ?? kind}`),
      kinds.length > 1 ? choice("Plane", options, kind, (key) => context.go({ embedding: key })) : null,
    ),
  );
  const place = element("div");
  card.append(place);
  // models with a missing dissimilarity have no place
  const points = entry.models.flatMap((model, i) => {
    const at = entry.embeddings[kind][i];
    return at ? [pointOf(study, model, at, chosen.has(model))] : [];
  });
  const width = Math.max(240, place.clientWidth - 34);
  const spec = scatterOfModels(points, {
    width,
    height: heightOf(width),
    axes: EMBEDDINGS[kind]?.axes ?? ["first axis", "second axis"],
    colours: { ink: colour("ink"), line: colour("line"), accent: colour("accent"), card: colour("card") },
  });
  /** @type {import("./charts.js").Chart} */
  const chart = await context.charts.chart(place, spec, {
    label: `Models in a plane, ${EMBEDDINGS[kind]?.title ?? kind}; the list of models below selects the same`,
    on: {
      picked: (_, model) => model !== null && pick([model], true),
      drawn: (_, corners) => corners && pick(pointsInside(points, corners).map((point) => point.model)),
    },
  });
  card.append(familiesKey(study, entry));
  return chart;
}

/** @returns {number} pixels of the plane's height, and of the tree's beside it */
function heightOf(/** @type {number} */ width) {
  return Math.round(Math.min(440, Math.max(260, width * 0.72)));
}

/** @returns {import("./scatter_of_models.js").ModelPoint} */
function pointOf(
  /** @type {import("./study.js").Study} */ study,
  /** @type {number} */ model,
  /** @type {[number, number]} */ [x, y],
  /** @type {boolean} */ chosen,
) {
  const { name, family, control, accuracy } = study.models[model];
  const known = study.family(family);
  const facts = [known?.title, control ? "control" : "", accuracy === null ? "" : `${percent(accuracy)} of the images right`];
  return {
    model, name, x, y, control, chosen,
    colour: known?.colour ?? "#777777",
    symbol: known?.symbol ?? "circle",
    tip: [name, ...facts.filter(Boolean)].join("\n"),
  };
}

/** @returns {HTMLElement} what symbols and colours mean */
function familiesKey(/** @type {import("./study.js").Study} */ study, /** @type {import("./types.js").Case} */ entry) {
  const firstOf = study.contents.families
    .map((family) => ({ family, model: entry.models.find((model) => study.models[model].family === family.key && !study.models[model].control) }))
    .filter(({ model }) => model !== undefined);
  const hollow = entry.models.find((model) => study.models[model].control);
  return element(
    "div",
    { class: "row small muted" },
    firstOf.map(({ family, model }) => element("span", {}, modelSymbol(study, model ?? 0), ` ${family.title}`)),
    hollow === undefined ? null : element("span", {}, modelSymbol(study, hollow), " control (hollow)"),
  );
}

/** Append the card with the tree. */
function treeOfModels(
  /** @type {HTMLElement} */ root,
  /** @type {import("./study.js").Study} */ study,
  /** @type {import("./types.js").Case} */ entry,
  /** @type {Set<number>} */ chosen,
  /** @type {(models: number[], add?: boolean) => void} */ pick,
) {
  const card = element("div", { class: "card" });
  root.append(card);
  card.append(element("div", { class: "row models-top" }, element("h3", {}, "Tree")));
  if (!entry.tree || !entry.tree.merges.length) {
    card.append(notice("A tree needs two models and complete dissimilarities; these have none."));
    return;
  }
  const place = element("div", { class: "scroll models-tree" });
  card.append(place);
  const width = Math.max(260, place.clientWidth - 4);
  place.append(drawTree(study, entry, { width, height: heightOf(width), chosen, pick }));
  if (entry.tree.support.some((support) => support !== null)) {
    card.append(element("p", { class: "small muted" }, "Per cent at a branch: resampled sets of images in which it is found again."));
  }
}

/** @returns {HTMLElement} all models as boxes to tick */
function tickList(
  /** @type {import("./study.js").Study} */ study,
  /** @type {import("./types.js").Case} */ entry,
  /** @type {Set<number>} */ chosen,
  /** @type {(models: number[], add?: boolean) => void} */ pick,
) {
  const ticks = entry.models.map((model) =>
    element(
      "label",
      { class: chosen.has(model) ? "models-tick chosen" : "models-tick" },
      element("input", { type: "checkbox", checked: chosen.has(model), "data-key": `tick-${model}`, on: { change: () => pick([model], true) } }),
      modelSymbol(study, model),
      study.models[model].name,
    ),
  );
  const clear = element("button", { type: "button", "data-key": "no-group", disabled: !chosen.size, on: { click: () => pick([]) } }, "Clear");
  return element(
    "fieldset",
    { class: "card models-ticks" },
    element("legend", { class: "unseen" }, "Models of the group"),
    element("h3", { "aria-hidden": "true" }, "Group"),
    ticks,
    clear,
  );
}

/** @returns {HTMLElement} groups that the study itself suggests */
function groupsCard(
  /** @type {import("./study.js").Study} */ study,
  /** @type {import("./types.js").Case} */ entry,
  /** @type {(models: number[], add?: boolean) => void} */ pick,
) {
  const groups = knownGroups(study, entry);
  if (!groups.length) return notice("Tick models above to see what holds them together.");
  const rows = groups.slice(0, 20).map(({ kind, models, inside, across, support }, row) =>
    element(
      "tr",
      {},
      element("td", {}, element("button", { type: "button", class: "link", "data-key": `group-${row}`, on: { click: () => pick(models) } }, namesOf(study, models))),
      element("td", { class: "muted" }, kind),
      element("td", { class: "number" }, number(inside)),
      element("td", { class: "number" }, number(across)),
      element("td", { class: "number" }, number(inside - across)),
      element("td", { class: "number" }, support === null ? "" : percent(support)),
    ),
  );
  const heads = ["Among themselves, ρ", "With the rest, ρ", "Gap", "Branch found again"];
  return element(
    "div",
    { class: "card" },
    element("h3", {}, "Groups to look at"),
    element("p", { class: "small muted" }, "Families, branches of the tree and communities, the widest gap first. Click one."),
    element(
      "div",
      { class: "scroll" },
      element(
        "table",
        { class: "table" },
        element("thead", {}, element("tr", {}, element("th", {}, "Models"), element("th", {}, "Kind"), heads.map((head) => element("th", { class: "number" }, head)))),
        element("tbody", {}, rows),
      ),
    ),
  );
}

/** @returns {{columns: string[], rows: any[][]}} places of the models, and who is in the group */
function embeddingTable(
  /** @type {import("./study.js").Study} */ study,
  /** @type {import("./types.js").Case} */ entry,
  /** @type {number[]} */ group,
) {
  const kinds = Object.keys(entry.embeddings);
  return {
    columns: ["model", "family", "control", "group", "community", ...kinds.flatMap((kind) => [`${kind}_x`, `${kind}_y`])],
    rows: entry.models.map((model, i) => {
      const { key, family, control } = study.models[model];
      const places = kinds.flatMap((kind) => entry.embeddings[kind][i] ?? [null, null]);
      return [key, family, control, group.includes(model), entry.communities?.[i] ?? null, ...places];
    }),
  };
}
