/**
 * The view "Pair": two models, image by image.
 */

import { colour } from "./charts.js";
import { element, notice } from "./dom.js";
import { counted, interval, number, percent } from "./format.js";
import { closestPair, distributions, histogram, rankOfPair } from "./pair.js";
import { pairImages } from "./pair_images.js";
import { pairPicture } from "./pair_picture.js";
import { modelSymbol } from "./symbols.js";

/** @typedef {import("./main.js").Context} Context */

/** Most bins of the distribution that is shown, and the bins where the page has none for chance. */
const PAIR_BINS = 32;
const FINE_BINS = 60;

/**
 * What the view knows of its pair.
 *
 * @typedef {object} PairFacts
 * @property {import("./types.js").Case} entry
 * @property {string} collection
 * @property {[number, number]} models indices
 * @property {number} row of the pairs
 * @property {Float32Array | null} values similarity of each image; NaN where it does not count
 * @property {Float32Array | null} influence
 * @property {Float32Array | null} nulls counts
 * @property {[number, number]} range of the similarities
 */

export const pairView = {
  key: "pair",
  title: "Pair",
  uses: /** @type {const} */ (["method", "metric", "scale", "subset", "filter"]),

  /**
   * @param {HTMLElement} root
   * @param {Context} context
   */
  async render(root, context) {
    const { study, entry, state } = context;
    const closest = entry && closestPair(study, entry);
    if (!entry || !closest) {
      root.replaceChildren(element("h2", {}, "Pair"), notice("This study compares no two models, so there is no pair."));
      return { exports: {} };
    }
    const places = [state.a ?? closest[0], state.b ?? closest[state.a === closest[1] ? 0 : 1]].map((key) => study.place(key));
    const [a, b] = places.map((place, i) => (place < 0 ? study.place(closest[i]) : place));
    root.append(pairHeader(context, entry, a, b));
    const row = study.pairRow(entry, a, b);
    if (row < 0) {
      const says = a === b ? "A model and itself are no pair: choose another one." : "This case has no such pair: choose other models, or another case.";
      root.append(notice(says));
      return { exports: {} };
    }
    const facts = await pairFacts(study, entry, [a, b], row);
    const top = element("div", { class: "pair-top" });
    root.append(top);
    top.append(numbersCard(context, facts));
    if (!facts.values) {
      root.append(notice("Similarities of single images are not kept for this comparison, so only the numbers of the pair can be shown."));
      return { exports: { table: () => ({ columns: [], rows: [] }) } };
    }
    const images = pairImages(context, facts);
    const card = element("div", { class: "card" }, element("h3", {}, "Similarity of every image's two maps"));
    top.append(card);
    const chart = await drawDistribution(card, context, facts, images.choose);
    root.append(images.root);
    return { exports: { svg: chart.svg, png: chart.png, table: images.table }, dispose: images.dispose };
  },
};

/**
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Case} entry
 * @param {[number, number]} models
 * @param {number} row
 * @returns {Promise<PairFacts>}
 */
async function pairFacts(study, entry, models, row) {
  const like = (/** @type {import("./types.js").Case} */ one) =>
    one.method === entry.method && one.metric === entry.metric && one.subset === entry.subset && one.perImage !== null;
  const known = entry.perImage ? entry : study.contents.cases.find(like);
  const place = known ? study.pairRow(known, ...models) : -1;
  const empty = { entry, collection: study.contents.collections[0]?.key ?? "", models, row, values: null, influence: null, nulls: null };
  if (!known?.perImage || place < 0) return { ...empty, range: [0, 1] };
  const { collection, values, influence, nulls, nullRange } = known.perImage;
  const rowOf = (/** @type {string | null} */ name) => (name === null ? null : study.rows(name, place, place + 1));
  const [similarities, influences, counts] = await Promise.all([study.rows(values, place, place + 1), rowOf(influence), rowOf(nulls)]);
  // similarities are of all images; influence is of those that count in the subset
  const counting = similarities.map((value, image) => (influences && Number.isNaN(influences[image]) ? NaN : value));
  return { entry, collection, models, row, values: counting, influence: influences, nulls: counts, range: nullRange };
}

/**
 * @param {Context} context
 * @param {import("./types.js").Case} entry
 * @param {number} a
 * @param {number} b
 */
function pairHeader({ study, go }, entry, a, b) {
  const members = [...new Set([...entry.models, ...entry.pairs.a, ...entry.pairs.b])];
  const list = (/** @type {string} */ name, /** @type {string} */ label, /** @type {number} */ chosen) => {
    const select = element(
      "select",
      { "aria-label": label, "data-key": `pair-${name}`, on: { change: () => go({ [name]: select.value }) } },
      (members.includes(chosen) ? members : [...members, chosen]).map((i) => element("option", { value: study.models[i].key }, study.models[i].name)),
    );
    select.value = study.models[chosen].key;
    return select;
  };
  const swap = () => go({ a: study.models[b].key, b: study.models[a].key });
  return element(
    "header",
    {},
    element("h2", {}, modelSymbol(study, a), ` ${study.models[a].name} and `, modelSymbol(study, b), ` ${study.models[b].name}`),
    element(
      "div",
      { class: "row" },
      list("a", "First model", a),
      element("button", { type: "button", "data-key": "pair-swap", "aria-label": "Swap the two models", on: { click: swap } }, "⇄"),
      list("b", "Second model", b),
    ),
  );
}

/**
 * @param {Context} context
 * @param {PairFacts} facts
 */
function numbersCard({ study, state }, { entry, row, models, collection }) {
  const { pairs } = entry;
  const rho = pairs.rho[row];
  const between = interval(pairs.low[row], pairs.high[row]);
  const rank = rankOfPair(entry, row);
  const all = collection ? study.collection(collection) : null;
  const predictions = all ? models.map((model) => all.predictions[study.models[model].key]) : [];
  const same =
    all && predictions.every(Boolean) ? all.ids.filter((_, i) => predictions[0].classes[i] === predictions[1].classes[i]).length / all.ids.length : null;
  const lost = pairs.notConverged[row] ?? 0;
  const rows = [
    ["Raw similarity", number(pairs.mean[row])],
    ["Chance", number(pairs.chance[row])],
    ["Dissimilarity", [number(pairs.dissimilarity[row]), interval(pairs.dissimilarityLow[row], pairs.dissimilarityHigh[row])].filter(Boolean).join(", ")],
    ["Category", pairs.category[row]],
    ["Rank among pairs", rank ? `${rank.rank} of ${rank.count}, the most alike first` : null],
    ["Images that count", counted(pairs.n[row] ?? 0, "image")],
    ["Same prediction", same === null ? null : percent(same)],
    ["Right", models.map((model) => percent(study.models[model].accuracy)).join(" and ")],
    ["Not converged", lost > 0 ? counted(lost, "map") : null],
  ];
  return element(
    "div",
    { class: "card pair-numbers" },
    rho === null
      ? null
      : element("p", { class: "pair-rho" }, element("b", {}, `ρ ${number(rho)}`), between ? element("span", { class: "muted" }, ` 95 %: ${between}`) : null),
    element(
      "dl",
      {},
      rows.filter(([, value]) => value !== null).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
    ),
    state.scale && entry.perImage === null
      ? element("p", { class: "small muted" }, `The numbers are of the scale ${entry.scaleTitle}; single images are compared at the study's own.`)
      : null,
  );
}

/**
 * @param {HTMLElement} card
 * @param {Context} context
 * @param {PairFacts} facts
 * @param {(range: [number, number] | null) => void} choose
 */
async function drawDistribution(card, { charts, state }, { values, nulls, range, entry, row }, choose) {
  const observed = /** @type {Float32Array} */ (values).filter((value) => !Number.isNaN(value));
  const { mean, chance: expected } = entry.pairs;
  const marks = [
    { title: "mean", value: mean[row] ?? NaN },
    { title: "chance", value: expected[row] ?? NaN },
  ].filter(({ value }) => !Number.isNaN(value));
  const reached = [...range, ...observed, ...marks.map(({ value }) => value)];
  const all = /** @type {[number, number]} */ (nulls ? range : [Math.min(...reached), Math.max(...reached)]);
  const counts = histogram(observed, all, nulls?.length ?? FINE_BINS);
  const { shares, range: span } = distributions(nulls ? [counts, nulls] : [counts], all, PAIR_BINS, marks.map(({ value }) => value));
  const chosen = state.from && state.to ? /** @type {[number, number]} */ ([Number(state.from), Number(state.to)]) : null;
  card.append(
    element(
      "p",
      { class: "small muted" },
      nulls ? "Bars: maps of the same image. Broken line: maps of different images, which is chance. " : "",
      "Drag over bars to keep their images.",
    ),
  );
  let settled = 0;
  return charts.chart(
    card,
    pairPicture({
      observed: shares[0], chance: shares[1] ?? null, range: span, chosen, images: observed.length,
      marks,
      width: card.clientWidth - 100, height: 180,
      page: { ink: colour("ink"), soft: colour("soft"), warm: colour("warm"), accent: colour("accent") },
    }),
    {
      label: `Distribution of the similarity of ${observed.length} images, mean ${number(mean[row])}; chance ${number(expected[row])}.`,
      on: {
        range: (_name, value) => {
          clearTimeout(settled);
          const [from, to] = Object.values(value ?? {}).find(Array.isArray) ?? [];
          settled = window.setTimeout(() => choose(from === undefined || from === to ? null : [from, to]), 120);
        },
      },
    },
  );
}
