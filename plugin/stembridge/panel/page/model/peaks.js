/**
 * Waveforms: the server's min/max pyramid, read and brought to pixels. Pure.
 *
 * A level holds one (min, max) pair of signed bytes for each `framesPerBin` frames, 127 being full scale.
 *
 * @typedef {{framesPerBin: number, bins: number, values: Int8Array}} Peaks
 */

/** Frames a bin, finest first. */
export const LEVELS = [256, 1024, 4096, 16384, 65536];

const MAGIC = 0x4b504253; // "SBPK", read as a little-endian number

/**
 * Reads the server's answer.
 * @param {ArrayBuffer} buffer
 * @returns {Peaks}
 * @throws {Error} when it isn't one
 */
export function parsePeaks(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 16 || view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== 1) {
    throw new Error("The waveform can't be read.");
  }
  const bins = view.getUint32(12, true);
  if (buffer.byteLength < 16 + 2 * bins) throw new Error("The waveform is cut short.");
  return { framesPerBin: view.getUint32(8, true), bins, values: new Int8Array(buffer, 16, 2 * bins) };
}

/**
 * The coarsest level that still has a bin for each pixel.
 * @param {number} perPixel frames a pixel
 * @returns {number}
 */
export function levelFor(perPixel) {
  let best = LEVELS[0];
  for (const level of LEVELS) if (level <= perPixel) best = level;
  return best;
}

/**
 * The extremes of each pixel of a view.
 * @param {Peaks} peaks
 * @param {number} first frame at the left edge
 * @param {number} perPixel frames a pixel
 * @param {number} width pixels
 * @param {number} [scale] frames of these peaks for one frame of the axis (another rate)
 * @returns {Float32Array} min, max for each pixel, -1 to 1; NaN where there is nothing
 */
export function columns(peaks, first, perPixel, width, scale = 1) {
  const out = new Float32Array(2 * width);
  const { framesPerBin, bins, values } = peaks;
  for (let x = 0; x < width; x += 1) {
    const from = Math.floor(((first + x * perPixel) * scale) / framesPerBin);
    const to = Math.ceil(((first + (x + 1) * perPixel) * scale) / framesPerBin);
    let low = 127;
    let high = -128;
    const end = Math.min(bins, Math.max(to, from + 1));
    for (let bin = Math.max(0, from); bin < end; bin += 1) {
      const min = values[2 * bin];
      const max = values[2 * bin + 1];
      if (min < low) low = min;
      if (max > high) high = max;
    }
    out[2 * x] = high < low ? NaN : low / 127;
    out[2 * x + 1] = high < low ? NaN : high / 127;
  }
  return out;
}

/**
 * The same from samples, for a close look.
 * @param {Float32Array} samples
 * @param {number} start the frame of the first of them
 * @param {number} first
 * @param {number} perPixel
 * @param {number} width
 * @returns {Float32Array}
 */
export function columnsOfSamples(samples, start, first, perPixel, width) {
  const out = new Float32Array(2 * width).fill(NaN);
  for (let x = 0; x < width; x += 1) {
    const from = Math.floor(first + x * perPixel) - start;
    const to = Math.max(from + 1, Math.ceil(first + (x + 1) * perPixel) - start);
    let low = Infinity;
    let high = -Infinity;
    for (let at = Math.max(0, from), end = Math.min(samples.length - 1, to); at <= end; at += 1) {
      const value = samples[at];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high >= low) {
      out[2 * x] = low;
      out[2 * x + 1] = high;
    }
  }
  return out;
}
