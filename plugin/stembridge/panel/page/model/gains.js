/**
 * What is heard, and how loud: solo, mute, levels, A/B and matched loudness. Pure.
 *
 * @typedef {object} Strip
 * @property {string} key
 * @property {boolean} solo
 * @property {boolean} mute
 * @property {number} level dB; LOWEST or less is silence
 * @property {number} [gain_db] what brings the track's samples to the region's level
 * @property {boolean} [reference] true for the original that A/B compares with
 */

/** The fader's ends in dB; at the lower one a track is silent. */
export const LOWEST = -60;
export const HIGHEST = 12;

/** @param {number} db @returns {number} */
export const amplitude = (db) => (db <= LOWEST ? 0 : 10 ** (db / 20));

/** @param {number} value @returns {number} dB */
export const level = (value) => (value > 0 ? 20 * Math.log10(value) : -Infinity);

/**
 * The gain of each strip.
 * @param {Strip[]} strips
 * @param {object} [how]
 * @param {"mix" | "original"} [how.ab] what is heard
 * @param {Map<string, number>} [how.trims] dB by key, to match loudness; only where there are any
 * @param {{mix: number, original: number}} [how.match] dB for either side of A/B
 * @param {string | null} [how.only] one strip alone, for a blind test: solo and mute don't count then
 * @returns {Map<string, number>} linear, by key
 */
export function gainsOf(strips, { ab = "mix", trims = new Map(), match = NONE, only = null } = {}) {
  const soloed = strips.some((strip) => strip.solo);
  const found = new Map();
  for (const strip of strips) {
    const trim = 10 ** (((trims.get(strip.key) ?? 0) + (strip.gain_db ?? 0)) / 20);
    let gain;
    if (only !== null) gain = strip.key === only ? trim : 0;
    else if (ab === "original") gain = strip.reference ? amplitude(match.original) : 0;
    else if (soloed ? !strip.solo : strip.mute) gain = 0;
    else gain = amplitude(strip.level) * amplitude(match.mix) * trim;
    found.set(strip.key, gain);
  }
  return found;
}

/** No matching. @type {Readonly<{mix: number, original: number}>} */
export const NONE = Object.freeze({ mix: 0, original: 0 });

/**
 * Gains that make two levels one: the louder comes down, so that nothing can clip.
 * @param {number} mix dB, RMS
 * @param {number} original dB, RMS
 * @returns {{mix: number, original: number}} dB, none above 0; 0 for both when one of them is all but silent
 */
export function matched(mix, original) {
  const low = -70;
  if (!(mix > low) || !(original > low)) return { ...NONE };
  const difference = mix - original;
  if (Math.abs(difference) > 40) return { ...NONE };
  return difference > 0 ? { mix: -difference, original: 0 } : { mix: 0, original: difference };
}

/**
 * The same for several: each comes down to the quietest that can be heard.
 * @param {Map<string, number>} levels dB by key
 * @returns {Map<string, number>} dB by key, none above 0
 */
export function matchedAll(levels) {
  const heard = [...levels.values()].filter((value) => value > -70);
  const floor = Math.min(...heard);
  return new Map([...levels].map(([key, value]) => [key, value > -70 ? Math.max(-40, floor - value) : 0]));
}

/**
 * The stretches to measure loudness on: all of a short one, windows spread evenly over a long one.
 * @param {number} from frame
 * @param {number} to frame
 * @param {number} window frames
 * @param {number} most windows
 * @returns {{first: number, frames: number}[]}
 */
export function windows(from, to, window, most) {
  const frames = to - from;
  if (frames <= window * most) {
    const found = [];
    for (let first = from; first < to; first += window) {
      found.push({ first, frames: Math.min(window, to - first) });
    }
    return found;
  }
  const step = (frames - window) / (most - 1);
  return Array.from({ length: most }, (_, index) => ({ first: Math.round(from + index * step), frames: window }));
}

/**
 * Adds a track into a mix.
 * @param {Float32Array[]} into channels
 * @param {Float32Array[]} track its channels; mono goes to all
 * @param {number} gain
 */
export function addInto(into, track, gain) {
  into.forEach((channel, index) => {
    const source = track.length === 1 ? track[0] : track[index];
    if (!source) return;
    const frames = Math.min(channel.length, source.length);
    for (let frame = 0; frame < frames; frame += 1) channel[frame] += gain * source[frame];
  });
}

/**
 * @param {Float32Array[]} channels
 * @returns {number} the sum of the squares of all samples
 */
export function energy(channels) {
  let sum = 0;
  for (const channel of channels) for (const value of channel) sum += value * value;
  return sum;
}

/**
 * Which strips are heard when a job is opened: the stems that sum to the region. What would count twice (the
 * original, the residual, sums of other stems) is there and muted.
 * @param {{id: string, role: string}[]} tracks
 * @returns {Set<string>} ids that are muted
 */
export function mutedAtFirst(tracks) {
  const parts = tracks.filter((track) => track.role === "additive" || track.role === "rest");
  const stems = tracks.filter((track) => track.id !== "original" && track.id !== "residual");
  const heard = parts.length ? parts : stems.slice(0, 1);
  const ids = new Set(heard.map((track) => track.id));
  if (!ids.size && tracks.length) ids.add(tracks[0].id);
  return new Set(tracks.filter((track) => !ids.has(track.id)).map((track) => track.id));
}
