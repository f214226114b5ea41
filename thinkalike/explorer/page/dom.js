/**
 * Elements of the page. Text is always text: nothing here reads markup.
 */

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = new Set(["svg", "g", "path", "rect", "circle", "line", "text", "title", "polyline"]);

/**
 * An element with attributes, listeners and children.
 *
 * `on` holds listeners by event; `text` the text; `class`, `id`, `role`, `aria-…`, `data-…` and the like are attributes; `true`
 * gives an attribute without value, `false`, `null` and `undefined` leave it out. Properties that are no attributes
 * (`value`, `checked`, `disabled`, `hidden`) are set as properties.
 *
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false | (Node | string | null | undefined | false)[])} children
 * @returns {any}
 */
export function element(tag, attributes = {}, ...children) {
  const node = SHAPES.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "text") node.textContent = String(value);
    else if (["value", "checked", "disabled", "hidden", "selected"].includes(name)) Reflect.set(node, name, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child instanceof Node) node.append(child);
    else if (child !== null && child !== undefined && child !== false) node.append(document.createTextNode(child));
  }
  return node;
}

/**
 * A message in place of what cannot be shown: one sentence that says why.
 *
 * @param {string} sentence
 * @returns {HTMLElement}
 */
export function notice(sentence) {
  return element("p", { class: "notice" }, sentence);
}

/**
 * A choice of one among few: buttons in a row, or a list where there are many.
 *
 * @param {string} label what is chosen
 * @param {{key: string, title: string}[]} options
 * @param {string} chosen key
 * @param {(key: string) => void} choose
 * @param {object} [look]
 * @param {number} [look.most] so many options are shown as buttons
 * @param {number} [look.letters] with so many letters together
 * @param {boolean} [look.named] whether the label is seen
 * @returns {HTMLElement}
 */
export function choice(label, options, chosen, choose, { most = 5, letters = 72, named = true } = {}) {
  const name = element("span", { class: named ? "choice-label" : "unseen" }, label);
  const length = options.reduce((sum, option) => sum + option.title.length, 0);
  if (options.length > most || length > letters) {
    const list = element(
      "select",
      { "aria-label": label, "data-key": `choose-${label}`, on: { change: () => choose(list.value) } },
      options.map((option) => element("option", { value: option.key, selected: option.key === chosen }, option.title)),
    );
    list.value = chosen;
    return element("label", { class: "choice" }, name, list);
  }
  const buttons = options.map((option) =>
    element(
      "button",
      {
        type: "button",
        "aria-pressed": String(option.key === chosen),
        "data-key": `choose-${label}-${option.key}`,
        on: { click: () => choose(option.key) },
      },
      option.title,
    ),
  );
  return element("div", { class: "choice", role: "group", "aria-label": label }, name, element("div", { class: "tabs" }, buttons));
}
