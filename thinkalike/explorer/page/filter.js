/**
 * The filter of images: by class, by correctness and agreement of models, by text.
 */

/** @typedef {import("./study.js").Study} Study */

/** What can be asked of the predictions, for menus. */
export const RIGHT = [
  { key: "", title: "right or wrong" },
  { key: "all", title: "all right" },
  { key: "some", title: "some right, some wrong" },
  { key: "none", title: "all wrong" },
];
export const AGREE = [
  { key: "", title: "agree or not" },
  { key: "yes", title: "all predict the same" },
  { key: "no", title: "not all the same" },
];

/**
 * Whether a state filters images at all.
 *
 * @param {Record<string, string>} state
 * @returns {boolean}
 */
export function filters(state) {
  return ["class", "right", "agree", "text"].some((key) => Boolean(state[key]));
}

/**
 * Indices of the images of a collection that pass the filter of a state, in their order.
 *
 * `right`: "all", "some" (not all) or "none" of the models predict the image's class. `agree`: "yes", they all predict the
 * same class, "no". `class`: its name. `text`: a part of the caption, the id or the name of the class. A model without
 * predictions is passed over; an image with no predictions at all fails `right` and `agree`.
 *
 * @param {Study} study
 * @param {string} key of the collection
 * @param {string[]} models keys of the models whose predictions count
 * @param {Record<string, string>} state
 * @returns {number[]}
 */
export function passing(study, key, models, state) {
  const collection = study.collection(key);
  const names = study.contents.classes;
  const text = (state.text ?? "").toLowerCase();
  const predictions = models.map((model) => collection.predictions[model]).filter((entry) => entry !== undefined);
  const passes = (/** @type {number} */ image) => {
    const label = collection.classes[image];
    if (state.class && names[label] !== state.class) return false;
    if (text) {
      const texts = [collection.captions[image], collection.ids[image], names[label]];
      if (!texts.some((entry) => (entry ?? "").toLowerCase().includes(text))) return false;
    }
    if (!state.right && !state.agree) return true;
    if (predictions.length === 0) return false;
    const predicted = predictions.map((entry) => entry.classes[image]);
    const right = predicted.filter((index) => index === label).length;
    const kind = right === predicted.length ? "all" : right === 0 ? "none" : "some";
    if (state.right && state.right !== kind) return false;
    const same = predicted.every((index) => index === predicted[0]);
    return !state.agree || (state.agree === "yes") === same;
  };
  return collection.ids.map((_, image) => image).filter(passes);
}
