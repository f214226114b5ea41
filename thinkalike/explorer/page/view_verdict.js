/**
 * The view "Verdict", the first: what was found, each sentence with a link to what shows it, and the pairs with their intervals.
 */

import { colour } from "./charts.js";
import { element, notice } from "./dom.js";
import { counted, number } from "./format.js";
import { pairLines } from "./matrix.js";
import { pairsPicture, shownPairs } from "./pairs_picture.js";
import { readState } from "./state.js";

/** @typedef {import("./main.js").Context} Context */

/** What a link of a sentence opens, by its view. */
const OPENS = /** @type {Record<string, string>} */ ({
  matrix: "see the matrix", pair: "see the pair", image: "see images", models: "see the map of models", clusters: "see clusters", compare: "compare methods",
});

export const verdictView = {
  key: "verdict",
  title: "Verdict",
  uses: /** @type {const} */ (["method", "metric", "scale", "subset"]),

  /**
   * @param {HTMLElement} root
   * @param {Context} context
   */
  async render(root, context) {
    const { contents } = context.study;
    const controls = contents.models.filter((model) => model.control).length;
    const replicas = contents.models.filter((model) => model.replica).length;
    const methods = new Set(contents.cases.map((entry) => entry.method)).size;
    const facts = [
      counted(contents.models.length - controls - replicas, "model"),
      controls ? counted(controls, "control") : "",
      replicas ? counted(replicas, "further seed") : "",
      counted(contents.collections[0]?.ids.length ?? 0, "image"),
      counted(methods, "method"),
    ].filter(Boolean);
    root.append(
      element("header", {}, element("h2", {}, "Do they think alike?"), element("span", { class: "muted" }, contents.title)),
      element("p", { class: "row verdict-facts" }, facts.map((fact) => element("span", { class: "badge" }, fact))),
    );
    const right = element("section", { class: "card", "aria-label": "Pairs of models" });
    const topics = [...new Set(contents.verdict.map((sentence) => sentence.topic))];
    const shown = context.study.method(context.entry?.method)?.title;
    const beside = topics.filter((topic, i) => i === 0 || topic === shown);
    const side = contents.verdict.length
      ? beside.map((topic) => sentences(context, topic))
      : notice("This study has no verdict; the matrix shows what was compared.");
    root.append(
      element("div", { class: "verdict-columns" }, element("div", { class: "verdict-side" }, side), right),
      element("div", { class: "verdict-rest" }, topics.filter((topic) => !beside.includes(topic)).map((topic) => sentences(context, topic))),
    );
    const chart = await drawPairs(right, context);
    return {
      exports: {
        ...(chart ? { svg: chart.svg, png: chart.png } : {}),
        table: () => ({ columns: ["topic", "sentence", "link"], rows: contents.verdict.map(({ topic, text, link }) => [topic, text, link]) }),
      },
    };
  },
};

/**
 * The sentences on a topic.
 *
 * @param {Context} context
 * @param {string} topic
 */
function sentences({ study }, topic) {
  const own = study.contents.verdict.filter((sentence) => sentence.topic === topic);
  const item = (/** @type {import("./types.js").Sentence} */ { text, link }) =>
    element("li", {}, link ? element("a", { href: `#${link}`, title: OPENS[readState(link).view] ?? "see it" }, text) : text);
  return element("section", { class: "card verdict", "aria-label": topic }, element("h3", {}, topic), element("ul", {}, own.map(item)));
}

/**
 * @param {HTMLElement} card
 * @param {Context} context
 */
async function drawPairs(card, { study, entry, charts, go }) {
  const known = entry ? shownPairs(entry) : { rows: [], between: 0 };
  if (!entry || known.rows.length === 0) {
    card.append(notice("No similarity above chance is known for this comparison."));
    return null;
  }
  const { pairs } = entry;
  const open = (/** @type {number} */ row) => go({ view: "pair", a: study.models[pairs.a[row]].key, b: study.models[pairs.b[row]].key });
  card.append(
    element("h3", {}, `How alike are pairs of models by ${study.method(entry.method)?.title ?? entry.method}?`),
    element("p", { class: "small muted" }, "Similarity above chance with its 95 % interval. 0: as alike as maps of different images; 1: the same. Click a pair to see its images."),
  );
  const page = Object.fromEntries(["ink", "soft", "warm", "accent", "good"].map((name) => [name, colour(name)]));
  const chart = await charts.chart(card, pairsPicture(study, entry, card.clientWidth - 34, /** @type {any} */ (page)), {
    label: `Pairs of models with intervals, the most alike first. ${pairLines(study, entry, known.rows[0]).join(", ")}`,
    on: { click: (_event, item) => item?.datum?.row !== undefined && open(item.datum.row) },
  });
  const link = (/** @type {number} */ row) =>
    element("li", {}, element("button", { type: "button", class: "link", "data-key": `verdict-pair-${row}`, on: { click: () => open(row) } },
      `${study.models[pairs.a[row]].name} and ${study.models[pairs.b[row]].name}`), `: ρ ${number(pairs.rho[row])}`);
  card.append(element("details", { class: "small" }, element("summary", { "data-key": "verdict-pairs" }, "These pairs as a list"), element("ol", {}, known.rows.map(link))));
  return chart;
}
