import assert from "node:assert/strict";
import { test } from "node:test";
import * as axis from "./page/model/axis.js";
import * as format from "./page/model/format.js";

const RATE = 44100;

test("a clock cuts and never rounds up to what isn't reached", () => {
  assert.equal(format.clock(0, RATE), "0:00.000");
  assert.equal(format.clock(RATE * 59.9999, RATE, 0), "0:59");
  assert.equal(format.clock(RATE * 61.5, RATE, 1), "1:01.5");
  assert.equal(format.clock(RATE * 3725, RATE, 0), "1:02:05");
  assert.equal(format.clock(48048, 48000, 3), "0:01.001");
});

test("what the clock writes is read as the same place", () => {
  for (const frame of [0, 1, 44, 12345, 999999, 44100 * 3600 + 7]) {
    const read = format.readClock(format.clock(frame, 1000, 3), 1000);
    assert.equal(read, frame);
  }
  assert.equal(format.readClock("1:02.5", RATE), Math.round(62.5 * RATE));
  assert.equal(format.readClock("62,5", RATE), Math.round(62.5 * RATE));
  for (const wrong of ["", "a", "1:2:3:4", "-3", "1e3", "1:-2"]) assert.equal(format.readClock(wrong, RATE), null, wrong);
});

test("levels, sizes, prices and durations as people write them", () => {
  assert.equal(format.decibel(-3), "\u22123.0 dB");
  assert.equal(format.decibel(2, { sign: true }), "+2.0 dB");
  assert.equal(format.decibel(-0.04, { sign: true }), "0.0 dB");
  assert.equal(format.decibel(null), "\u2212\u221e dB");
  assert.equal(format.bytes(52e6), "52.0 MB");
  assert.equal(format.price({ amount: 1, unit: "credits" }), "1 credit");
  assert.equal(format.price({ amount: 0, unit: "credits" }), "free");
  assert.equal(format.price({ amount: null, unit: "credits" }), "cost not known");
  assert.equal(format.duration(59.6), "1 min");
  assert.equal(format.duration(3599.7), "1 h 00 min");
  assert.equal(format.duration(8), "8 s");
  assert.equal(format.listing(["a", "b", "c"]), "a, b and c");
});

test("a zoom leaves the place under the pointer where it is", () => {
  let view = axis.fit(RATE * 600, RATE, 1000);
  for (const factor of [1.7, 3, 20, 0.4, 11]) {
    const before = view.first + 333 * view.perPixel;
    view = axis.zoom(view, factor, 333);
    assert.ok(Math.abs(view.first + 333 * view.perPixel - before) < 1e-3 * view.perPixel + 1e-6);
  }
});

test("no view leaves the region or goes closer than its limit", () => {
  const whole = axis.fit(5000, RATE, 800);
  const near = axis.zoom(whole, 1e9, 400);
  assert.equal(near.perPixel, 1 / axis.MOST_PIXELS);
  const end = axis.scroll(near, 1e9);
  assert.equal(end.first + axis.span(end), 5000);
  assert.equal(axis.scroll(end, -1e9).first, 0);
  assert.deepEqual(axis.zoom(near, 1e-9, 0), whole);
  assert.equal(axis.toFrame(whole, -50), 0);
  assert.equal(axis.toFrame(whole, 99999), 5000);
});

test("a view of the whole stays one when the window changes, and another keeps its scale", () => {
  const whole = axis.fit(RATE * 60, RATE, 900);
  assert.equal(axis.span(axis.resize(whole, 300)), RATE * 60);
  const part = axis.zoom(whole, 10, 450);
  assert.equal(axis.resize(part, 600).perPixel, part.perPixel);
});

test("the playhead is followed page by page", () => {
  const view = axis.zoom(axis.fit(RATE * 100, RATE, 1000), 10, 0);
  assert.equal(axis.follow(view, view.first + 0.5 * axis.span(view)), view);
  const next = axis.follow(view, view.first + axis.span(view) * 0.99);
  assert.ok(next.first > view.first);
  assert.ok(axis.toPixel(next, view.first + axis.span(view) * 0.99) < 100);
});

test("ticks are even, labelled at round times and never closer than their room", () => {
  for (const seconds of [0.002, 0.03, 0.5, 4, 47, 600, 10800]) {
    for (const width of [300, 1000]) {
      const view = axis.fit(seconds * RATE, RATE, width);
      const { ticks, step, digits } = axis.ticks(view, 80);
      const labels = ticks.filter((tick) => tick.label);
      assert.ok(labels.length >= 1 && labels.length <= width / 80 + 1, `${seconds} s: ${labels.length}`);
      for (const tick of labels) {
        const steps = tick.frame / RATE / step;
        assert.ok(Math.abs(steps - Math.round(steps)) < 1e-6);
      }
      const words = labels.map((tick) => format.clock(tick.frame, RATE, digits));
      assert.equal(new Set(words).size, words.length, words.join(" "));
    }
  }
});

test("a drag becomes a loop in order and inside, and a twitch none", () => {
  assert.deepEqual(axis.stretch(90000, 100, 80000, RATE), { from: 100, to: 80000 });
  assert.equal(axis.stretch(1000, 1400, 80000, RATE), null);
});
