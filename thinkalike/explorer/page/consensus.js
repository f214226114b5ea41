/**
 * Consensus of the models about one image, by a method.
 */

import { canvasSize, placedMap } from "./drawing.js";
import { agreementWithOthers, consensusMap, isBlank, renderMap } from "./maps.js";

/** Pixels of the longer side at which maps of different bases are averaged. */
const COMMON_SIDE = 64;

/**
 * @typedef {object} Consensus
 * @property {import("./maps.js").PlacedMap | null} map mean of the counted maps, each of length 1
 * @property {number} count maps in it
 * @property {Map<string, number | null>} agreement model key → cosine of its map with the consensus of the others
 */

/**
 * Consensus of some models' maps of an image. Controls have an agreement, and are not part of the consensus.
 *
 * @param {import("./study.js").Study} study
 * @param {string} collection key
 * @param {number} image index
 * @param {string} method key
 * @param {string[]} models keys
 * @returns {Promise<Consensus>}
 */
export async function consensusOf(study, collection, image, method, models) {
  const { width, height } = canvasSize(study.contents.frame, COMMON_SIDE);
  const placed = await Promise.all(models.map((model) => placedMap(study, collection, method, model, image)));
  const keys = models.filter((_, number) => placed[number] !== null);
  const maps = placed.filter((map) => map !== null).map((map) => renderMap(map, width, height));
  const counted = keys.map((key) => {
    const { control, replica } = study.models[study.place(key)];
    return !control && !replica;
  });
  const shares = agreementWithOthers(maps, counted);
  const values = consensusMap(maps.filter((_, number) => counted[number]));
  return {
    map: values && { basis: { kind: "grid", rows: height, columns: width }, values },
    count: maps.filter((pixels, number) => counted[number] && !isBlank(pixels)).length,
    agreement: new Map(keys.map((key, number) => [key, shares[number]])),
  };
}
