// A study is decoded as types.js fixes it: against node's own compression and base64.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";

import { passing } from "../../../../thinkalike/explorer/page/filter.js";
import { Recent } from "../../../../thinkalike/explorer/page/recent.js";
import { Study } from "../../../../thinkalike/explorer/page/study.js";

/** Blocks with their texts, as the page's writer packs them. */
function packed(blocks) {
  const described = {};
  const texts = {};
  for (const [name, { array, columns, rowsPerPiece, kind, scale }] of Object.entries(blocks)) {
    const pieces = [];
    let text = "";
    for (let first = 0; first < array.length; first += rowsPerPiece * columns) {
      const part = array.subarray(first, first + rowsPerPiece * columns);
      const piece = deflateRawSync(Buffer.from(part.buffer, part.byteOffset, part.byteLength)).toString("base64");
      pieces.push([text.length, piece.length]);
      text += piece;
    }
    described[name] = { kind, shape: [array.length / columns, columns], rowsPerPiece, pieces, scale };
    texts[name] = text;
  }
  return { described, texts };
}

const { described, texts } = packed({
  whole: { kind: "int16", array: Int16Array.from({ length: 35 }, (_, i) => (i === 7 ? -32768 : i - 10)), columns: 5, rowsPerPiece: 2, scale: 0.5 },
  scales: { kind: "float32", array: Float32Array.of(1, 2, 0.25), columns: 1, rowsPerPiece: 2 },
  bytes: { kind: "int8", array: Int8Array.of(1, -128, 3, 4, 5, 127), columns: 2, rowsPerPiece: 2, scale: "scales" },
  labels: { kind: "uint16", array: Uint16Array.of(0, 65535, 32768, 1), columns: 4, rowsPerPiece: 1, scale: 1 },
});

function studyOf(changes = {}) {
  const contents = {
    format: 1, blocks: described, methods: [], classes: ["cat", "dog"], families: [],
    models: ["x", "y", "z"].map((key) => ({ key, name: key.toUpperCase() })),
    collections: [
      {
        key: "study", ids: ["i0", "i1", "i2", "i3"], classes: [0, 0, 1, 1], captions: ["Tom.png", "b.png", "c.png", "d.png"], maps: { lrp: { x: "bytes" } },
        predictions: {
          x: { classes: [0, 1, 1, 0], probabilities: [0.9, 0.8, 0.7, 0.6], truth: [0.9, 0.2, 0.7, null] },
          y: { classes: [0, 0, 1, 0], probabilities: [1, 1, 1, 1], truth: [1, 1, 1, 0] },
        },
      },
    ],
    cases: [],
    ...changes,
  };
  return new Study(contents, (name) => texts[name] ?? null);
}

test("rows are codes times scale, across pieces, and the smallest code is missing", async () => {
  const rows = await studyOf().rows("whole", 1, 6);
  assert.deepEqual([...rows], Array.from({ length: 25 }, (_, i) => (i + 5 === 7 ? NaN : (i + 5 - 10) / 2)));
});

test("each row has the scale that another block gives it", async () => {
  assert.deepEqual([...(await studyOf().rows("bytes", 0, 3))], [1, NaN, 6, 8, 1.25, 31.75]);
});

test("codes without a sign are never missing", async () => {
  assert.deepEqual([...(await studyOf().rows("labels", 0, 1))], [0, 65535, 32768, 1]);
});

test("rows beyond the end are left out, a map beyond the end is none", async () => {
  const study = studyOf();
  assert.equal((await study.rows("bytes", 2, 9)).length, 2);
  assert.deepEqual([...(await study.map("study", "lrp", "x", 0))], [1, NaN]);
  assert.equal(await study.map("study", "lrp", "x", 3), null);
  assert.equal(await study.map("study", "lrp", "y", 0), null);
});

test("a block that is missing is named", async () => {
  await assert.rejects(studyOf().rows("constructor", 0, 1), /no block constructor/);
});

test("what was looked at last is kept, up to a weight", () => {
  const gone = [];
  const recent = new Recent(10, (value) => gone.push(value));
  recent.set("a", 1, 4);
  recent.set("b", 2, 4);
  recent.get("a");
  recent.set("c", 3, 4);
  assert.deepEqual(gone, [2]);
  assert.equal(recent.get("a"), 1);
  recent.set("d", 4, 50);
  assert.equal(recent.get("d"), 4, "the newest is kept, however heavy");
});

const CASES = [
  { method: "gradcam", metric: "cosine", scale: "compared", subset: "all" },
  { method: "gradcam", metric: "rbf", scale: "compared", subset: "all" },
  { method: "gradcam", metric: "cosine", scale: "compared", subset: "matching" },
  { method: "lrp", metric: "cosine", scale: "compared", subset: "all" },
];

test("a case that is not there gives way to the nearest, the method first", () => {
  const study = studyOf({ cases: CASES });
  assert.equal(study.caseOf({}), CASES[0]);
  assert.equal(study.caseOf({ method: "gradcam", metric: "rbf", subset: "all" }), CASES[1]);
  assert.equal(study.caseOf({ method: "lrp", metric: "rbf", subset: "matching" }), CASES[3]);
  assert.equal(study.caseOf({ method: "none", metric: "rbf" }), CASES[1]);
  assert.equal(studyOf().caseOf({ method: "lrp" }), null);
});

test("pairs have a row, whichever model is first", () => {
  const entry = { models: [0, 2, 1], pairs: { a: [0, 1], b: [1, 2], rho: [0.5, null] } };
  const study = studyOf({ cases: [entry] });
  assert.deepEqual([study.pairRow(entry, 1, 0), study.pairRow(entry, 2, 1), study.pairRow(entry, 0, 2)], [0, 1, -1]);
});

const filtered = (state, models = ["x", "y"]) => passing(studyOf(), "study", models, state);

test("images are filtered by class, predictions and text", () => {
  assert.deepEqual(filtered({}), [0, 1, 2, 3]);
  assert.deepEqual(filtered({ class: "dog" }), [2, 3]);
  assert.deepEqual(filtered({ right: "all" }), [0, 2]);
  assert.deepEqual(filtered({ right: "some" }), [1]);
  assert.deepEqual(filtered({ right: "none" }), [3]);
  assert.deepEqual(filtered({ agree: "yes" }), [0, 2, 3]);
  assert.deepEqual(filtered({ agree: "no" }), [1]);
  assert.deepEqual(filtered({ text: "TOM" }), [0]);
  assert.deepEqual(filtered({ text: "do" }), [2, 3], "the name of the class");
  assert.deepEqual(filtered({ text: "i1", class: "cat" }), [1]);
});

test("models without predictions are passed over, and none at all pass nothing", () => {
  assert.deepEqual(filtered({ right: "all" }, ["x", "z"]), [0, 2]);
  assert.deepEqual(filtered({ right: "all" }, ["z"]), []);
});

test("a prediction is right where it is the image's class", () => {
  const study = studyOf();
  assert.deepEqual(study.prediction("study", "x", 1), { index: 1, name: "dog", probability: 0.8, truth: 0.2, right: false });
  assert.equal(study.prediction("study", "constructor", 1), null);
});
