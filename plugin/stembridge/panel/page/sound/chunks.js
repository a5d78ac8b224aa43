/**
 * Audio by the second: fetched by Range, kept while it may be wanted again, never more than a bound.
 *
 * Chunks are whole seconds, so that their edges fall on whole frames of every track, whatever its rate.
 */

import { bytesOf } from "../parts/api.js";
import { deinterleave, rangeOf } from "../model/samples.js";
import { surplus } from "../model/schedule.js";

const AT_ONCE = 4; // A browser gives a server six connections; the events and the page need theirs.
const MOST_BYTES = 64e6;

/** @typedef {import("../model/samples.js").Layout & {key: string, url: string}} Track */

/** A bounded cache of the chunks of some tracks. */
export class Chunks {
  /** @type {Map<string, {used: number, bytes: number, data: Float32Array[]}>} */
  #kept = new Map();
  /** @type {Map<string, Promise<Float32Array[]>>} */
  #coming = new Map();
  /** @type {{track: Track, chunk: number}[]} */
  #queue = [];
  #running = 0;
  #clock = 0;
  #stop = new AbortController();
  /** @type {Set<string>} */
  #wanted = new Set();

  /** @param {(error: any) => void} failed told of a prefetch that didn't succeed */
  constructor(failed) {
    this.failed = failed;
  }

  /** @param {Track} track @param {number} chunk @returns {string} */
  static #name(track, chunk) {
    return `${track.key}/${chunk}`;
  }

  /**
   * @param {Track} track
   * @param {number} chunk
   * @returns {Float32Array[] | undefined} its channels, if it is here
   */
  peek(track, chunk) {
    const entry = this.#kept.get(Chunks.#name(track, chunk));
    if (entry) entry.used = this.#clock += 1;
    return entry?.data;
  }

  /**
   * Fetches these soon, in this order, and nothing that was wanted before.
   * @param {Track[]} tracks
   * @param {number[]} chunks
   */
  want(tracks, chunks) {
    this.#queue = chunks.flatMap((chunk) => tracks.map((track) => ({ track, chunk })));
    this.#wanted = new Set(this.#queue.map(({ track, chunk }) => Chunks.#name(track, chunk)));
    this.#pump();
  }

  /** Starts what there is room for. */
  #pump() {
    while (this.#running < AT_ONCE && this.#queue.length) {
      const { track, chunk } = /** @type {{track: Track, chunk: number}} */ (this.#queue.shift());
      const name = Chunks.#name(track, chunk);
      if (this.#kept.has(name) || this.#coming.has(name)) continue;
      this.load(track, chunk).catch((error) => {
        if (error?.name !== "AbortError") this.failed(error);
      });
    }
  }

  /**
   * @param {Track} track
   * @param {number} chunk its number
   * @returns {Promise<Float32Array[]>} its channels; empty arrays behind the track's end
   */
  load(track, chunk) {
    const name = Chunks.#name(track, chunk);
    const here = this.peek(track, chunk);
    if (here) return Promise.resolve(here);
    const under = this.#coming.get(name);
    if (under) return under;
    this.#running += 1;
    const coming = this.span(track, chunk * track.rate, track.rate)
      .then((data) => {
        const bytes = data.reduce((sum, channel) => sum + channel.byteLength, 0);
        this.#kept.set(name, { used: (this.#clock += 1), bytes, data });
        for (const old of surplus(this.#kept, MOST_BYTES, this.#wanted)) this.#kept.delete(old);
        return data;
      })
      .finally(() => {
        this.#running -= 1;
        this.#coming.delete(name);
        this.#pump();
      });
    this.#coming.set(name, coming);
    return coming;
  }

  /**
   * Reads a span that isn't kept.
   * @param {Track} track
   * @param {number} first frame of the track
   * @param {number} frames
   * @returns {Promise<Float32Array[]>} its channels, shorter where the track ends
   */
  async span(track, first, frames) {
    const range = rangeOf(track, first, frames);
    if (!range) return Array.from({ length: track.channels }, () => new Float32Array(0));
    return deinterleave(await bytesOf(track.url, range.header, this.#stop.signal), track.channels);
  }

  /** @returns {number} bytes that are kept */
  get bytes() {
    return [...this.#kept.values()].reduce((sum, entry) => sum + entry.bytes, 0);
  }

  /** Ends all transfers and forgets everything. */
  close() {
    this.#queue = [];
    this.#stop.abort();
    this.#kept.clear();
  }
}
