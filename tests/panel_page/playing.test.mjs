import assert from "node:assert/strict";
import { test } from "node:test";
import { atRate, deinterleave, joined, mono, rangeOf } from "./page/model/samples.js";
import { chunksAhead, frameAt, pieceAt, pieces, surplus } from "./page/model/schedule.js";

/** What sounds, frame by frame, the slow and simple way. */
function slowly({ start, total, loop }, count) {
  const heard = [];
  let frame = start;
  const inside = loop && start < loop.to;
  while (heard.length < count && frame < total) {
    heard.push(frame);
    frame += 1;
    if (inside && frame === loop.to) frame = loop.from;
  }
  return heard;
}

const PLANS = [
  { start: 0, total: 23, loop: null },
  { start: 7, total: 23, loop: null },
  { start: 3, total: 23, loop: { from: 3, to: 9 } },
  { start: 0, total: 23, loop: { from: 5, to: 6 } },
  { start: 12, total: 23, loop: { from: 2, to: 12 } },
  { start: 9, total: 40, loop: { from: 2, to: 37 } },
  { start: 2, total: 23, loop: { from: 8, to: 23 } },
];

test("the pieces are what sounds, frame by frame, whatever the loop and the chunks", () => {
  for (const plan of PLANS) {
    for (const chunk of [1, 4, 10, 100]) {
      const wanted = slowly(plan, 60);
      const heard = pieces(plan, 0, 60, chunk).flatMap((piece) => Array.from({ length: piece.frames }, (_, at) => piece.first + at));
      assert.deepEqual(heard, wanted, JSON.stringify({ plan, chunk }));
    }
  }
});

test("each piece lies in one chunk and follows the one before without a gap", () => {
  for (const plan of PLANS) {
    let at = 0;
    for (const piece of pieces(plan, 0, 60, 4)) {
      assert.equal(piece.at, at);
      assert.ok(piece.frames > 0);
      assert.equal(Math.floor(piece.first / 4), piece.chunk);
      assert.equal(Math.floor((piece.first + piece.frames - 1) / 4), piece.chunk);
      at += piece.frames;
    }
  }
});

test("a position in the middle is the same as having played up to there", () => {
  for (const plan of PLANS) {
    const wanted = slowly(plan, 50);
    wanted.forEach((frame, position) => {
      assert.equal(frameAt(plan, position), frame);
      assert.equal(pieceAt(plan, position, 5).first, frame);
    });
  }
  assert.equal(pieceAt(PLANS[0], 23, 5), null);
  assert.equal(frameAt(PLANS[0], 99), 23);
});

test("what is fetched ahead doesn't grow with the length, and a short loop needs its chunks once", () => {
  const long = { start: 0, total: 1e9, loop: null };
  assert.deepEqual(chunksAhead(long, 12345, 3 * 44100, 44100), [0, 1, 2, 3]);
  assert.deepEqual(chunksAhead({ start: 44000, total: 1e9, loop: { from: 44000, to: 44200 } }, 0, 6 * 44100, 44100), [0, 1]);
});

test("a cache drops what was longest unused, and never what is wanted", () => {
  const entries = new Map([["a", { used: 3, bytes: 4 }], ["b", { used: 1, bytes: 4 }], ["c", { used: 2, bytes: 4 }]]);
  assert.deepEqual(surplus(entries, 12, new Set()), []);
  assert.deepEqual(surplus(entries, 11, new Set()), ["b"]);
  assert.deepEqual(surplus(entries, 5, new Set(["b"])), ["c", "a"]);
});

test("a range names just the frames' bytes, as far as there are any", () => {
  const layout = { frames: 100, rate: 44100, channels: 2, data_offset: 72, frame_bytes: 8 };
  assert.deepEqual(rangeOf(layout, 0, 10), { first: 0, frames: 10, header: "bytes=72-151" });
  assert.deepEqual(rangeOf(layout, 90, 50), { first: 90, frames: 10, header: "bytes=792-871" });
  assert.equal(rangeOf(layout, 100, 5), null);
});

test("samples come apart by channels, bit by bit, whole frames only", () => {
  const interleaved = new Float32Array([1, -1, 0.25, -0.25, 1e-40, 3, 7]);
  assert.deepEqual(deinterleave(interleaved.buffer, 2), [new Float32Array([1, 0.25, 1e-40]), new Float32Array([-1, -0.25, 3])]);
  assert.deepEqual(deinterleave(interleaved.buffer, 1), [interleaved]);
});

test("whole seconds are whole frames at every rate", () => {
  for (const rate of [8000, 44100, 48000, 88200, 96000]) assert.equal(atRate(44100 * 17, 44100, rate), rate * 17);
});

test("chunks are joined as they follow, and channels meant once", () => {
  const stereo = [new Float32Array([1, 0, -1]), new Float32Array([1, 1, 0])];
  assert.deepEqual(mono(stereo), new Float32Array([1, 0.5, -0.5]));
  assert.equal(mono(stereo), mono(stereo));
  const one = [new Float32Array([3])];
  assert.equal(mono(one), one[0]);
  assert.deepEqual(joined([mono(stereo), one[0], new Float32Array(0)]), new Float32Array([1, 0.5, -0.5, 3]));
});
