/**
 * What waveforms and spectrograms are drawn from: fetched when it is first looked at, kept within a bound.
 */

import { binary } from "../parts/api.js";
import { levelFor, LEVELS, parsePeaks } from "../model/peaks.js";
import { parseTile, thin } from "../model/spectrum.js";
import { surplus } from "../model/schedule.js";

const MOST_BYTES = 48e6;
const AT_ONCE = 3;

/** @typedef {import("../model/peaks.js").Peaks} Peaks */
/** @typedef {import("../model/spectrum.js").Tile} Tile */

/** A store of pictures' data. Tells `here` whenever something has arrived. */
export class Pictures extends EventTarget {
  /** @type {Map<string, {used: number, bytes: number, value: any}>} */
  #kept = new Map();
  /** @type {Set<string>} */
  #coming = new Set();
  /** @type {{name: string, where: string, read: (buffer: ArrayBuffer) => any, size: (value: any) => number}[]} */
  #queue = [];
  /** @type {Map<string, any>} */
  #failed = new Map();
  #running = 0;
  #clock = 0;
  #stop = new AbortController();

  /** @param {string} name @returns {any} */
  #look(name) {
    const entry = this.#kept.get(name);
    if (entry) entry.used = this.#clock += 1;
    return entry?.value;
  }

  /**
   * The best waveform that is here, while a better one is fetched.
   * @param {string} base path of the track under `api/`
   * @param {number} perPixel frames a pixel
   * @returns {Peaks | undefined}
   */
  peaks(base, perPixel) {
    const wanted = levelFor(perPixel);
    const best = this.#look(`${base} ${wanted}`);
    if (best) return best;
    this.#ask(`${base} ${wanted}`, `${base}/peaks?level=${wanted}`, parsePeaks, (value) => value.values.byteLength);
    const near = [...LEVELS].sort((a, b) => Math.abs(Math.log(a / wanted)) - Math.abs(Math.log(b / wanted)));
    for (const level of near) {
      const other = this.#kept.get(`${base} ${level}`);
      if (other) return other.value;
    }
    return undefined;
  }

  /**
   * A tile of a spectrogram, thinned out for a long view.
   * @param {string} base
   * @param {number} number
   * @param {boolean} thinned
   * @returns {Tile | undefined} undefined: it is being fetched
   */
  tile(base, number, thinned) {
    const name = `${base} ${thinned ? "thin" : "tile"} ${number}`;
    const found = this.#look(name);
    if (found) return found;
    if (thinned) {
      const whole = this.#kept.get(`${base} tile ${number}`);
      if (whole) return this.#keep(name, thin(whole.value), (tile) => tile.values.byteLength);
    }
    const read = (/** @type {ArrayBuffer} */ buffer) => (thinned ? thin(parseTile(buffer)) : parseTile(buffer));
    this.#ask(name, `${base}/spectrogram?tile=${number}`, read, (tile) => tile.values.byteLength);
    return undefined;
  }

  /** @param {string} base @param {"peaks" | "spectrogram"} kind @returns {any} why a track has no picture, if so */
  trouble(base, kind) {
    return this.#failed.get(`${base}/${kind}`);
  }

  /** Forgets what was still to be fetched: the view has moved on. */
  forget() {
    for (const { name } of this.#queue) this.#coming.delete(name);
    this.#queue = [];
  }

  /** @param {string} name @param {string} where @param {(buffer: ArrayBuffer) => any} read @param {(value: any) => number} size */
  #ask(name, where, read, size) {
    if (this.#coming.has(name) || this.#failed.has(where.split("?")[0])) return;
    this.#coming.add(name);
    this.#queue.push({ name, where, read, size });
    this.#pump();
  }

  /** @param {string} name @param {any} value @param {(value: any) => number} size */
  #keep(name, value, size) {
    this.#kept.set(name, { used: (this.#clock += 1), bytes: size(value), value });
    for (const old of surplus(this.#kept, MOST_BYTES, new Set())) this.#kept.delete(old);
    return value;
  }

  #pump() {
    while (this.#running < AT_ONCE && this.#queue.length) {
      const { name, where, read, size } = /** @type {any} */ (this.#queue.shift());
      this.#running += 1;
      binary(where, this.#stop.signal)
        .then((buffer) => this.#keep(name, read(buffer), size))
        .catch((error) => {
          if (error?.name !== "AbortError") this.#failed.set(where.split("?")[0], error);
        })
        .finally(() => {
          this.#running -= 1;
          this.#coming.delete(name);
          this.#pump();
          if (!this.#stop.signal.aborted) this.dispatchEvent(new CustomEvent("here"));
        });
    }
  }

  /** Ends all transfers. */
  close() {
    this.#queue = [];
    this.#stop.abort();
    this.#kept.clear();
  }
}
