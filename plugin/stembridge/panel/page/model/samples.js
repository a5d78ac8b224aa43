/**
 * Samples of a track: which bytes hold them, and from bytes to channels. Pure.
 *
 * @typedef {{frames: number, rate: number, channels: number, data_offset: number, frame_bytes: number}} Layout
 */

/**
 * The bytes of a span of frames.
 * @param {Layout} layout
 * @param {number} first frame
 * @param {number} frames
 * @returns {{first: number, frames: number, header: string} | null} what there is of it, and the value of the
 *   header Range; null where nothing is
 */
export function rangeOf(layout, first, frames) {
  const from = Math.max(0, first);
  const to = Math.min(layout.frames, first + frames);
  if (to <= from) return null;
  const start = layout.data_offset + from * layout.frame_bytes;
  const end = layout.data_offset + to * layout.frame_bytes - 1;
  return { first: from, frames: to - from, header: `bytes=${start}-${end}` };
}

const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Interleaved little-endian float32 as one array for each channel.
 * @param {ArrayBuffer} buffer
 * @param {number} channels
 * @returns {Float32Array[]} whole frames only
 */
export function deinterleave(buffer, channels) {
  const frames = Math.floor(buffer.byteLength / 4 / channels);
  let all;
  if (LITTLE) {
    all = new Float32Array(buffer, 0, frames * channels);
  } else {
    const view = new DataView(buffer);
    all = Float32Array.from({ length: frames * channels }, (_, index) => view.getFloat32(4 * index, true));
  }
  return Array.from({ length: channels }, (_, channel) => {
    if (channels === 1) return all;
    const out = new Float32Array(frames);
    for (let frame = 0, at = channel; frame < frames; frame += 1, at += channels) out[frame] = all[at];
    return out;
  });
}

/** @type {WeakMap<Float32Array[], Float32Array>} */
const means = new WeakMap();

/**
 * The mean of the channels, worked out once for as long as they are kept.
 * @param {Float32Array[]} channels
 * @returns {Float32Array}
 */
export function mono(channels) {
  if (channels.length === 1) return channels[0];
  let found = means.get(channels);
  if (!found) {
    found = new Float32Array(channels[0].length);
    for (const channel of channels) for (let at = 0; at < found.length; at += 1) found[at] += channel[at];
    for (let at = 0; at < found.length; at += 1) found[at] /= channels.length;
    means.set(channels, found);
  }
  return found;
}

/**
 * Stretches that follow each other as one.
 * @param {Float32Array[]} parts
 * @returns {Float32Array}
 */
export function joined(parts) {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * A frame of the axis as a frame of a track that may have a rate of its own.
 * @param {number} frame
 * @param {number} from the axis' rate
 * @param {number} to the track's rate
 * @returns {number}
 */
export function atRate(frame, from, to) {
  return from === to ? frame : Math.round((frame * to) / from);
}
