import assert from "node:assert/strict";
import { test } from "node:test";
import { addInto, amplitude, energy, gainsOf, level, LOWEST, matched, matchedAll, mutedAtFirst, windows } from "./page/model/gains.js";

const strip = (key, more = {}) => ({ key, solo: false, mute: false, level: 0, ...more });
const near = (one, other, by = 1e-12) => assert.ok(Math.abs(one - other) <= by, `${one} and ${other}`);

test("untouched, everything plays at exactly 1", () => {
  const gains = gainsOf([strip("a"), strip("b")]);
  assert.equal(gains.get("a"), 1);
  assert.equal(gains.get("b"), 1);
});

test("mute silences, solo silences the others, and a solo wins over its own mute", () => {
  assert.deepEqual([...gainsOf([strip("a", { mute: true }), strip("b")]).values()], [0, 1]);
  assert.deepEqual([...gainsOf([strip("a", { solo: true, mute: true }), strip("b"), strip("c", { solo: true })]).values()], [1, 0, 1]);
});

test("levels are decibels, and the fader's lower end is silence", () => {
  const gains = gainsOf([strip("a", { level: -6 }), strip("b", { level: LOWEST }), strip("c", { level: 6, gain_db: -6 })]);
  near(gains.get("a"), 10 ** (-6 / 20));
  assert.equal(gains.get("b"), 0);
  near(gains.get("c"), 1);
  assert.equal(amplitude(0), 1);
  assert.equal(level(0), -Infinity);
});

test("A/B plays one side alone, each with its own matching, whatever is soloed", () => {
  const strips = [strip("original", { reference: true, mute: true }), strip("a", { solo: true }), strip("b")];
  const match = { mix: 0, original: -6 };
  const heard = gainsOf(strips, { ab: "original", match });
  near(heard.get("original"), 10 ** (-6 / 20));
  assert.equal(heard.get("a"), 0);
  assert.equal(gainsOf(strips, { ab: "mix", match }).get("a"), 1);
});

test("a blind test plays one alone, by its trim", () => {
  const gains = gainsOf([strip("a", { mute: true }), strip("b", { solo: true })], { only: "a", trims: new Map([["a", -3]]) });
  near(gains.get("a"), 10 ** (-3 / 20));
  assert.equal(gains.get("b"), 0);
});

test("matching brings the louder down, so that nothing clips, and leaves silence alone", () => {
  assert.deepEqual(matched(-20, -14), { mix: 0, original: -6 });
  assert.deepEqual(matched(-14, -20), { mix: -6, original: 0 });
  assert.deepEqual(matched(-Infinity, -14), { mix: 0, original: 0 });
  const trims = matchedAll(new Map([["a", -20], ["b", -17], ["c", -120]]));
  assert.deepEqual([...trims], [["a", 0], ["b", -3], ["c", 0]]);
});

test("loudness is measured over all of a short stretch, and evenly over a long one within a bound", () => {
  const short = windows(100, 1000, 400, 8);
  assert.deepEqual(short, [{ first: 100, frames: 400 }, { first: 500, frames: 400 }, { first: 900, frames: 100 }]);
  const long = windows(0, 1e9, 22050, 24);
  assert.equal(long.length, 24);
  assert.equal(long[0].first, 0);
  assert.equal(long[23].first + long[23].frames, 1e9);
});

test("a mix adds up, and mono goes to every channel", () => {
  const into = [new Float32Array(3), new Float32Array(3)];
  addInto(into, [new Float32Array([1, 2, 3])], 0.5);
  addInto(into, [new Float32Array([1, 1]), new Float32Array([2, 2])], 1);
  assert.deepEqual(into, [new Float32Array([1.5, 2, 1.5]), new Float32Array([2.5, 3, 1.5])]);
  near(energy([new Float32Array([3, 4])]), 25);
});

test("a job opens with what sums to its region; what would count twice is muted", () => {
  const tracks = [["original", "original"], ["vocals", "additive"], ["drums", "additive"], ["instrumental", "composite"], ["residual", "residual"]];
  const rows = tracks.map(([id, role]) => ({ id, role }));
  assert.deepEqual([...mutedAtFirst(rows)], ["original", "instrumental", "residual"]);
  assert.deepEqual([...mutedAtFirst([{ id: "original", role: "original" }, { id: "restored", role: "alternate" }])], ["original"]);
  assert.deepEqual([...mutedAtFirst([{ id: "original", role: "original" }])], []);
});
