// Points of a clustering, and the panel that is saved.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  clusterName,
  countsOf,
  pointsInBox,
  pointsOfCluster,
  readBox,
  writeBox,
} from "../../../../thinkalike/explorer/page/cluster_points.js";
import { lookOf } from "../../../../thinkalike/explorer/page/drawing.js";
import { panelPicture, xmlText } from "../../../../thinkalike/explorer/page/panel_picture.js";

const result = {
  key: "full/symmetric",
  title: "",
  says: "",
  x: [0, 1, 2, null],
  y: [0, 1, 0, 0],
  labels: [0, 1, 0, null],
  clusters: [{ label: 0, title: "8", size: 2, known: {}, nearest: [2] }],
};

test("points of a cluster begin with those nearest to its centre", () => {
  assert.deepEqual(pointsOfCluster(result, 0), [2, 0]);
  assert.deepEqual(pointsOfCluster(result, 1), [1]);
  assert.deepEqual(pointsOfCluster(result, 7), []);
});

test("a rectangle holds the points on its edges, and none without a place", () => {
  assert.deepEqual(pointsInBox(result, { x: [0, 1], y: [0, 1] }), [0, 1]);
});

test("a rectangle survives the address, whichever corner is first", () => {
  const box = { x: [-0.5, 1.25], y: [0, 2] };
  assert.deepEqual(readBox(writeBox(box)), box);
  assert.deepEqual(readBox("1.25,-0.5,2,0"), box);
  for (const text of [undefined, "", "1,2,3", "1,2,3,", "1,2,3,x", "1,2,3,Infinity"]) {
    assert.equal(readBox(text), null);
  }
  assert.equal(writeBox({}), "");
});

test("counts name the most frequent first, and say how many are left out", () => {
  assert.equal(countsOf(["8", "3", "8", "1"]), "8 (2), 1 (1), 3 (1)");
  assert.equal(countsOf(["8", "3", "8", "1"], 1), "8 (2) and 2 more");
});

test("clusters that are called by a class are called clusters", () => {
  assert.equal(clusterName({ title: "8" }), "cluster 8");
  assert.equal(clusterName({ title: "Cluster 2" }), "Cluster 2");
});

test("a look that an address asks for is inside its bounds", () => {
  assert.deepEqual(lookOf({}), { opacity: 0.75, shared: false });
  assert.deepEqual(lookOf({ opacity: "250", range: "shared" }), { opacity: 1, shared: true });
  assert.equal(lookOf({ opacity: "much" }).opacity, 0.75);
  assert.equal(lookOf({ shown: "image", opacity: "50" }).opacity, 0);
});

test("what a panel says is text, whatever it looks like", () => {
  const name = `<script>alert("1")</script> & 'more'`;
  const svg = panelPicture({
    title: name,
    columns: [name],
    rows: [{ head: name, note: name, cells: [{ href: `x" onload="alert(1)`, text: name }] }],
    tile: { width: 10, height: 10 },
    picture: null,
    foot: name,
  });
  assert.ok(!svg.includes("<script") && !svg.includes('" onload="'));
  assert.equal(xmlText("a\u0000<"), "a&lt;");
});
