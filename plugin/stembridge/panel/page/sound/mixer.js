/**
 * The mixer of what is open: strips, A/B, matched loudness, and playing. No DOM but Web Audio.
 *
 * Tells `change` (strips, A/B, matching), `state` (of the player), `trouble` (detail: the error) and `closed`.
 */

import { Chunks } from "./chunks.js";
import { addInto, energy, gainsOf, HIGHEST, level, LOWEST, matched, matchedAll, NONE, windows } from "../model/gains.js";
import { Graph, startAt } from "./graph.js";
import { Player } from "./player.js";
import { atRate } from "../model/samples.js";
import { pieces } from "../model/schedule.js";

const LONGEST_RENDER = 600; // Seconds: a rendering is held in memory as a whole.
const WINDOW = 0.5;
const WINDOWS = 24;

/** @typedef {import("./chunks.js").Track & {id: string, reference: boolean, mute: boolean, gain_db: number}} MixTrack */

/** See the module. */
export class Mixer extends EventTarget {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {Graph | null} */
  #graph = null;
  /** @type {Player | null} */
  #player = null;
  #cursor = 0;
  #measuring = 0;
  /** @type {{from: number, to: number} | null} */
  loop = null;
  /** @type {"mix" | "original"} */
  ab = "mix";
  /** @type {string | null} one strip alone, in a blind test */
  only = null;
  /** @type {Map<string, number>} */
  trims = new Map();
  /** @type {{mix: number, original: number}} dB for either side of A/B */
  match = { ...NONE };
  /** One at a time: to solo a track ends the solo of the others. */
  exclusive = false;
  /** Nothing may show what is heard. */
  blind = false;

  /**
   * @param {{frames: number, rate: number, channels: number}} region
   * @param {MixTrack[]} tracks
   */
  constructor(region, tracks) {
    super();
    this.region = region;
    this.tracks = tracks;
    this.chunks = new Chunks((error) => this.#trouble(error));
    this.strips = tracks.map(({ key, mute, reference, gain_db }) => ({ key, solo: false, mute, level: 0, reference, gain_db }));
  }

  /** @param {any} error */
  #trouble(error) {
    this.dispatchEvent(new CustomEvent("trouble", { detail: error }));
  }

  /** @param {string} key */
  strip(key) {
    return /** @type {import("../model/gains.js").Strip} */ (this.strips.find((strip) => strip.key === key));
  }

  /** @returns {Map<string, number>} linear gains by key */
  gains() {
    return gainsOf(this.strips, { ab: this.ab, trims: this.trims, match: this.match, only: this.only });
  }

  /**
   * Changes a strip.
   * @param {string} key
   * @param {Partial<import("../model/gains.js").Strip>} change
   */
  set(key, change) {
    const strip = this.strip(key);
    if (this.exclusive && change.solo) for (const other of this.strips) other.solo = false;
    Object.assign(strip, change);
    strip.level = Math.min(HIGHEST, Math.max(LOWEST, strip.level));
    this.#changed();
  }

  /** @param {string} key this one alone, or, when it is that already, all again */
  soloOnly(key) {
    const alone = this.strips.every((strip) => strip.solo === (strip.key === key));
    for (const strip of this.strips) strip.solo = !alone && strip.key === key;
    this.#changed();
  }

  /** Everything as it was when the job was opened. */
  reset() {
    for (const strip of this.strips) {
      const track = this.tracks.find((one) => one.key === strip.key);
      Object.assign(strip, { solo: false, mute: track?.mute ?? false, level: 0 });
    }
    this.#changed();
  }

  /** Has the loudspeakers, and everybody, know. */
  #changed() {
    this.#graph?.apply(this.gains());
    if (this.ab === "original" || this.match.mix || this.match.original) this.#measureSoon();
    this.dispatchEvent(new CustomEvent("change"));
  }

  /** @param {"mix" | "original"} ab */
  async compare(ab) {
    this.ab = ab;
    this.#graph?.apply(this.gains());
    this.dispatchEvent(new CustomEvent("change"));
    await this.measure();
  }

  /** @param {string | null} key */
  listenTo(key) {
    this.only = key;
    this.#graph?.apply(this.gains());
    this.dispatchEvent(new CustomEvent("change"));
  }

  /** Measures again once nothing has changed for a moment. */
  #measureSoon() {
    clearTimeout(this.#measuring);
    this.#measuring = window.setTimeout(() => this.measure().catch((error) => this.#trouble(error)), 350);
  }

  /** @returns {{from: number, to: number}} what loudness is measured over: the loop, or all */
  get measured() {
    return this.loop ?? { from: 0, to: this.region.frames };
  }

  /**
   * Walks over what is measured.
   * @param {(read: (track: MixTrack) => Promise<Float32Array[]>, frames: number) => Promise<void>} visit
   */
  async #windows(visit) {
    const { rate } = this.region;
    const { from, to } = this.measured;
    for (const window of windows(from, to, Math.round(WINDOW * rate), WINDOWS)) {
      const read = (/** @type {MixTrack} */ track) =>
        this.chunks.span(track, atRate(window.first, rate, track.rate), atRate(window.frames, rate, track.rate));
      await visit(read, window.frames);
    }
  }

  /** Sets the gains of A/B so that both sides have the same RMS over the loop, or the whole. */
  async measure() {
    const reference = this.tracks.find((track) => track.reference);
    if (!reference) return;
    const gains = gainsOf(this.strips);
    const heard = this.tracks.filter((track) => (gains.get(track.key) ?? 0) > 0 && track.rate === this.region.rate);
    let mix = 0;
    let original = 0;
    await this.#windows(async (read, frames) => {
      const sum = Array.from({ length: this.region.channels }, () => new Float32Array(frames));
      for (const track of heard) addInto(sum, await read(track), gains.get(track.key) ?? 0);
      mix += energy(sum);
      original += energy(await read(reference));
    });
    this.match = matched(level(Math.sqrt(mix)) - this.#floor, level(Math.sqrt(original)) - this.#floor);
    this.#graph?.apply(this.gains());
    this.dispatchEvent(new CustomEvent("change"));
  }

  /** @returns {number} dB from a sum of squares over what is measured to an RMS */
  get #floor() {
    const { from, to } = this.measured;
    const seconds = Math.min(to - from, WINDOW * WINDOWS * this.region.rate);
    return 10 * Math.log10(Math.max(1, seconds * this.region.channels));
  }

  /** Sets trims so that all tracks have the same RMS over the loop, or the whole. */
  async matchTracks() {
    const sums = new Map(this.tracks.map((track) => [track.key, 0]));
    await this.#windows(async (read) => {
      for (const track of this.tracks) sums.set(track.key, (sums.get(track.key) ?? 0) + energy(await read(track)));
    });
    this.trims = matchedAll(new Map([...sums].map(([key, sum]) => [key, level(Math.sqrt(sum)) - this.#floor])));
    this.#graph?.apply(this.gains());
    this.dispatchEvent(new CustomEvent("change"));
  }

  /** @returns {Player} made when it is first needed: browsers want a click before there is sound */
  #ready() {
    if (this.#player) return this.#player;
    const { rate, frames, channels } = this.region;
    this.#context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
    this.#graph = new Graph(this.#context, this.tracks.map((track) => track.key), channels);
    this.#graph.apply(this.gains(), false);
    this.#player = new Player(this.#context, this.#graph, this.tracks, this.chunks, frames);
    this.#player.loop = this.loop;
    this.#player.addEventListener("state", () => this.dispatchEvent(new CustomEvent("state")));
    this.#player.addEventListener("trouble", (event) => this.#trouble(/** @type {CustomEvent} */ (event).detail));
    return this.#player;
  }

  /** @returns {"playing" | "loading" | "stopped"} */
  get status() {
    return this.#player?.status ?? "stopped";
  }

  /** @returns {number} the frame that is heard, or that playing would begin on */
  get position() {
    return this.#player ? this.#player.position : this.#cursor;
  }

  /** @param {number} [frame] left out: from the cursor on */
  async play(frame = this.position) {
    const player = this.#ready();
    try {
      await player.play(frame);
    } catch (error) {
      player.stop();
      throw error;
    }
  }

  /** Stops where it is. */
  pause() {
    this.#player?.stop();
  }

  /** @param {number} frame */
  async seek(frame) {
    const inside = Math.min(this.region.frames, Math.max(0, Math.round(frame)));
    if (this.#player) await this.#player.seek(inside);
    else this.#cursor = inside;
    this.dispatchEvent(new CustomEvent("state"));
  }

  /** @param {{from: number, to: number} | null} loop */
  setLoop(loop) {
    this.loop = loop;
    this.#player?.setLoop(loop);
    if (this.match.mix || this.match.original) this.#measureSoon();
    this.dispatchEvent(new CustomEvent("change"));
  }

  /**
   * What would be heard, by the same graph and the same pieces as playing.
   * @param {number} first frame of the region
   * @param {number} frames
   * @returns {Promise<Float32Array[]>} a channel each
   * @throws {RangeError} for a stretch outside the region, or one too long to hold
   */
  async render(first, frames) {
    const { rate, channels } = this.region;
    if (first < 0 || frames < 1 || first + frames > this.region.frames || frames > LONGEST_RENDER * rate) {
      throw new RangeError("That stretch can't be rendered.");
    }
    const width = Math.max(channels, ...this.tracks.map((track) => track.channels));
    const context = new OfflineAudioContext(width, frames, rate);
    const graph = new Graph(context, this.tracks.map((track) => track.key), width);
    const gains = this.gains();
    graph.apply(gains, false);
    for (const piece of pieces({ start: first, total: this.region.frames, loop: null }, 0, frames, rate)) {
      for (const track of this.tracks) {
        if (!gains.get(track.key)) continue;
        const data = await this.chunks.load(track, piece.chunk);
        const inside = piece.first - piece.chunk * rate;
        const [from, to] = [inside, inside + piece.frames].map((frame) => atRate(frame, rate, track.rate));
        startAt(context, data.map((channel) => channel.subarray(from, to)), track.rate, piece.at, graph.strip(track.key));
      }
    }
    const buffer = await context.startRendering();
    return Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel));
  }

  /** @returns {object} what a test may ask for */
  state() {
    const gains = this.gains();
    return {
      ...this.region,
      status: this.status,
      position: this.position,
      loop: this.loop,
      ab: this.ab,
      match: { ...this.match },
      cached: this.chunks.bytes,
      tracks: this.tracks.map((track) => ({ id: track.id, ...this.strip(track.key), gain: gains.get(track.key) })),
    };
  }

  /** Lets go of everything. */
  close() {
    this.dispatchEvent(new CustomEvent("closed"));
    clearTimeout(this.#measuring);
    this.#player?.close();
    this.#graph?.close();
    this.#context?.close();
    this.chunks.close();
  }
}
