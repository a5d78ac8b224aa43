/**
 * Drawing on canvases: waveforms, spectrograms, the ruler. The colours come from the page's own.
 */

import { span, ticks, toPixel } from "../model/axis.js";
import { clock } from "../model/format.js";
import { columns, columnsOfSamples } from "../model/peaks.js";
import { rgb } from "../model/colour.js";
import { colourTile, heightOf, hopOf, palette, THIN, TILE, tilesFor } from "../model/spectrum.js";

/** @typedef {import("../model/axis.js").View} View */

/** Frames a pixel under which samples themselves are drawn. */
export const CLOSE = 128;

/**
 * Brings a canvas to its size on the screen, and clears it.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width CSS pixels
 * @param {number} height CSS pixels
 * @returns {{context: CanvasRenderingContext2D, ratio: number}}
 */
export function ready(canvas, width, height) {
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: false }));
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, w, h);
  return { context, ratio };
}

/** @returns {Record<"ground" | "text" | "faint" | "line" | "sunk" | "panel", string>} the page's colours now */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const read = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return { ground: read("ground"), text: read("text"), faint: read("faint"), line: read("line"), sunk: read("sunk"), panel: read("panel") };
}

/**
 * @param {CanvasRenderingContext2D} context in device pixels
 * @param {Float32Array} extremes of `columns`
 * @param {number} height device pixels
 * @param {string} colour
 * @param {number} tall by how much higher than full scale would have it
 * @param {number} [least] device pixels that a line has at least
 */
function fillWave(context, extremes, height, colour, tall, least = 1) {
  const middle = height / 2;
  const reach = middle * 0.94;
  const width = extremes.length / 2;
  context.fillStyle = colour;
  context.beginPath();
  for (let x = 0; x < width; x += 1) {
    const low = extremes[2 * x];
    const high = extremes[2 * x + 1];
    if (Number.isNaN(low)) continue;
    const top = middle - Math.min(1, high * tall) * reach;
    const bottom = middle - Math.max(-1, low * tall) * reach;
    const rest = Math.max(0, least - (bottom - top));
    context.rect(x, top - rest / 2, 1, bottom - top + rest);
  }
  context.fill();
}

/**
 * A waveform from the pyramid.
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {number} height
 * @param {import("../model/peaks.js").Peaks} peaks
 * @param {number} rate of the track
 * @param {string} colour
 * @param {number} [tall] as `fillWave` has it
 */
export function wave(canvas, view, height, peaks, rate, colour, tall = 1) {
  const { context, ratio } = ready(canvas, view.width, height);
  const extremes = columns(peaks, view.first, view.perPixel / ratio, canvas.width, rate / view.rate);
  fillWave(context, extremes, canvas.height, colour, tall);
}

/**
 * A waveform from samples, with a dot for each once they are far enough apart.
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {number} height
 * @param {Float32Array} samples of the track
 * @param {number} start the frame of the first of them
 * @param {number} rate of the track
 * @param {string} colour
 * @param {number} [tall] as `fillWave` has it
 */
export function closeWave(canvas, view, height, samples, start, rate, colour, tall = 1) {
  const { context, ratio } = ready(canvas, view.width, height);
  const scale = rate / view.rate;
  const perPixel = (view.perPixel * scale) / ratio;
  if (perPixel > 1) {
    fillWave(context, columnsOfSamples(samples, start, view.first * scale, perPixel, canvas.width), canvas.height, colour, tall, 1.4 * ratio);
    return;
  }
  const middle = canvas.height / 2;
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 1.25 * ratio;
  context.lineJoin = "round";
  context.beginPath();
  const first = Math.max(start, Math.floor(view.first * scale));
  const last = Math.min(start + samples.length - 1, Math.ceil((view.first + span(view)) * scale));
  const dots = 1 / perPixel >= 5 * ratio;
  for (let frame = first; frame <= last; frame += 1) {
    const value = samples[frame - start];
    const x = (frame - view.first * scale) / perPixel;
    const y = middle - Math.max(-1, Math.min(1, value * tall)) * middle * 0.94;
    if (frame === first) context.moveTo(x, y);
    else context.lineTo(x, y);
    if (dots) context.fillRect(x - 1.5 * ratio, y - 1.5 * ratio, 3 * ratio, 3 * ratio);
  }
  context.stroke();
}

/** @type {Map<string, {canvas: HTMLCanvasElement, used: number}>} */
const coloured = new Map();
let turns = 0;
const MOST_TILES = 220;

/**
 * A tile in its colours.
 * @param {string} name what tells it from others, colours included
 * @param {import("../model/spectrum.js").Tile} tile
 * @param {Uint8ClampedArray} table
 * @returns {HTMLCanvasElement}
 */
function painted(name, tile, table) {
  const found = coloured.get(name);
  if (found) {
    found.used = turns += 1;
    return found.canvas;
  }
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: tile.columns, height: tile.rows });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(tile.columns, tile.rows);
  colourTile(tile, table, image.data);
  context.putImageData(image, 0, 0);
  coloured.set(name, { canvas, used: (turns += 1) });
  if (coloured.size > MOST_TILES) {
    const oldest = [...coloured].sort((a, b) => a[1].used - b[1].used).slice(0, MOST_TILES / 4);
    for (const [key] of oldest) coloured.delete(key);
  }
  return canvas;
}

/**
 * A spectrogram of the tiles that are here.
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {number} height
 * @param {{base: string, frames: number, rate: number, colour: string}} track
 * @param {import("../sound/pictures.js").Pictures} pictures
 * @param {boolean} dark
 * @returns {boolean} whether all of it is here
 */
export function spectrogram(canvas, view, height, track, pictures, dark) {
  const { context, ratio } = ready(canvas, view.width, height);
  const scale = track.rate / view.rate;
  const hop = hopOf(track.rate);
  const thinned = (view.perPixel * scale) / ratio > hop * THIN * 0.5;
  const ground = dark ? [10, 12, 14] : [240, 242, 244];
  const peak = dark ? [255, 251, 235] : [14, 16, 24];
  const colour = rgb(track.colour).map((part) => (dark ? part : Math.round(part * 0.92)));
  const table = palette(ground, colour, peak);
  context.fillStyle = `rgb(${ground.join(" ")})`;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  const { from, to } = tilesFor(view.first * scale, span(view) * scale, hop, track.frames);
  let whole = true;
  for (let number = from; number < to; number += 1) {
    const tile = pictures.tile(track.base, number, thinned);
    if (!tile) {
      whole = false;
      continue;
    }
    const picture = painted(`${track.base} ${number} ${thinned} ${dark}`, tile, table);
    const start = toPixel(view, (number * TILE * hop) / scale) * ratio;
    const width = (tile.columns * tile.hop * ratio) / scale / view.perPixel;
    context.drawImage(picture, start, 0, width, canvas.height);
  }
  context.scale(ratio, ratio);
  context.font = `10px ${getComputedStyle(document.body).fontFamily}`;
  context.fillStyle = dark ? "#ffffff" : "#10141a";
  for (const [hertz, words] of /** @type {[number, string][]} */ ([[200, "200"], [1000, "1k"], [5000, "5k"]])) {
    const y = height * (1 - heightOf(hertz, track.rate));
    if (y < 8 || view.width < 240) continue;
    context.globalAlpha = 0.16;
    context.fillRect(0, y, 5, 1);
    context.globalAlpha = 0.5;
    context.fillText(words, 8, y + 3);
  }
  context.globalAlpha = 1;
  return whole;
}

/**
 * The ruler.
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {number} height
 */
export function ruler(canvas, view, height) {
  const { context, ratio } = ready(canvas, view.width, height);
  const { text, faint, line } = { ...colours() };
  context.scale(ratio, ratio);
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.textBaseline = "top";
  const { digits, ticks: found } = ticks(view);
  for (const tick of found) {
    const x = Math.round(tick.pixel) + 0.5;
    context.strokeStyle = tick.label ? faint : line;
    context.beginPath();
    context.moveTo(x, height);
    context.lineTo(x, height - (tick.label ? 9 : 5));
    context.stroke();
    if (!tick.label) continue;
    context.fillStyle = tick.label ? text : faint;
    context.globalAlpha = 0.8;
    if (x + 44 < view.width) context.fillText(clock(tick.frame, view.rate, digits), x + 4, 4);
    context.globalAlpha = 1;
  }
}
