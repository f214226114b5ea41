/** What a page can say of a group of models: numbers from the study, and sentences that say them. */

import { counted, interval, number, percent } from "./format.js";
import { groupInterval, meanOfPairs, membership, pairsOfGroup, rankOfGroup, shareOfImages, squareOf } from "./groups.js";
import { meanInterval, meanOf } from "./means.js";
import { branchOf, leavesUnder } from "./tree.js";

/**
 * @typedef {object} GroupFacts
 * @property {number[]} group indices of models
 * @property {number[]} rest the other models of the case; controls only where the group has one
 * @property {ReturnType<typeof groupInterval>} inside ρ
 * @property {ReturnType<typeof groupInterval>} across
 * @property {ReturnType<typeof groupInterval>} within the rest
 * @property {{mean: number, low: number, high: number}} gap inside − across
 * @property {{rank: number, of: number, all: boolean} | null} rank
 * @property {{merge: number, support: number | null} | null} branch
 * @property {{model: number, member: boolean, group: number, rest: number}[]} models indices, nearest first
 * @property {{inside: Float64Array, across: Float64Array} | null} images mean similarity on each image
 * @property {{share: number, n: number} | null} more share of images on which they agree more inside
 */

/**
 * The other models that a group is compared with: those of the case that are no controls, unless the group has one.
 *
 * @param {import("./types.js").Model[]} models
 * @param {number[]} among models of the case
 * @param {number[]} group
 * @returns {number[]}
 */
export function restOf(models, among, group) {
  const controls = group.some((model) => models[model].control);
  return among.filter((model) => !group.includes(model) && (controls || !models[model].control));
}

/**
 * Numbers of a group.
 *
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Case} entry
 * @param {number[]} group indices of models, at least one
 * @returns {Promise<GroupFacts>}
 */
export async function groupFacts(study, entry, group) {
  const { pairs, perImage, tree } = entry;
  const rest = restOf(study.models, entry.models, group);
  const places = pairsOfGroup(pairs, group, rest);
  const images = perImage?.images ?? 0;
  const rows = async (/** @type {string | null | undefined} */ block, /** @type {number[]} */ among) => {
    const all = block ? await study.rows(block, 0, pairs.a.length) : null;
    return all && among.map((pair) => all.subarray(pair * images, (pair + 1) * images));
  };
  const intervalOf = async (/** @type {number[]} */ among) =>
    groupInterval(among.map((pair) => pairs.rho[pair]), await rows(perImage?.influence, among), images);
  const [inside, across, within] = [await intervalOf(places.inside), await intervalOf(places.across), await intervalOf(places.within)];
  // values are of all images, influences of those of the subset
  const ofSubset = async (/** @type {number[]} */ among) => {
    const [values, influence] = [await rows(perImage?.values, among), await rows(perImage?.influence, among)];
    return values?.map((row, pair) => (influence ? row.map((value, image) => (Number.isFinite(influence[pair][image]) ? value : NaN)) : row)) ?? null;
  };
  const [similarInside, similarAcross] = [await ofSubset(places.inside), await ofSubset(places.across)];
  const onImages = similarInside && similarAcross
    ? { inside: meanOfPairs(similarInside, images), across: meanOfPairs(similarAcross, images) }
    : null;
  const among = [...group, ...rest];
  const table = squareOf(pairs, among);
  const member = among.map((_, place) => place < group.length);
  return {
    group, rest, inside, across, within,
    gap: gapInterval(inside, across),
    rank: rest.length > 1 ? rankOfGroup(table, member) : null,
    branch: tree ? branchOf(tree, group.map((model) => entry.models.indexOf(model))) : null,
    models: membership(table, member).map((row) => ({ ...row, model: among[row.model] })),
    images: onImages,
    // above chance where that is known: raw similarities of a pair depend on what its maps always show
    more: !places.across.length
      ? null
      : inside.contributions && across.contributions
        ? shareOfImages(inside.contributions, across.contributions)
        : onImages && shareOfImages(onImages.inside, onImages.across),
  };
}

/** Interval of the difference of two mean ρ, from what each image says of both. */
function gapInterval(
  /** @type {ReturnType<typeof groupInterval>} */ inside,
  /** @type {ReturnType<typeof groupInterval>} */ across,
) {
  const mean = inside.mean - across.mean;
  if (!inside.contributions || !across.contributions) return { mean, low: NaN, high: NaN };
  const other = across.contributions;
  const { low, high, mean: centre } = meanInterval(inside.contributions.map((value, image) => value - other[image]));
  return { mean, low: mean + low - centre, high: mean + high - centre };
}

/**
 * Names in a sentence: all of up to four, else the first three and how many more.
 *
 * @param {import("./study.js").Study} study
 * @param {number[]} models
 * @returns {string}
 */
export function namesOf(study, models) {
  const names = models.map((model) => study.models[model].name);
  if (names.length > 4) return `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

/**
 * Sentences that say how a group holds together, the most important first.
 *
 * @param {import("./study.js").Study} study
 * @param {GroupFacts} facts
 * @returns {string[]}
 */
export function groupSentences(study, facts) {
  const { group, rest, inside, across, gap, rank, branch, more } = facts;
  const sure = (/** @type {{low: number, high: number}} */ { low, high }) => {
    const ends = interval(low, high);
    return ends ? ` (95 % interval ${ends})` : "";
  };
  const size = group.length;
  const sentences = [];
  if (size > 1) {
    sentences.push(`${namesOf(study, group)} have a mean ρ of ${number(inside.mean)} among themselves${sure(inside)}.`);
  }
  if (rest.length) {
    sentences.push(
      `With ${rest.length === 1 ? namesOf(study, rest) : `the ${rest.length} others`} ${size > 1 ? "it" : `the mean ρ of ${namesOf(study, group)}`} is ${number(across.mean)}${sure(across)}`
        + (size > 1 ? `: a gap of ${number(gap.mean)}${sure(gap)}.` : "."),
    );
  }
  if (size > 1 && more && more.n) {
    sentences.push(`On ${percent(more.share)} of ${counted(more.n, "image")} they agree more among themselves than with the rest.`);
  }
  if (rank) {
    const others = (rank.of - 1).toLocaleString("en-GB");
    const among = rank.all ? `the ${others} other groups of ${size} models` : `${others} random groups of ${size} models`;
    const wider = rank.rank - 1;
    sentences.push(`Of ${among} ${wider === 0 ? "none has" : wider === 1 ? "one has" : `${wider.toLocaleString("en-GB")} have`} as wide a gap.`);
  }
  if (size > 1 && rest.length) {
    const support = branch && branch.support !== null ? `, found again in ${percent(branch.support)} of resampled sets of images` : "";
    sentences.push(branch ? `They are a branch of the tree${support}.` : "They are no branch of the tree.");
  }
  return [...sentences, ...accuracySentence(study, facts)];
}

/** @returns {string[]} how often both predict rightly, where it is known */
function accuracySentence(/** @type {import("./study.js").Study} */ study, /** @type {GroupFacts} */ { group, rest }) {
  const [own, other] = [group, rest].map((models) => meanOf(models.map((model) => study.models[model].accuracy)));
  if (!Number.isFinite(own)) return [];
  const others = Number.isFinite(other) ? `, the others ${percent(other)}` : "";
  return [`On average ${group.length > 1 ? "they predict" : "it predicts"} ${percent(own)} of the images rightly${others}.`];
}

/**
 * Groups that a reader may want to look at: branches of the tree, families, communities; the widest gap first.
 *
 * @param {import("./study.js").Study} study
 * @param {import("./types.js").Case} entry
 * @returns {{kind: string, models: number[], inside: number, across: number, support: number | null}[]}
 */
export function knownGroups(study, entry) {
  const { models, tree, communities } = entry;
  const plain = models.filter((model) => !study.models[model].control);
  /** @type {{kind: string, models: number[], support: number | null}[]} */
  const candidates = [];
  for (const family of study.contents.families) {
    candidates.push({ kind: family.title, models: plain.filter((model) => study.models[model].family === family.key), support: null });
  }
  if (tree) {
    leavesUnder(tree).slice(tree.merges.length + 1).forEach((places, merge) => {
      candidates.push({ kind: "branch", models: places.map((place) => models[place]), support: tree.support[merge] ?? null });
    });
  }
  for (const community of new Set(communities ?? [])) {
    candidates.push({ kind: "community", models: models.filter((_, place) => communities?.[place] === community), support: null });
  }
  /** @type {Map<string, {kind: string, models: number[], support: number | null}>} */
  const known = new Map();
  for (const { kind, models: group, support } of candidates) {
    const own = [...group].sort((p, q) => p - q);
    if (own.length < 2 || own.length >= plain.length || own.some((model) => study.models[model].control)) continue;
    const key = own.join();
    const before = known.get(key);
    const kinds = before ? [before.kind, kind].filter((word, i, all) => all.indexOf(word) === i).join(", ") : kind;
    known.set(key, { kind: kinds, models: own, support: before?.support ?? support });
  }
  const groups = [...known.values()].map((group) => {
    const { inside, across } = pairsOfGroup(entry.pairs, group.models, restOf(study.models, models, group.models));
    const mean = (/** @type {number[]} */ places) => meanOf(places.map((pair) => entry.pairs.rho[pair]));
    return { ...group, inside: mean(inside), across: mean(across) };
  });
  return groups.sort((p, q) => (q.inside - q.across || 0) - (p.inside - p.across || 0));
}
