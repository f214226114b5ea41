/**
 * The view "Compare": two methods of a study, or two studies, side by side.
 */

import { colour } from "./charts.js";
import { colourScale } from "./colours.js";
import { agreementOfSides, beyondIntervals, chosenCounterpart, counterparts, sharedModels, sharedPairs } from "./comparison.js";
import { comparedImages } from "./compared_images.js";
import { choice, element, notice } from "./dom.js";
import { counted, interval, number } from "./format.js";
import { pairLines } from "./matrix.js";
import { layoutOf, matrixPicture } from "./matrix_picture.js";
import { byDifference } from "./pairing.js";
import { scatterOfPairs } from "./scatter_of_pairs.js";
import { Study } from "./study.js";

/** Rows of the table of pairs that are shown at first. */
const FIRST_ROWS = 10;

/** @typedef {import("./comparison.js").Side} Side */
/** @typedef {import("./comparison.js").SharedPair} SharedPair */
/** @typedef {import("./main.js").Context} Context */

export const compareView = {
  key: "compare",
  title: "Compare",
  uses: /** @type {("method" | "metric" | "scale" | "subset" | "filter")[]} */ (["method", "metric", "scale", "subset", "filter"]),

  /**
   * @param {HTMLElement} root
   * @param {Context} context
   * @returns {Promise<import("./main.js").Rendered>}
   */
  async render(root, context) {
    const { study, entry, other, state } = context;
    root.append(element("header", {}, element("h2", {}, "Compare")));
    if (!entry) {
      root.append(notice("This study compares no models."));
      return {};
    }
    const options = counterparts(study, entry, other);
    const chosen = chosenCounterpart(options, entry, state);
    root.append(controlsOfSides(context, options, chosen));
    if (state.study2 && !other) {
      root.append(notice("This link compares with a second study. Choose its explorer.html above, or drop it on this page."));
    }
    const sides = chosen && sidesOf(context, chosen);
    if (!sides) {
      root.append(notice("This study has one method and metric. Choose the explorer.html of another study to compare with."));
      return {};
    }
    const [first, second] = sides;
    const pairs = byDifference(await sharedPairs(first, second));
    if (!pairs.length) {
      root.append(notice(`No two models stand in both: ${first.title} and ${second.title} have no pair in common.`));
      return {};
    }
    const pick = (/** @type {SharedPair} */ pair) => {
      context.go({ a: pair.a, b: pair.b });
      context.announce(tipOfPair(first, second, pair).replaceAll("\n", "; "));
    };
    const shown = pairs.find((pair) => isPair(pair, state.a, state.b)) ?? pairs.find((pair) => pair.category !== "control") ?? pairs[0];
    root.append(element("section", { class: "card", "aria-label": "How both agree" }, sentencesOf(first, second, pairs)));
    const matrices = element("div", { class: "compare-two" });
    const below = element("div", { class: "compare-two" });
    root.append(matrices, below);
    await matrixOfSide(matrices, context, first, second, shown);
    await matrixOfSide(matrices, context, second, first, shown);
    const chart = await scatterCard(below, context, first, second, pairs, shown, pick);
    below.append(tableOfPairs(first, second, pairs, shown, pick));
    const images = await comparedImages(root, context, first, second, shown);
    return {
      exports: { svg: chart.svg, png: chart.png, table: () => savedPairs(first, second, pairs) },
      dispose: images.dispose,
    };
  },
};

/** @returns {boolean} whether a pair is of these two models, in either order */
function isPair(/** @type {SharedPair} */ { a, b }, /** @type {string} */ one, /** @type {string} */ two) {
  return (a === one && b === two) || (a === two && b === one);
}

/** @returns {[Side, Side] | null} both sides, with titles that tell them apart */
function sidesOf(/** @type {Context} */ { study, entry, other, state }, /** @type {import("./comparison.js").Counterpart} */ chosen) {
  const theirs = chosen.study2 ? other : study;
  if (!theirs || !entry) return null;
  const second = theirs.caseOf({ ...state, scale: entry.scale, subset: entry.subset, method: chosen.method2, metric: chosen.metric2 });
  if (!second) return null;
  const alike = study.contents.study === theirs.contents.study;
  const title = (/** @type {Study} */ of, /** @type {import("./types.js").Case} */ { method, metric }) => {
    const parts = [of.method(method)?.title ?? method, entry.metric === second.metric ? "" : metric];
    const name = `${of.contents.study}${alike && of === theirs ? " (second file)" : ""}`;
    return `${chosen.study2 ? `${name}: ` : ""}${parts.filter(Boolean).join(", ")}`;
  };
  return [{ study, entry, title: title(study, entry) }, { study: theirs, entry: second, title: title(theirs, second) }];
}

/** @returns {HTMLElement} what is compared with what, and where a second study comes from */
function controlsOfSides(
  /** @type {Context} */ context,
  /** @type {import("./comparison.js").Counterpart[]} */ options,
  /** @type {import("./comparison.js").Counterpart | null} */ chosen,
) {
  const { other, go, setOther, announce } = context;
  const take = async (/** @type {File | undefined} */ file) => {
    if (!file) return;
    try {
      const study = await Study.fromFile(file);
      go({ study2: "other", method2: null, metric2: null }, { quiet: true });
      setOther(study);
      announce(`Compared with the study ${study.contents.study}`);
    } catch (error) {
      says.textContent = error instanceof Error ? error.message : String(error);
      announce(says.textContent);
    }
  };
  const says = element("span", { class: "compare-error", role: "alert" });
  const file = element("input", {
    type: "file", accept: ".html,text/html", id: "second-study", class: "unseen", on: { change: () => take(file.files[0]) },
  });
  const drop = element(
    "label",
    {
      class: "compare-drop", for: "second-study",
      on: {
        dragover: (/** @type {DragEvent} */ event) => event.preventDefault(),
        drop: (/** @type {DragEvent} */ event) => {
          event.preventDefault();
          take(event.dataTransfer?.files[0]);
        },
      },
    },
    file,
    other ? `Second study: ${other.contents.study}. Choose another explorer.html` : "Second study: choose its explorer.html, or drop it here",
  );
  const choose = (/** @type {string} */ key) => {
    const { study2, method2, metric2 } = /** @type {typeof options[number]} */ (options.find((option) => option.key === key));
    go({ study2, method2, metric2 });
  };
  const away = other
    ? element("button", { type: "button", "data-key": "no-second", on: { click: () => { go({ study2: null, method2: null, metric2: null }, { quiet: true }); setOther(null); } } }, "Without it")
    : null;
  return element("div", { class: "row" }, chosen ? choice("Beside", options, chosen.key, choose) : null, drop, away, says);
}

/** @returns {HTMLElement[]} how both agree over all pairs */
function sentencesOf(/** @type {Side} */ first, /** @type {Side} */ second, /** @type {SharedPair[]} */ pairs) {
  const { correlation, p, models, permutations } = agreementOfSides(first, second);
  const { beyond, known } = beyondIntervals(pairs.filter(({ category }) => category !== "control"));
  const says = [];
  if (Number.isFinite(correlation)) {
    const chance = Number.isFinite(p) ? ` (Mantel, p ${p < 0.002 ? "= 0.001" : `= ${number(p, p < 0.1 ? 3 : 2)}`}, ${permutations} orders of the models)` : "";
    says.push(`${first.title} and ${second.title} rank the pairs of ${models} models with a rank correlation of ${number(correlation)}${chance}.`);
  } else {
    says.push(`${first.title} and ${second.title} have ${counted(pairs.length, "pair")} in common, too few for a correlation.`);
  }
  const details = [];
  if (known) {
    const paired = pairs.some((pair) => pair.paired);
    details.push(
      `ρ differs beyond its 95 % interval in ${beyond} of these ${counted(known, "pair")}; by chance alone it would in about ${number(known * 0.05, known < 100 ? 1 : 0)}.`,
      paired ? "Both see the same images, so intervals are of differences image by image." : "Both see other images, so intervals take them as independent.",
    );
  }
  return [element("p", { class: "models-answer" }, says[0]), element("p", {}, details.join(" "))];
}

/** Append the matrix of one side, of the models that both have, in the order of the first side. */
async function matrixOfSide(
  /** @type {HTMLElement} */ root,
  /** @type {Context} */ context,
  /** @type {Side} */ side,
  /** @type {Side} */ beside,
  /** @type {SharedPair} */ chosen,
) {
  const { study, entry, title } = side;
  const [first, second] = side.study === context.study && side.entry === context.entry ? [side, beside] : [beside, side];
  const keys = sharedModels(first, second);
  const models = keys.map((key) => study.place(key));
  const card = element("section", { class: "card", "aria-label": `Matrix of ${title}` }, element("h3", {}, title));
  root.append(card);
  const page = Object.fromEntries(["ink", "soft", "line", "card", "blank", "accent"].map((name) => [name, colour(name)]));
  const labels = models.map((model) => {
    const { name, family, control } = study.models[model];
    const known = study.family(family);
    return { name, colour: known?.colour ?? "#777777", symbol: known?.symbol ?? "circle", control, tip: name };
  });
  const cells = models.flatMap((a, y) =>
    models.flatMap((b, x) => {
      if (x === y) return [];
      const row = study.pairRow(entry, a, b);
      return [{ x, y, a, b, row, value: row < 0 ? null : entry.pairs.rho[row], tip: row < 0 ? "no comparison" : pairLines(study, entry, row).join("\n") }];
    }),
  );
  const layout = layoutOf({
    models: models.length,
    width: card.clientWidth - 32,
    height: 460,
    letters: Math.max(...labels.map((label) => label.name.length)) * 7.6,
    tree: false,
  });
  const place = element("div", { class: "scroll" });
  card.append(place);
  const at = cells.find(({ a, b }) => isPair(chosen, study.models[a].key, study.models[b].key));
  const chart = await context.charts.chart(
    place,
    matrixPicture({
      cells, labels, layout, decimals: 2,
      entry: { ...entry, tree: null },
      colours: colourScale({ pale: 0, full: 1 }, document.documentElement.dataset.theme === "dark"),
      page: /** @type {any} */ (page),
    }),
    {
      label: `Matrix of ρ, ${title}; the table of pairs below has the numbers of both`,
      renderer: models.length > 40 ? "canvas" : "svg",
      on: {
        click: (_event, item) => {
          if (item?.mark?.name === "cells") context.go({ a: study.models[item.datum.a].key, b: study.models[item.datum.b].key });
        },
      },
    },
  );
  if (at) await chart.view.signal("hot", { x: at.x, y: at.y, row: at.row }).runAsync();
}

/** @returns {string} the numbers of a pair on both sides */
function tipOfPair(/** @type {Side} */ first, /** @type {Side} */ second, /** @type {SharedPair} */ pair) {
  const of = (/** @type {Side} */ side, /** @type {SharedPair["first"]} */ { rho, low, high }) => {
    const ends = interval(low, high);
    return `${side.title}: ρ ${number(rho)}${ends ? ` (95 %: ${ends})` : ""}`;
  };
  const ends = interval(pair.low, pair.high);
  return [nameOfPair(first, pair), of(first, pair.first), of(second, pair.second), `difference ${number(pair.difference)}${ends ? ` (95 %: ${ends})` : ""}`].join("\n");
}

/** @returns {string} */
function nameOfPair(/** @type {Side} */ { study }, /** @type {SharedPair} */ { a, b }) {
  return [a, b].map((key) => study.models[study.place(key)].name).join(" and ");
}

/** @returns {Promise<import("./charts.js").Chart>} the card with ρ against ρ */
async function scatterCard(
  /** @type {HTMLElement} */ root,
  /** @type {Context} */ context,
  /** @type {Side} */ first,
  /** @type {Side} */ second,
  /** @type {SharedPair[]} */ pairs,
  /** @type {SharedPair} */ shown,
  /** @type {(pair: SharedPair) => void} */ pick,
) {
  const card = element("section", { class: "card", "aria-label": "Pairs on both sides" }, element("h3", {}, "Every pair on both sides"));
  root.append(card);
  const size = Math.round(Math.min(460, Math.max(220, card.clientWidth - 110)));
  const points = pairs.map((pair) => ({ ...pair, name: nameOfPair(first, pair), tip: tipOfPair(first, second, pair), chosen: pair === shown }));
  const chart = await context.charts.chart(
    card,
    scatterOfPairs(points, {
      size,
      titles: [first.title, second.title],
      colours: { ink: colour("ink"), soft: colour("soft"), line: colour("line"), accent: colour("accent") },
    }),
    {
      label: `ρ of ${counted(pairs.length, "pair")} by ${first.title} and by ${second.title}; the table beside it has the numbers`,
      renderer: pairs.length > 1000 ? "canvas" : "svg",
      on: { click: (_event, item) => item?.datum?.i !== undefined && pick(pairs[item.datum.i]) },
    },
  );
  card.append(element("p", { class: "small muted" }, "On the dashed line both say the same. Bars: 95 % intervals. Named: pairs that differ most, without controls."));
  return chart;
}

/** @returns {HTMLElement} pairs in the order of how far they differ */
function tableOfPairs(
  /** @type {Side} */ first,
  /** @type {Side} */ second,
  /** @type {SharedPair[]} */ pairs,
  /** @type {SharedPair} */ shown,
  /** @type {(pair: SharedPair) => void} */ pick,
) {
  const row = (/** @type {SharedPair} */ pair) => {
    const beyond = pair.low > 0 || pair.high < 0;
    return element(
      "tr",
      { "aria-selected": pair === shown ? "true" : null },
      element("td", { class: "compare-pair" }, element("button", { type: "button", class: "link", "data-key": `pair-${pair.a}-${pair.b}`, on: { click: () => pick(pair) } }, nameOfPair(first, pair))),
      element("td", { class: "number" }, number(pair.first.rho)),
      element("td", { class: "number" }, number(pair.second.rho)),
      element(
        "td",
        { class: "number" },
        number(pair.difference),
        element("span", { title: "the interval leaves 0 out" }, beyond ? " *" : ""),
        element("div", { class: "small muted" }, interval(pair.low, pair.high)),
      ),
    );
  };
  const body = element("tbody", {}, pairs.slice(0, FIRST_ROWS).map(row));
  const more = element(
    "button",
    { type: "button", hidden: pairs.length <= FIRST_ROWS, on: { click: () => { body.append(...pairs.slice(FIRST_ROWS).map(row)); more.hidden = true; } } },
    `Show all ${pairs.length}`,
  );
  const heads = [first.title, second.title, "Difference (95 %)"];
  return element(
    "section",
    { class: "card", "aria-label": "Pairs that differ most" },
    element("h3", {}, "Pairs that differ most"),
    element(
      "div",
      { class: "scroll compare-table" },
      element(
        "table",
        { class: "table" },
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Pair of models"), heads.map((head) => element("th", { scope: "col", class: "number" }, head)))),
        body,
      ),
    ),
    element("p", { class: "small muted" }, "Star: the interval leaves 0 out."),
    more,
  );
}

/** @returns {{columns: string[], rows: any[][]}} */
function savedPairs(/** @type {Side} */ first, /** @type {Side} */ second, /** @type {SharedPair[]} */ pairs) {
  return {
    columns: ["model_a", "model_b", "category", `rho: ${first.title}`, "low", "high", `rho: ${second.title}`, "low", "high", "difference", "low", "high", "same images"],
    rows: pairs.map((pair) => [
      pair.a, pair.b, pair.category, pair.first.rho, pair.first.low, pair.first.high, pair.second.rho, pair.second.low, pair.second.high,
      pair.difference, pair.low, pair.high, pair.paired,
    ]),
  };
}
