// Numbers of pairs of models: the matrix, its cursor, one pair image by image.
import assert from "node:assert/strict";
import { test } from "node:test";

import { nextPlace } from "../../../../thinkalike/explorer/page/matrix_cursor.js";
import { layoutOf } from "../../../../thinkalike/explorer/page/matrix_picture.js";
import { categoriesOf, cellsOf, marksOf, pairLines, quantitiesOf, quantityOf, scaleOf } from "../../../../thinkalike/explorer/page/matrix.js";
import { closestPair, distributions, histogram, rankOfPair, rhoWithout, sortedOf } from "../../../../thinkalike/explorer/page/pair.js";
import { shownPairs } from "../../../../thinkalike/explorer/page/pairs_picture.js";
import { Study } from "../../../../thinkalike/explorer/page/study.js";

const ENTRY = {
  models: [0, 1, 2], order: [2, 0, 1], tree: null,
  pairs: {
    a: [0, 0, 1, 0], b: [1, 2, 2, 3], category: ["same family", "different families", "control", "seeds"], seed: [false, false, false, true],
    n: [10, 9, 10, 10], mean: [0.8, 0.6, null, 0.9], chance: [0.5, 0.3, null, 0.5], rho: [0.6, 0.4, null, 0.8], low: [0.5, 0.3, null, 0.7],
    high: [0.7, 0.5, null, 0.9], dissimilarity: [0.9, 1.1, null, 0.6], dissimilarityLow: [0.8, 1, null, 0.5], dissimilarityHigh: [1, 1.2, null, 0.7],
    notConverged: [0, 2, 0, 0],
  },
};
const STUDY = new Study({ models: ["a", "b", "c", "a_seed"].map((key) => ({ key, name: key.toUpperCase() })), blocks: {}, cases: [ENTRY] }, () => null);

test("a cell is where the tree has its models, on both sides of the diagonal", () => {
  const cells = cellsOf(STUDY, ENTRY, "rho");
  assert.equal(cells.length, 6);
  const at = (x, y) => cells.find((cell) => cell.x === x && cell.y === y);
  assert.deepEqual(at(1, 0), { x: 1, y: 0, a: 2, b: 0, row: 1, value: 0.4 });
  assert.equal(at(0, 1).row, 1);
  assert.equal(at(2, 0).value, null);
});

test("half-widths are of the interval, and quantities that no pair has are left out", () => {
  assert.ok(Math.abs(quantityOf(ENTRY.pairs, 0, "width") - 0.1) < 1e-12);
  assert.equal(quantityOf(ENTRY.pairs, 2, "width"), null);
  const bare = { ...ENTRY, pairs: { ...ENTRY.pairs, rho: [null, null, null, null], low: [null, null, null, null] } };
  assert.deepEqual(quantitiesOf(bare).map(({ key }) => key), ["mean", "dissimilarity", "n"]);
});

test("chance and ceiling stand on the scale of what they are of", () => {
  assert.deepEqual(marksOf(ENTRY, "rho", Math.SQRT2), [{ title: "chance", value: 0 }, { title: "ceiling", value: 0.8 }]);
  const [chance, ceiling] = marksOf(ENTRY, "mean", Math.SQRT2);
  assert.ok(Math.abs(chance.value - (0.5 + 0.3 + 0.5) / 3) < 1e-12);
  assert.equal(ceiling.value, 0.9);
  assert.deepEqual(marksOf(ENTRY, "dissimilarity", Math.SQRT2).map(({ value }) => value), [Math.SQRT2, 0.6]);
  assert.deepEqual(marksOf(ENTRY, "n", Math.SQRT2), []);
  assert.deepEqual(scaleOf(ENTRY, "dissimilarity", Math.SQRT2), { low: 0, high: Math.SQRT2, pale: Math.SQRT2, full: 0, plain: false });
});

test("categories have their medians", () => {
  const pairs = { ...ENTRY.pairs, category: ["control", "control", "control", "control"], rho: [1, 4, 2, 3] };
  assert.deepEqual(categoriesOf({ ...ENTRY, pairs }, "rho"), [{ category: "control", count: 4, least: 1, median: 2.5, most: 4 }]);
});

test("a pair in words leaves out what is missing", () => {
  assert.deepEqual(pairLines(STUDY, ENTRY, 1), [
    "A and C", "ρ 0.40 (95 %: 0.30 to 0.50)", "raw similarity 0.60, chance 0.30", "dissimilarity 1.10 (95 %: 1.00 to 1.20)",
    "9 images, different families, 2 maps not converged",
  ]);
  assert.deepEqual(pairLines(STUDY, ENTRY, 2), ["B and C", "10 images, control"]);
});

test("the cursor reaches every cell of the matrix, and never the diagonal", () => {
  for (const size of [2, 3, 6]) {
    const reached = new Set(["1,0"]);
    const open = [[1, 0]];
    while (open.length) {
      const place = open.pop();
      for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]) {
        const next = nextPlace(place, key, size);
        assert.notEqual(next[0], next[1]);
        assert.ok(next.every((value) => value >= 0 && value < size));
        if (!reached.has(String(next))) {
          reached.add(String(next));
          open.push(next);
        }
      }
    }
    assert.equal(reached.size, size * (size - 1));
  }
  assert.equal(nextPlace([1, 0], "a", 3), null);
});

test("the matrix keeps to its room where it can", () => {
  const layout = layoutOf({ models: 10, width: 838, height: 560, letters: 120, tree: true });
  assert.ok(layout.width <= 838 && layout.height <= 560 && layout.tree > 0);
  assert.equal(layoutOf({ models: 10, width: 320, height: 560, letters: 120, tree: true }).tree, 0, "no tree on a phone");
});

test("values are counted in their bins", () => {
  assert.deepEqual(histogram([0, 0.24, 0.25, 1, NaN, 0.5, -3], [0, 1], 4), [3, 1, 1, 1]);
});

test("distributions keep all that they have, on bins that are joined alike", () => {
  const { shares, range } = distributions([[0, 0, 2, 2, 0, 4, 0, 0], [0, 0, 0, 0, 0, 1, 3, 0]], [0, 8], 3);
  assert.deepEqual(shares, [[0.5, 0.5, 0], [0, 0.25, 0.75]]);
  assert.deepEqual(range, [2, 8]);
  const empty = distributions([[0, 0]], [0, 1], 2);
  assert.deepEqual(empty, { shares: [[0, 0]], range: [0, 1] });
});

test("images are in the order that is asked for", () => {
  const values = [0.5, NaN, 0.9, 0.1, 0.5];
  const influence = [0.1, 0.9, -0.4, NaN, 0.1];
  const all = [0, 1, 2, 3, 4];
  assert.deepEqual(sortedOf(all, values, influence, "alike"), [2, 0, 4, 3]);
  assert.deepEqual(sortedOf(all, values, influence, "different"), [3, 0, 4, 2]);
  assert.deepEqual(sortedOf(all, values, influence, "influential"), [2, 0, 4, 3]);
  assert.deepEqual(sortedOf([4, 9], values, null, "influential"), [4], "an image beyond the end has no similarity");
});

test("ρ without an image is the mean of the other pseudo-values", () => {
  const pseudo = [0.2, 0.9, 0.4, 0.7];
  const rho = pseudo.reduce((sum, value) => sum + value, 0) / 4;
  pseudo.forEach((value, i) => {
    const others = pseudo.filter((_, other) => other !== i);
    const mean = others.reduce((sum, other) => sum + other, 0) / 3;
    assert.ok(Math.abs(rhoWithout(rho, value - rho, 4) - mean) < 1e-12);
  });
  assert.ok(Number.isNaN(rhoWithout(0.5, 0, 1)));
});

test("the first pair is the most alike that is no control and no seed", () => {
  assert.deepEqual(closestPair(STUDY, ENTRY), ["a", "b"]);
  const seeds = { ...ENTRY, pairs: { ...ENTRY.pairs, category: ["seeds", "seeds", "seeds", "seeds"] } };
  assert.deepEqual(closestPair(STUDY, seeds), ["a", "b"]);
  assert.equal(closestPair(STUDY, { ...ENTRY, pairs: { ...ENTRY.pairs, a: [], b: [] } }), null);
});

test("a pair has its rank among those of the matrix", () => {
  assert.deepEqual(rankOfPair(ENTRY, 1), { rank: 2, count: 2 });
  assert.equal(rankOfPair(ENTRY, 2), null);
  assert.equal(rankOfPair(ENTRY, 3), null);
});

test("of many pairs both ends are shown", () => {
  assert.deepEqual(shownPairs(ENTRY), { rows: [3, 0, 1], between: 0 });
  const count = 100;
  const many = { pairs: { a: new Array(count).fill(0), rho: Array.from({ length: count }, (_, i) => (i * 37) % count) } };
  const { rows, between } = shownPairs(many);
  const values = rows.map((row) => many.pairs.rho[row]);
  assert.deepEqual(values, [...values].sort((one, other) => other - one));
  assert.equal(values[0], 99);
  assert.equal(values[values.length - 1], 0);
  assert.equal(between + rows.length, count);
});
