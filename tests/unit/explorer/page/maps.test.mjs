// Maps become pixels and colours: against numbers that the library's bases made (rendered_maps.json).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  agreementWithOthers,
  consensusMap,
  differenceMap,
  fullColour,
  isBlank,
  mapColours,
  renderMap,
} from "../../../../thinkalike/explorer/page/maps.js";

const made = JSON.parse(readFileSync(new URL("rendered_maps.json", import.meta.url), "utf8"));

function near(found, expected, tolerance = 1e-6) {
  assert.equal(found.length, expected.length);
  for (let place = 0; place < found.length; place++) {
    assert.ok(
      Math.abs(found[place] - expected[place]) <= tolerance,
      `${place}: ${found[place]} is not ${expected[place]}`,
    );
  }
}

for (const { name, basis, values, labels, width, height, pixels } of made.rendered) {
  test(`a map is rendered as the library renders it: ${name}`, () => {
    near(renderMap({ basis, values, labels }, width, height), pixels);
  });
}

test("superpixels are drawn larger than they are", () => {
  const labels = { labels: [0, 1, 2, 1], height: 2, width: 2 };
  const basis = { kind: "segments", rows: 0, columns: 0 };
  const pixels = renderMap({ basis, values: [1, 2, 3], labels }, 4, 4);
  assert.deepEqual([...pixels], [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3, 2, 2]);
});

test("another kind of basis is refused", () => {
  const map = { basis: { kind: "waves", rows: 1, columns: 1 }, values: [1] };
  assert.throws(() => renderMap(map, 2, 2), /waves/);
});

test("full colour is the size that 99.5 % of the pixels stay below", () => {
  near([fullColour(made.overlay.values)], [made.overlay.full]);
  assert.equal(fullColour([0, 0]), 0);
  assert.equal(fullColour([NaN, -2, 2]), 2);
  assert.equal(fullColour([...Array(999).fill(0), 5]), 5); // the quantile is 0, the largest is not
});

test("an overlay has the colours of the figures", () => {
  const { values, full, picture, colours } = made.overlay;
  const drawn = mapColours(values, full, 0.75, picture);
  near(
    drawn.filter((_, place) => place % 4 < 3),
    colours,
    1.01,
  );
});

test("opacity 0 is the image, 1 the map alone on white", () => {
  const picture = [10, 200, 30, 255, 90, 90, 90, 255];
  assert.deepEqual([...mapColours([1, -1], 1, 0, picture)], picture);
  assert.deepEqual([...mapColours([1, 0], 1, 1, picture)], [213, 64, 0, 255, 255, 255, 255, 255]);
  assert.deepEqual([...mapColours([-2, NaN], 1, 1, null)], [0, 89, 191, 255, 217, 217, 217, 255]);
});

test("the consensus is the mean of maps of length 1, as of clusters in the library", () => {
  near(consensusMap(made.consensus.maps), made.consensus.mean);
  near(consensusMap([...made.consensus.maps, [0, 0, 0, 0, 0, 0]]), made.consensus.mean);
  assert.equal(consensusMap([[0, 0]]), null);
});

test("cosines do not depend on lengths, and blank maps have none", () => {
  const [first, second] = made.consensus.maps;
  const { cosine } = made.consensus;
  const longer = second.map((value) => 7 * value);
  near(agreementWithOthers([first, second], [true, true]), [cosine, cosine]);
  near(agreementWithOthers([first, longer], [true, true]), [cosine, cosine]);
  assert.deepEqual(agreementWithOthers([first, first.map(() => 0)], [true, true]), [null, null]);
});

test("maps that differ in length alone have no difference", () => {
  near(differenceMap([3, -4], [6, -8]), [0, 0]);
  near(differenceMap([3, 4], [0, 0]), [0.6, 0.8]);
});

test("a map without any number is blank", () => {
  assert.ok(isBlank([0, NaN]));
  assert.ok(!isBlank([0, -1]));
});
