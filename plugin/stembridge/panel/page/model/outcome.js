/**
 * How exact a separation is, in words. Pure.
 */

import { decibel, listing } from "./format.js";

/**
 * What is left of the region when the stems are taken away.
 * @param {number | null | undefined} residual dBFS, RMS; null: digital silence
 * @param {string[]} summed labels of the stems that were summed
 * @returns {{short: string, words: string, good: boolean} | null} null where nothing was summed
 */
export function nullDepth(residual, summed) {
  if (!summed.length || residual === undefined) return null;
  const together = `${listing(summed)} together`;
  if (residual === null) {
    return { short: "Exact sum", words: `${together} are the original, to the last bit.`, good: true };
  }
  const depth = `Residual ${decibel(residual, { digits: 0, unit: "dBFS" })}`;
  if (residual < -90) return { short: depth, words: `${together} are the original: what is left can't be heard.`, good: true };
  if (residual < -60) {
    return { short: depth, words: `${together} are very nearly the original: what is left is far below the music.`, good: true };
  }
  if (residual < -40) return { short: depth, words: `${together} miss a little of the original: listen to the residual.`, good: true };
  return { short: depth, words: `${together} don't add up to the original: the residual holds what no stem has.`, good: false };
}

/**
 * @param {{frames: number, verified: boolean} | null | undefined} offset the largest that was taken out
 * @param {number} rate
 * @returns {{short: string, words: string, good: boolean}}
 */
export function offsetWords(offset, rate) {
  if (!offset || !offset.frames) {
    const sure = !offset || offset.verified;
    return {
      short: sure ? "In place" : "In place, partly measured",
      words: sure
        ? "The stems lie on the original's own samples."
        : "The stems lie on the original's own samples; at least one holds too little to measure that by itself.",
      good: sure,
    };
  }
  const { frames, verified } = offset;
  const milliseconds = (Math.abs(frames) / rate) * 1000;
  const length = `${Math.abs(frames)} samples (${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms)`;
  const moved = frames > 0 ? `came ${length} late and were moved back` : `came ${length} early and were moved on`;
  return {
    short: `Moved by ${Math.abs(frames)} samples`,
    words: `The stems ${moved}${verified ? "; checked against the original." : "; that couldn't be checked to the sample."}`,
    good: verified,
  };
}
