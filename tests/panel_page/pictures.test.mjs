import assert from "node:assert/strict";
import { test } from "node:test";
import { columns, columnsOfSamples, levelFor, parsePeaks } from "./page/model/peaks.js";
import { rgb, visible } from "./page/model/colour.js";
import { colourTile, heightOf, hopOf, palette, parseTile, thin, tilesFor } from "./page/model/spectrum.js";

function header(magic, ...numbers) {
  const bytes = new Uint8Array(4 + 4 * numbers.length);
  bytes.set([...magic].map((letter) => letter.charCodeAt(0)));
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => view.setUint32(4 + 4 * index, number, true));
  return bytes;
}

function joined(head, body) {
  const all = new Uint8Array(head.length + body.length);
  all.set(head);
  all.set(new Uint8Array(body.buffer, body.byteOffset, body.length), head.length);
  return all.buffer;
}

const peaks = (values, framesPerBin = 256) => parsePeaks(joined(header("SBPK", 1, framesPerBin, values.length / 2), new Int8Array(values)));

test("peaks are read, and anything else is refused", () => {
  const found = peaks([-127, 127, -1, 2]);
  assert.equal(found.bins, 2);
  assert.deepEqual([...found.values], [-127, 127, -1, 2]);
  assert.throws(() => parsePeaks(header("RIFF", 1, 256, 0).buffer), /can't be read/);
  assert.throws(() => parsePeaks(header("SBPK", 2, 256, 0).buffer), /can't be read/);
  assert.throws(() => parsePeaks(header("SBPK", 1, 256, 9).buffer), /cut short/);
});

test("a pixel shows the extremes of all it covers, and nothing beyond the end", () => {
  const data = peaks([-10, 10, -20, 5, 0, 127, -127, 0]);
  const two = columns(data, 0, 512, 3);
  assert.deepEqual([...two.slice(0, 4)], [...new Float32Array([-20 / 127, 10 / 127, -1, 1])]);
  assert.ok(Number.isNaN(two[4]));
  const close = columns(data, 256, 64, 5);
  assert.deepEqual([...close.slice(0, 2)], [...new Float32Array([-20 / 127, 5 / 127])]);
  assert.deepEqual([...close.slice(8)], [...new Float32Array([0, 1])]);
  const doubled = columns(data, 0, 128, 2, 2);
  assert.deepEqual([...doubled], [...new Float32Array([-10 / 127, 10 / 127, -20 / 127, 5 / 127])]);
});

test("the level of the pyramid has a bin for each pixel and not many more", () => {
  assert.equal(levelFor(10), 256);
  assert.equal(levelFor(1023), 256);
  assert.equal(levelFor(1024), 1024);
  assert.equal(levelFor(1e9), 65536);
});

test("samples make the same picture as their peaks", () => {
  const sample = (frame) => (frame >= 0 && frame < 1000 ? Math.sin(frame / 9) : NaN);
  const samples = Float32Array.from({ length: 800 }, (_, at) => sample(200 + at));
  const found = columnsOfSamples(samples, 200, 0, 100, 12);
  assert.ok(Number.isNaN(found[0]));
  for (let x = 2; x < 10; x += 1) {
    const part = Array.from({ length: 101 }, (_, at) => sample(100 * x + at)).filter((value) => !Number.isNaN(value));
    assert.equal(found[2 * x], Math.fround(Math.min(...part)));
    assert.equal(found[2 * x + 1], Math.fround(Math.max(...part)));
  }
  assert.ok(Number.isNaN(found[22]));
});

const tile = (columns, rows, read) => {
  const values = new Uint8Array(columns * rows);
  for (let c = 0; c < columns; c += 1) for (let r = 0; r < rows; r += 1) values[c * rows + r] = read(c, r);
  return parseTile(joined(header("SBSP", 1, 2048, rows, 512, columns, 700), values));
};

test("a tile is read with its place, and anything else is refused", () => {
  const found = tile(5, 3, (c, r) => 10 * c + r);
  assert.deepEqual([found.hop, found.rows, found.first, found.columns, found.total], [2048, 3, 512, 5, 700]);
  assert.equal(found.values[4 * 3 + 2], 42);
  assert.throws(() => parseTile(header("SBSP", 1, 2048, 3, 0, 5, 5).buffer), /cut short/);
  assert.throws(() => parseTile(new ArrayBuffer(4)), /can't be read/);
});

test("a thinned tile has the mean of its columns, the last of fewer", () => {
  const found = thin(tile(20, 2, (c, r) => (r ? c : 100)));
  assert.equal(found.columns, 3);
  assert.equal(found.hop, 2048 * 8);
  assert.deepEqual([...found.values], [100, 4, 100, 12, 100, 18]);
});

test("low bands lie at the bottom, and louder is brighter", () => {
  const table = palette([0, 0, 0], [200, 80, 40], [255, 250, 240]);
  const light = (index) => table[4 * index] + table[4 * index + 1] + table[4 * index + 2];
  for (let index = 1; index < 256; index += 1) assert.ok(light(index) >= light(index - 1));
  assert.deepEqual([...table.slice(1020)], [255, 250, 240, 255]);
  const out = new Uint8ClampedArray(2 * 2 * 4);
  colourTile(tile(2, 2, (c, r) => (c === 1 && r === 0 ? 255 : 0)), table, out);
  assert.deepEqual([...out.slice(12, 15)], [255, 250, 240]);
  assert.deepEqual([...out.slice(4, 7)], [0, 0, 0]);
});

test("tiles are asked for where the view is, and nowhere else", () => {
  const width = 512 * 2048;
  assert.deepEqual(tilesFor(0, 10, 2048, 10 * width), { from: 0, to: 1 });
  assert.deepEqual(tilesFor(width * 2.5, width, 2048, 10 * width), { from: 2, to: 4 });
  assert.deepEqual(tilesFor(0, 1e12, 2048, 3 * width + 1), { from: 0, to: 4 });
});

test("hops grow with the rate, heights with the pitch", () => {
  assert.deepEqual([8000, 44100, 48000, 88200, 96000, 192000].map(hopOf), [2048, 2048, 2048, 4096, 4096, 8192]);
  assert.ok(Math.abs(heightOf(30, 44100)) < 1e-9);
  assert.ok(Math.abs(heightOf(20000, 44100) - 1) < 1e-9);
  assert.ok(heightOf(1000, 44100) > heightOf(200, 44100));
  assert.ok(heightOf(5000, 8000) > 1);
  assert.deepEqual(rgb("#e4572e"), [228, 87, 46]);
  assert.deepEqual(rgb("nonsense"), [125, 133, 151]);
});

test("every stem's colour stands out from either ground", () => {
  const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const stems = JSON.parse(process.env.STEM_COLOURS);
  assert.ok(stems.length > 5);
  for (const [dark, ground] of [[true, "#0d0f11"], [false, "#e9ebee"]]) {
    for (const colour of stems) {
      const parts = visible(colour, dark).match(/\d+/g).map(Number);
      const [one, other] = [luminance(parts), luminance(rgb(ground))].sort((a, b) => b - a);
      const contrast = (one + 0.05) / (other + 0.05);
      assert.ok(contrast >= 3, `${colour} on ${ground}: ${contrast.toFixed(2)}`);
    }
  }
});
