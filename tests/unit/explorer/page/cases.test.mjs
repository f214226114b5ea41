// Which comparison is asked for, and what can be chosen beside it: by enumeration.
import assert from "node:assert/strict";
import { test } from "node:test";

import { alternatives, bestCase } from "../../../../thinkalike/explorer/page/cases.js";

const cases = [
  ["gradcam", "cosine", "compared", "all", "as computed"],
  ["gradcam", "cosine", "compared", "matching", "as computed"],
  ["gradcam", "rbf", "compared", "all", "as computed"],
  ["lrp", "cosine", "compared", "all", "8 × 8 cells"],
  ["lrp", "cosine", "as_computed", "all", "as computed"],
  ["answers", "cosine", "compared", "all", "as computed"],
].map(([method, metric, scale, subset, scaleTitle]) => ({ method, metric, scale, subset, scaleTitle }));

test("a state without a choice means the first case", () => {
  assert.equal(bestCase(cases, {}), cases[0]);
  assert.equal(bestCase([], {}), null);
});

test("a method weighs more than all else that is asked for", () => {
  assert.equal(bestCase(cases, { method: "answers", metric: "rbf", scale: "as_computed", subset: "matching" }), cases[5]);
  assert.equal(bestCase(cases, { method: "lrp", scale: "as_computed" }), cases[4]);
});

test("choices are those of the method that is shown, with its own titles", () => {
  assert.deepEqual(alternatives(cases, cases[3], "scale").map((one) => one.scaleTitle), ["8 × 8 cells", "as computed"]);
  assert.deepEqual(alternatives(cases, cases[0], "metric").map((one) => one.metric), ["cosine", "rbf"]);
  assert.deepEqual(alternatives(cases, cases[5], "metric"), [cases[5]]);
  assert.deepEqual(alternatives(cases, cases[2], "method"), [cases[0], cases[3], cases[5]]);
});
