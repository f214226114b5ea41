/**
 * A strip of the images of a collection: each is a link, and is decoded when it comes near the screen.
 */

import { element } from "./dom.js";
import { writeState } from "./state.js";

/**
 * @param {import("./main.js").Context} context
 * @param {string} key of the collection
 * @param {number[]} images indices
 * @param {number} current index of the image that is shown
 * @returns {HTMLElement}
 */
export function filmstrip({ study, state }, key, images, current) {
  const collection = study.collection(key);
  const links = images.map((image) =>
    element(
      "a",
      {
        href: `#${writeState({ ...state, image: collection.ids[image] })}`, class: "film", title: collection.captions[image],
        "aria-current": image === current ? "true" : null, "data-image": image, "data-key": `film-${image}`,
        "aria-label": `${collection.captions[image]}, class ${study.contents.classes[collection.classes[image]] ?? "not known"}`,
      },
    ),
  );
  const strip = element("nav", { class: "filmstrip", "aria-label": "Images" }, links);
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        const image = Number(/** @type {HTMLElement} */ (target).dataset.image);
        const address = study.pictureUrl(key, image);
        target.append(element("img", { src: address, alt: collection.captions[image], width: 52, height: 52, decoding: "async" }));
      }
    },
    { root: strip, rootMargin: "0px 400px" },
  );
  for (const link of links) observer.observe(link);
  return strip;
}

/**
 * Bring the current image of a strip into its middle, without moving the page.
 *
 * @param {HTMLElement} strip
 */
export function centreStrip(strip) {
  const link = /** @type {HTMLElement | null} */ (strip.querySelector("[aria-current]"));
  if (link) strip.scrollLeft = link.offsetLeft - strip.offsetLeft - (strip.clientWidth - link.offsetWidth) / 2;
}
