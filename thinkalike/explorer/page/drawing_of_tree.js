/** The tree of models as a drawing whose branches are picked by pointer or keyboard. */

import { colour } from "./charts.js";
import { element } from "./dom.js";
import { number, percent } from "./format.js";
import { symbolPath } from "./symbols.js";
import { treeLayout } from "./tree.js";

/** Pixels of a leaf's row, at least and at most; between them as many as fill the height. */
const ROWS = [20, 44];
const TOP = 4;
const LEFT = 44;
const FOOT = 40;
const SUPPORT_WIDTH = 38;

/**
 * Draw the tree: root at the left, models at the right, heights to the left. Each branch is a button: arrows go from
 * branch to branch, Enter picks it.
 *
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Case} entry with a tree
 * @param {object} options
 * @param {number} options.width pixels
 * @param {number} options.height that it should fill
 * @param {Set<number>} options.chosen indices of models
 * @param {(models: number[], add: boolean) => void} options.pick called with the models under a branch, or one
 * @returns {SVGSVGElement}
 */
export function drawTree(study, entry, { width, height: room, chosen, pick }) {
  const tree = /** @type {import("./types.js").Tree} */ (entry.tree);
  const { order, branches } = treeLayout(tree, entry.order);
  const letters = Math.max(...order.map((place) => labelOf(study.models[entry.models[place]]).length));
    const row = Math.min(ROWS[1], Math.max(ROWS[0], (room - TOP - FOOT) / order.length));
  const right = Math.max(width * 0.35, width - 30 - letters * 7.2);
  const scroll = Math.max(width, right + 30 + letters * 7.2);
  const highest = Math.max(...branches.map((branch) => branch.height), 1e-9);
  const x = (/** @type {number} */ height) => right - (height / highest) * (right - LEFT);
  const y = (/** @type {number} */ place) => TOP + (place + 0.5) * row;
  const height = TOP + order.length * row + FOOT;
  const numbered = order.length <= 40;
  const [ink, soft, accent, card] = ["ink", "soft", "accent", "card"].map(colour);
  const parents = new Map(tree.merges.flatMap(([first, second], merge) => [first, second].map((node) => [node - order.length, branches[merge]])));
  const drawn = branches.map((branch) => {
    const models = branch.leaves.map((place) => entry.models[place]);
    const inside = models.every((model) => chosen.has(model));
    const [first, second] = branch.children;
    const line = `M${x(first.height)},${y(first.place)}H${x(branch.height)}V${y(second.place)}H${x(second.height)}`;
    const says = branchSays(study, models, branch);
    const button = element(
      "g",
      {
        class: inside ? "branch chosen" : "branch", role: "button", tabindex: -1, "aria-label": says,
        "aria-pressed": String(inside && models.length === chosen.size), "data-key": `branch-${branch.merge}`,
        on: { click: (/** @type {MouseEvent} */ event) => pick(models, event.shiftKey) },
      },
      element("title", {}, says),
      element("path", { class: "branch-target", d: line, fill: "none", stroke: "transparent", "stroke-width": 12 }),
      element("path", { class: "branch-line", d: line, fill: "none", stroke: inside ? accent : ink, "stroke-width": inside ? 3 : 1.5 }),
    );
    const at = numbered ? placeOfSupport(branch, parents.get(branch.merge), x) : null;
    if (at) {
      button.append(
        element(
          "text",
          {
            x: at.x, y: y(branch.place) + at.dy, "text-anchor": at.anchor, "font-size": 11, fill: soft,
            stroke: card, "stroke-width": 3, "paint-order": "stroke",
          },
          percent(branch.support),
        ),
      );
    }
    return { branch, button };
  });
  byArrows(drawn, pick, (branch) => branch.leaves.map((place) => entry.models[place]));
  const leaves = order.map((place, i) => leafOf(study, entry.models[place], { x: right, y: y(i), chosen, pick }));
  return element(
    "svg",
    { class: "tree", width: scroll, height, viewBox: `0 0 ${scroll} ${height}`, role: "group", "aria-label": `Tree of ${order.length} models`, "font-family": getComputedStyle(document.body).fontFamily },
    [...drawn].sort((p, q) => q.branch.height - p.branch.height).map(({ button }) => button),
    leaves,
    axisOf(highest, x, height - FOOT + 6, tree.linkage),
  );
}

/**
 * Where the support of a branch stands free of lines: on the line to its parent, else inside of it; null where both are too
 * short, then it is told by the tip alone.
 *
 * @param {import("./tree.js").Branch} branch
 * @param {import("./tree.js").Branch | undefined} parent
 * @param {(height: number) => number} x
 * @returns {{x: number, dy: number, anchor: string} | null}
 */
function placeOfSupport(branch, parent, x) {
  if (branch.support === null) return null;
  const own = x(branch.height);
  if (!parent || own - x(parent.height) >= SUPPORT_WIDTH) return { x: own - 4, dy: -4, anchor: "end" };
  const inside = Math.min(...branch.children.map((child) => x(child.height))) - own;
  return inside >= SUPPORT_WIDTH ? { x: own + 4, dy: 4, anchor: "start" } : null;
}

/**
 * @param {import("./study.js").Study} study
 * @param {number[]} models
 * @param {import("./tree.js").Branch} branch
 */
function branchSays(study, models, branch) {
  const names = models.map((model) => study.models[model].name);
  const listed = names.length > 6 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
  const support = branch.support === null ? "" : `, found again in ${percent(branch.support)} of resampled sets of images`;
  return `Branch of ${listed}: dissimilarity ${number(branch.height)}${support}`;
}

/** One branch can be reached by Tab; arrows lead to the others, in the order from the root down. */
function byArrows(
  /** @type {{branch: import("./tree.js").Branch, button: any}[]} */ drawn,
  /** @type {(models: number[], add: boolean) => void} */ pick,
  /** @type {(branch: import("./tree.js").Branch) => number[]} */ modelsOf,
) {
  const ordered = [...drawn].sort((p, q) => q.branch.height - p.branch.height || p.branch.place - q.branch.place);
  ordered[0]?.button.setAttribute("tabindex", "0");
  ordered.forEach(({ branch, button }, number) => {
    button.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      if (event.key === "Enter" || event.key === " ") pick(modelsOf(branch), event.shiftKey);
      else if (step) ordered[(number + step + ordered.length) % ordered.length].button.focus();
      else return;
      event.preventDefault();
    });
    button.addEventListener("focus", () => {
      for (const other of ordered) other.button.setAttribute("tabindex", other.button === button ? "0" : "-1");
    });
  });
}

/** @returns {string} name of a model in the tree */
function labelOf(/** @type {import("./types.js").Model} */ { name, control }) {
  const short = name.length > 26 ? `${name.slice(0, 25)}…` : name;
  return control ? `${short} (control)` : short;
}

/** @returns {SVGElement} a model at its leaf; a click takes it into the group, or out */
function leafOf(
  /** @type {import("./study.js").Study} */ study,
  /** @type {number} */ model,
  /** @type {{x: number, y: number, chosen: Set<number>, pick: (models: number[], add: boolean) => void}} */ { x, y, chosen, pick },
) {
  const { family, control } = study.models[model];
  return element(
    "g",
    { class: chosen.has(model) ? "leaf chosen" : "leaf", on: { click: () => pick([model], true) } },
    symbolPath(study.family(family), { x: x + 10, y, size: 5, hollow: control }),
    element("text", { x: x + 20, y: y + 4, "font-size": 13, "font-weight": chosen.has(model) ? "bold" : "normal", fill: colour("ink") }, labelOf(study.models[model])),
  );
}

/** @returns {SVGElement} heights of the tree below it */
function axisOf(/** @type {number} */ highest, /** @type {(height: number) => number} */ x, /** @type {number} */ y, /** @type {string} */ linkage) {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5].find((size) => highest / size <= 5) ?? highest;
  const ticks = Array.from({ length: Math.floor(highest / step + 1e-9) + 1 }, (_, i) => i * step);
  return element(
    "g",
    { "aria-hidden": "true", "font-size": 11, fill: colour("soft") },
    element("path", { d: `M${x(highest)},${y}H${x(0)}`, stroke: colour("line") }),
    ticks.map((tick) => [
      element("path", { d: `M${x(tick)},${y}v4`, stroke: colour("line") }),
      element("text", { x: x(tick), y: y + 16, "text-anchor": "middle" }, number(tick, step < 0.1 ? 2 : 1)),
    ]).flat(),
    element("text", { x: (x(0) + x(highest)) / 2, y: y + 31, "text-anchor": "middle" }, `dissimilarity (${linkage} linkage)`),
  );
}
