// What is common to all views: the address, numbers in words, tables, colours.
import assert from "node:assert/strict";
import { test } from "node:test";

import { along, colourScale, inkOn, luminance } from "../../../../thinkalike/explorer/page/colours.js";
import { counted, csv, interval, number, percent } from "../../../../thinkalike/explorer/page/format.js";
import { changedState, readState, writeState } from "../../../../thinkalike/explorer/page/state.js";

test("a state is the same after it was written and read", () => {
  const states = [
    {},
    { view: "pair", a: "resnet", b: "vit b/16", text: "50 % & more=less #1", group: "a,b" },
    { image: "ünï/côde 图.png", own: "+plus+", "odd key&": "x" },
  ];
  for (const state of states) assert.deepEqual(readState(`#${writeState(state)}`), state);
});

test("the browser reads the fragment as the page does", () => {
  const state = { text: "a b+c&d=e", image: "é%" };
  assert.deepEqual(Object.fromEntries(new URLSearchParams(writeState(state))), state);
});

test("a fragment in which something is broken gives what is whole", () => {
  assert.deepEqual(readState("#view=pair&a=%E0%A4%A&&=x&b&method=lrp&method=gradcam"), { view: "pair", method: "gradcam" });
  assert.deepEqual(readState("#__proto__=x&view=pair"), { view: "pair" });
});

test("the view comes first, and what is empty is left out", () => {
  assert.equal(writeState({ text: "", b: "y", method: "lrp", view: "pair", a: "x" }), "view=pair&method=lrp&a=x&b=y");
  assert.deepEqual(changedState({ view: "pair", a: "x", b: "y" }, { a: null, b: "", text: "t" }), { view: "pair", text: "t" });
});

test("numbers, shares and intervals in words", () => {
  assert.deepEqual([number(0.126), number(-0.5, 1), number(-0.001), number(null), number(NaN), number(3, 0)], ["0.13", "−0.5", "0.00", "–", "–", "3"]);
  assert.deepEqual([percent(1), percent(0.9999), percent(0.5), percent(0.0001), percent(0), percent(null)], ["100 %", "99.9 %", "50 %", "0.1 %", "0 %", "–"]);
  assert.deepEqual([interval(0.1, 0.25), interval(-0.1, null)], ["0.10 to 0.25", ""]);
  assert.deepEqual([counted(1, "image"), counted(1200, "image"), counted(0, "study", "studies")], ["1 image", "1,200 images", "0 studies"]);
});

test("a table is RFC 4180, and no text of it is a formula", () => {
  const text = csv({ columns: ["name", "value"], rows: [['say "a", b\nc', 0.5], ["=1+1", NaN], ["-x", -2], [null, true]] });
  assert.equal(text, 'name,value\r\n"say ""a"", b\nc",0.5\r\n\'=1+1,\r\n\'-x,-2\r\n,true\r\n');
});

test("colours run through their stops", () => {
  assert.deepEqual([0, 0.25, 0.5, 1, 2].map((share) => along(["#000000", "#808080", "#ffffff"], share)), ["#000000", "#404040", "#808080", "#ffffff", "#ffffff"]);
});

test("luminance is that of WCAG 2", () => {
  assert.equal(luminance("#000000"), 0);
  assert.ok(Math.abs(luminance("#ffffff") - 1) < 1e-9);
  assert.ok(Math.abs((1.05) / (luminance("#767676") + 0.05) - 4.54) < 0.01, "#767676 on white is known as 4.54 to 1");
});

test("a similarity's colour changes evenly in one direction, and its number can be read on it", () => {
  for (const dark of [false, true]) {
    const colours = colourScale({ pale: 0, full: 1 }, dark);
    const shares = Array.from({ length: 101 }, (_, i) => i / 100);
    const lights = shares.map((share) => luminance(colours(share)));
    for (let i = 1; i < lights.length; i++) assert.ok(dark ? lights[i] >= lights[i - 1] : lights[i] <= lights[i - 1]);
    for (const share of [...shares, -0.2, -1]) {
      const ground = colours(share);
      const [low, high] = [luminance(ground), luminance(inkOn(ground))].sort((one, other) => one - other);
      assert.ok((high + 0.05) / (low + 0.05) >= 4.5, `${share} on ${ground}`);
    }
  }
});
