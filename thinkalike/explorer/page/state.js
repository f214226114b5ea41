/**
 * The state of the page is the fragment of its address, "#view=matrix&method=lrp": it can be linked, bookmarked, gone back to.
 *
 * Known keys: view; method, metric, scale, subset (the case); quantity; a, b (models); image (its id); cluster, result,
 * clustering; group (models, with commas); class, right, agree, text (the filter); sort; study2. Views may add their own.
 */

/** @typedef {Record<string, string>} State */

/** Keys in the order in which a fragment has them; others follow by name. */
const ORDER = (
  "view method metric scale subset quantity a b image collection group clustering result cluster sort class right agree text"
).split(" ");

/**
 * The state in a fragment. What cannot be decoded is left out; of a key that stands twice, the last counts.
 *
 * @param {string} hash with or without "#"
 * @returns {State}
 */
export function readState(hash) {
  /** @type {State} */
  const state = {};
  for (const part of hash.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    if (at < 1) continue;
    try {
      const [key, value] = [part.slice(0, at), part.slice(at + 1)].map((text) => decodeURIComponent(text.replaceAll("+", " ")));
      if (value !== "" && key !== "__proto__") state[key] = value;
    } catch {
      continue;
    }
  }
  return state;
}

/**
 * The fragment of a state, without "#"; empty values are left out.
 *
 * @param {State} state
 * @returns {string}
 */
export function writeState(state) {
  const place = (/** @type {string} */ key) => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length);
  const keys = Object.keys(state).filter((key) => state[key] !== "");
  keys.sort((one, other) => place(one) - place(other) || (one < other ? -1 : 1));
  const encode = (/** @type {string} */ text) => encodeURIComponent(text).replaceAll("%20", "+").replaceAll("%2C", ",").replaceAll("%2F", "/");
  return keys.map((key) => `${encode(key)}=${encode(state[key])}`).join("&");
}

/**
 * A state with changes: a value of null or "" takes the key away.
 *
 * @param {State} state
 * @param {Record<string, string | null | undefined>} changes
 * @returns {State}
 */
export function changedState(state, changes) {
  const next = { ...state };
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") delete next[key];
    else next[key] = value;
  }
  return next;
}
