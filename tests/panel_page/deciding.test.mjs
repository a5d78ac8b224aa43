import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, begin, chance, verdict } from "./page/model/abx.js";
import { actions, announcement, facts, progress, stateWords } from "./page/model/jobwords.js";
import { ofModel, ofPreset, presetOf, wishOf, withChoice, withOption } from "./page/model/order.js";
import { nullDepth, offsetWords } from "./page/model/outcome.js";
import { figure, find, priceWith, stemsOffered, stemsWith } from "./page/model/search.js";

test("a blind test counts what was right, and draws X anew for each answer", () => {
  const coins = [true, false, false, true];
  const toss = () => coins.shift();
  let now = begin("one", "two", toss);
  assert.equal(now.x, "a");
  now = answer(now, "a", toss);
  now = answer(now, "a", toss);
  now = answer(now, "b", toss);
  assert.deepEqual([now.right, now.trials, now.x], [2, 3, "a"]);
  assert.deepEqual(now.answers, [true, false, true]);
});

test("the odds of guessing are those of a fair coin", () => {
  assert.equal(chance(0, 10), 1);
  assert.ok(Math.abs(chance(10, 10) - 1 / 1024) < 1e-12);
  assert.ok(Math.abs(chance(9, 10) - 11 / 1024) < 1e-12);
  assert.ok(Math.abs(chance(1, 1) - 0.5) < 1e-12);
  assert.ok(chance(300, 500) < 1e-5 && chance(300, 500) > 0);
  assert.match(verdict({ right: 9, trials: 10 }), /^9 of 10 right.*1\.1 %.*you hear a difference/);
  assert.match(verdict({ right: 5, trials: 10 }), /no difference shown/);
  assert.match(verdict({ right: 3, trials: 3 }), /Too few/);
});

const job = (more) => ({ id: "j", kind: "separate", state: "processing", over: false, phase: null, done: null, total: null, unit: null, warnings: [], region: null, cost: null, seconds: 0, ...more });

test("progress is true or unknown, and nothing moves in a job that is over", () => {
  assert.deepEqual(progress(job({ phase: "separating", done: 5, total: 20, unit: "frames" })), { share: 0.25, words: "Separating, 25 %" });
  assert.equal(progress(job({ phase: "upload", done: 5e6, total: null, unit: "bytes" })).share, null);
  assert.match(progress(job({ phase: "steps", done: 1, total: 3, unit: "steps" })).words, /^1 of 3 steps$/);
  assert.equal(progress(job({ state: "ready", over: true })), null);
  assert.equal(progress(job({ state: "needs_decision" })), null);
});

test("a job says where it stands, and offers what can be done", () => {
  assert.equal(stateWords(job({ state: "queued", queue_place: 3, queue_length: 9 })), "In the queue: place 3 of 9");
  assert.equal(stateWords(job({ stalled: true })), "Stopped in the middle");
  assert.deepEqual(actions(job({})), ["cancel"]);
  assert.deepEqual(actions(job({ state: "ready", over: true })), ["listen", "remove"]);
  assert.deepEqual(actions(job({ state: "failed", over: true })), ["resume", "retry", "remove"]);
  assert.deepEqual(actions(job({ stalled: true })), ["resume", "cancel"]);
  assert.deepEqual(actions(job({ parent: "p" })), []);
  assert.deepEqual(actions(job({ parent: "p", state: "ready", over: true })), ["listen"]);
  assert.match(announcement(job({ source: "a.wav", state: "ready" })), /a\.wav: ready/);
  assert.ok(facts(job({ engine: "mvsep", cost: { amount: 1, unit: "credits" } })).includes("1 credit"));
});

const MODEL = {
  sep_type: 40, name: "BS Roformer", engine: "mvsep", stems: ["vocals", "instrumental"], summary: "", kind: "stem", upload: true,
  fields: [{ name: "kind", text: "Kind", kind: "select", options: [["a", "Old"], ["b", "New"]], default: "b" }],
  price: 2, multipliers: { kind: { b: 3 } }, plan: "premium", group: "Vocals",
  figures: { kind: { a: { vocals: 9 }, b: { vocals: 11, instrumental: 17 } } },
  promises: [{ options: { kind: "a" }, stems: ["vocals", "drums"] }],
};
const OTHER = { ...MODEL, sep_type: 7, name: "Démucs", stems: ["drums"], figures: {}, promises: [], price: null, plan: null, engine: "mvsep", group: "Drums" };

test("models are found by words, stems, plan and group, the best first", () => {
  const wish = { text: "", stem: "", plan: "", group: "", engine: "", favourites: false, order: "match" };
  const names = (more, loved = new Set()) => find([MODEL, OTHER], { ...wish, ...more }, loved).map((model) => model.name);
  assert.deepEqual(names({ text: "demucs" }), ["Démucs"]);
  assert.deepEqual(names({ text: "40" }), ["BS Roformer"]);
  assert.deepEqual(names({ text: "roformer nothing" }), []);
  assert.deepEqual(names({ stem: "instrumental" }), ["BS Roformer"]);
  assert.deepEqual(names({ stem: "drums" }), ["BS Roformer", "Démucs"]);
  assert.deepEqual(names({ plan: "free" }), ["Démucs"]);
  assert.deepEqual(names({ group: "Drums" }), ["Démucs"]);
  assert.deepEqual(names({ favourites: true }, new Set(["mvsep:7"])), ["Démucs"]);
  assert.deepEqual(names({}, new Set(["mvsep:7"])), ["Démucs", "BS Roformer"]);
  assert.deepEqual(names({ order: "quality" }), ["BS Roformer", "Démucs"]);
  assert.deepEqual(stemsOffered([MODEL, OTHER]), ["drums", "instrumental", "vocals"]);
});

test("figures, prices and stems follow the options", () => {
  assert.equal(figure(MODEL), 17);
  assert.equal(figure(MODEL, "vocals"), 11);
  assert.equal(figure(MODEL, "vocals", { kind: "a" }), 9);
  assert.equal(figure(OTHER), null);
  assert.equal(priceWith(MODEL, {}), 6);
  assert.equal(priceWith(MODEL, { kind: "a" }), 2);
  assert.equal(priceWith(OTHER, {}), null);
  assert.deepEqual(stemsWith(MODEL, {}), ["vocals", "instrumental"]);
  assert.deepEqual(stemsWith(MODEL, { kind: "a" }), ["vocals", "drums"]);
});

test("an order has just the fields that were chosen", () => {
  const choice = ofModel(MODEL);
  assert.deepEqual(wishOf([choice]), { engine: "mvsep", model: "40" });
  const kept = withOption({ ...choice, keep: ["instrumental"] }, MODEL, "kind", "a");
  assert.deepEqual(wishOf([kept]), { engine: "mvsep", model: "40", options: { kind: "a" } });
  assert.deepEqual(withOption(kept, MODEL, "kind", "b").options, {});
  assert.deepEqual(wishOf([{ ...choice, keep: ["vocals"] }]), { engine: "mvsep", model: "40", stems: ["vocals"] });
  const preset = ofPreset({ id: "vocals", title: "Vocals", gives: "", mvsep: { stems: ["vocals"] }, chain: null });
  assert.deepEqual(wishOf([preset]), { preset: "vocals" });
  const chain = ofPreset({ id: "full-band", title: "", gives: "", chain: [{}] });
  assert.deepEqual(wishOf([chain]), { chain: "full-band" });
  assert.deepEqual(wishOf([choice, preset]), { compare: [{ engine: "mvsep", model: "40" }, { preset: "vocals" }] });
  assert.deepEqual(presetOf(choice, { rest: true, residual: false, format: "flac24" }).rest, true);
});

test("another choice replaces, or stands beside while models are being compared", () => {
  const one = ofModel(MODEL);
  const two = ofModel(OTHER);
  assert.deepEqual(withChoice([one], two, false), [two]);
  assert.deepEqual(withChoice([one], two, true), [one, two]);
  assert.deepEqual(withChoice([one], one, true), [one]);
  assert.equal(withChoice([one, two, { ...one, key: "x" }, { ...one, key: "y" }], { ...one, key: "z" }, true).length, 4);
});

test("how exact it is, in words that don't promise too much", () => {
  assert.equal(nullDepth(-50, []), null);
  assert.match(nullDepth(null, ["Vocals"]).words, /to the last bit/);
  assert.match(nullDepth(-170, ["Vocals", "Drums"]).words, /^Vocals and Drums together are the original/);
  assert.equal(nullDepth(-20, ["Vocals"]).good, false);
  assert.equal(offsetWords({ frames: 0, verified: true }, 44100).good, true);
  assert.equal(offsetWords({ frames: 0, verified: false }, 44100).good, false);
  assert.match(offsetWords({ frames: 0, verified: false }, 44100).words, /too little to measure/);
  assert.match(offsetWords({ frames: 1105, verified: true }, 44100).words, /1105 samples \(25 ms\) late and were moved back/);
  assert.match(offsetWords({ frames: -10, verified: false }, 44100).words, /early.*couldn't be checked/);
});
