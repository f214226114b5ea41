/** What the page says of a group of models, and which comparisons it puts side by side. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { agreementOfSides, beyondIntervals, chosenCounterpart, counterparts, sharedImages, sharedModels, sharedPairs } from "../../../../thinkalike/explorer/page/comparison.js";
import { groupFacts, groupSentences, knownGroups, restOf } from "../../../../thinkalike/explorer/page/group_facts.js";
import { equalRanges, pointsInside } from "../../../../thinkalike/explorer/page/scatter_of_models.js";

const PAIRS = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]];

/** A study of four models, the last a control, on three images; every image says the same but for `waves`. */
function studyOf({ rho = [0.8, 0.2, 0, 0.2, 0, 0], ids = ["p", "q", "r"], keys = ["a", "b", "c", "d"], methods = ["gradcam"] } = {}) {
  const waves = [0.1, 0, -0.1];
  const blocks = {
    values: rho.flatMap((value) => waves.map((wave) => value + wave)),
    influence: rho.flatMap(() => waves),
  };
  const pairs = {
    a: PAIRS.map(([a]) => a), b: PAIRS.map(([, b]) => b), seed: PAIRS.map(() => false), rho,
    low: rho.map((value) => value - 0.1), high: rho.map((value) => value + 0.1),
    category: PAIRS.map(([, b]) => (b === 3 ? "control" : "same family")),
  };
  const models = keys.map((key, i) => ({ key, name: key.toUpperCase(), family: i < 2 ? "cnn" : "vit", control: i === 3, accuracy: i / 4 }));
  const cases = methods.map((method) => ({
    method, metric: "cosine", scale: "compared", subset: "all", models: [0, 1, 2, 3], pairs, order: [3, 2, 1, 0],
    tree: { linkage: "average", merges: [[0, 1, 0.2, 2], [2, 4, 0.9, 3], [3, 5, 1.4, 4]], support: [0.9, null, null] },
    communities: [0, 0, 1, 1], embeddings: {},
    perImage: { collection: "study", images: 3, values: "values", influence: "influence" },
  }));
  return {
    models,
    contents: { study: "s", families: [{ key: "cnn", title: "CNN" }, { key: "vit", title: "ViT" }], cases, collections: [] },
    rows: async (block, from, to) => Float32Array.from(blocks[block].slice(from * 3, to * 3)),
    method: (key) => ({ title: key.toUpperCase(), maps: key !== "answers" }),
    collection: () => ({ ids }),
    place: (key) => keys.indexOf(key),
  };
}

test("controls are among the rest of a group that has one, and of no other", () => {
  const { models } = studyOf();
  assert.deepEqual(restOf(models, [0, 1, 2, 3], [0]), [1, 2]);
  assert.deepEqual(restOf(models, [0, 1, 2, 3], [0, 3]), [1, 2]);
  assert.deepEqual(restOf(models.map((model) => ({ ...model, control: true })), [0, 1], [0]), [1]);
});

test("what is known of a group", async () => {
  const study = studyOf();
  const facts = await groupFacts(study, study.contents.cases[0], [0, 1]);
  assert.deepEqual(facts.rest, [2]);
  assert.equal(facts.inside.mean, 0.8);
  assert.ok(Math.abs(facts.across.mean - 0.2) < 1e-9);
  // every image moves all pairs alike: the gap has no error
  assert.ok(Math.abs(facts.gap.mean - 0.6) < 1e-9 && Math.abs(facts.gap.high - facts.gap.low) < 1e-6);
  assert.deepEqual(facts.branch, { merge: 0, support: 0.9 });
  assert.deepEqual(facts.more, { share: 1, n: 3 });
  const sentences = groupSentences(study, facts);
  assert.match(sentences[0], /^A and B have a mean ρ of 0\.80 among themselves \(95 % interval 0\.\d\d to \d\.\d\d\)\.$/);
  assert.match(sentences[1], /^With C it is 0\.20 .*: a gap of 0\.60/);
  assert.ok(sentences.includes("On 100 % of 3 images they agree more among themselves than with the rest."));
  assert.ok(sentences.includes("They are a branch of the tree, found again in 90 % of resampled sets of images."));
});

test("images outside of the subset do not count for a group", async () => {
  const study = studyOf();
  const all = study.rows;
  study.rows = async (block, from, to) => {
    const rows = await all(block, from, to);
    return block === "influence" ? rows.map((value, i) => (i % 3 === 2 ? NaN : value)) : rows;
  };
  const facts = await groupFacts(study, study.contents.cases[0], [0, 1]);
  assert.ok(Number.isNaN(facts.images.inside[2]));
  assert.equal(facts.more.n, 2);
});

test("a group of one, and one without similarities of images", async () => {
  const study = studyOf();
  const entry = { ...study.contents.cases[0], perImage: null, tree: null };
  const one = groupSentences(study, await groupFacts(study, entry, [1]));
  assert.match(one[0], /^With the 2 others the mean ρ of B is 0\.50\.$/);
  const two = groupSentences(study, await groupFacts(study, entry, [0, 2]));
  assert.equal(two[0], "A and C have a mean ρ of 0.20 among themselves.");
  assert.ok(two.every((sentence) => !/NaN|undefined/.test(sentence)));
});

test("on how many images a group agrees more is told above chance", async () => {
  const study = studyOf();
  const all = study.rows;
  // raw similarities with the third model are the highest of all, by chance alone
  study.rows = async (block, from, to) => {
    const rows = await all(block, from, to);
    return block === "values" ? rows.map((value, i) => ([1, 3].includes(Math.floor(i / 3)) ? 0.99 : value)) : rows;
  };
  const facts = await groupFacts(study, study.contents.cases[0], [0, 1]);
  assert.deepEqual(facts.more, { share: 1, n: 3 });
});

test("groups that are suggested have their kinds, no control, and the widest gap first", () => {
  const study = studyOf();
  const groups = knownGroups(study, study.contents.cases[0]);
  assert.deepEqual(groups.map(({ kind, models }) => [kind, models]), [["CNN, branch, community", [0, 1]]]);
  assert.equal(groups[0].support, 0.9);
});

test("what a case can be put beside", () => {
  const study = studyOf({ methods: ["answers", "gradcam", "lrp"] });
  const other = studyOf();
  const entry = study.contents.cases[1];
  const own = counterparts(study, entry, null);
  assert.deepEqual(own.map(({ method2 }) => method2), ["answers", "lrp"]);
  assert.equal(chosenCounterpart(own, entry, {}).method2, "lrp");
  assert.equal(chosenCounterpart(own, entry, { method2: "answers" }).method2, "answers");
  const both = counterparts(study, entry, other);
  assert.deepEqual([both[0].study2, both[0].title], ["other", "s: GRADCAM"]);
  assert.equal(chosenCounterpart(both, entry, {}).study2, "other");
  assert.equal(chosenCounterpart([], entry, {}), null);
});

test("two studies meet by the keys of models and images", async () => {
  const first = studyOf();
  const second = studyOf({ rho: [0.5, 0.2, 0, 0.2, 0, 0], ids: ["r", "q", "p"], keys: ["b", "a", "c", "e"] });
  const sides = [first, second].map((study) => ({ study, entry: study.contents.cases[0], title: "" }));
  assert.deepEqual(sharedImages(...sides), [[0, 2], [1, 1], [2, 0]]);
  assert.deepEqual(sharedModels(...sides), ["c", "b", "a"]);
  const pairs = await sharedPairs(...sides);
  assert.deepEqual(pairs.map(({ a, b }) => a + b), ["ab", "ac", "bc"]);
  assert.ok(Math.abs(pairs[0].difference + 0.3) < 1e-6 && pairs[0].paired);
  // image p raises the first and lowers the second: 0.2 apart on two images of three
  assert.ok(pairs[0].high - pairs[0].low > 0.5);
  assert.deepEqual(beyondIntervals([{ low: 0.1, high: 0.2 }, { low: -1, high: 1 }, { low: NaN, high: NaN }]), { beyond: 1, known: 2 });
  assert.equal(agreementOfSides(...sides).models, 3);
});

test("studies of other images have no differences image by image", async () => {
  const [first, second] = [studyOf(), studyOf({ ids: ["p", "q", "x"] })];
  const pairs = await sharedPairs({ study: first, entry: first.contents.cases[0], title: "" }, { study: second, entry: second.contents.cases[0], title: "" });
  assert.ok(pairs.every(({ paired }) => !paired));
  assert.ok(Math.abs(pairs[0].high - pairs[0].low - 2 * Math.hypot(0.1, 0.1)) < 1e-9);
});

test("a plane shows distances alike in both directions, and everything that is in it", () => {
  const points = [{ x: 0, y: 0 }, { x: 4, y: 1 }, { x: NaN, y: 9 }];
  const { x, y } = equalRanges(points, 200, 100);
  assert.ok(Math.abs((x[1] - x[0]) / 200 - (y[1] - y[0]) / 100) < 1e-12);
  assert.ok(x[0] < 0 && x[1] > 4 && y[0] < 0 && y[1] > 1);
  assert.deepEqual(equalRanges([], 10, 10), { x: [-1, 1], y: [-1, 1] });
  const same = equalRanges([{ x: 2, y: 2 }], 10, 10);
  assert.ok(same.x[0] < 2 && same.x[1] > 2);
});

test("points in a rectangle, whichever corners it was drawn from", () => {
  const points = [{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 3, y: 1 }];
  assert.deepEqual(pointsInside(points, [[2, 2], [-1, -1]]), points.slice(0, 2));
});
