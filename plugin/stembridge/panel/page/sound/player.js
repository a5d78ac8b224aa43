/**
 * Playing in step: all tracks on one clock, their pieces started at exact frames, ahead of time.
 *
 * A pass is one stretch of uninterrupted playing. A jump or a new loop begins another pass while the old one
 * fades out over some milliseconds; both on the same frame for all tracks.
 */

import { startAt } from "./graph.js";
import { atRate } from "../model/samples.js";
import { chunksAhead, frameAt, pieceAt } from "../model/schedule.js";

const AHEAD = 2.5; // Seconds on the clock; a page in the background is woken once a second.
const FETCH = 6; // Seconds that are fetched ahead.
const LEAD = 0.05; // Seconds from a wish to its sound.
const FADE = 0.006;
const TICK = 100;
const PATIENCE = 3000;

/** @typedef {import("./chunks.js").Track} Track */
/** @typedef {import("../model/schedule.js").Plan} Plan */

/** One stretch of playing. */
class Pass {
  /**
   * @param {import("./graph.js").Graph} graph
   * @param {Track[]} tracks
   * @param {Plan} plan
   * @param {number} origin frame of the context's clock on which it begins
   */
  constructor(graph, tracks, plan, origin) {
    this.graph = graph;
    this.tracks = tracks;
    this.plan = plan;
    this.origin = origin;
    this.scheduled = 0;
    this.ended = false;
    /** @type {Set<AudioBufferSourceNode>} */
    this.sources = new Set();
    const { context } = graph;
    const start = origin / context.sampleRate;
    /** @type {Map<string, GainNode>} */
    this.fades = new Map();
    for (const track of tracks) {
      const fade = context.createGain();
      fade.gain.setValueAtTime(0, 0);
      fade.gain.setValueAtTime(0, start);
      fade.gain.linearRampToValueAtTime(1, start + FADE);
      fade.connect(graph.strip(track.key));
      this.fades.set(track.key, fade);
    }
  }

  /** @param {import("./chunks.js").Chunks} chunks @param {number} until position up to which to schedule */
  schedule(chunks, until) {
    const rate = this.graph.context.sampleRate;
    while (this.scheduled < until) {
      const piece = pieceAt(this.plan, this.scheduled, rate);
      if (!piece) {
        this.ended = true;
        return;
      }
      const data = this.tracks.map((track) => chunks.peek(track, piece.chunk));
      if (data.some((channels) => !channels)) return;
      this.tracks.forEach((track, index) => {
        const from = atRate(piece.first - piece.chunk * rate, rate, track.rate);
        const to = atRate(piece.first - piece.chunk * rate + piece.frames, rate, track.rate);
        const part = /** @type {Float32Array[]} */ (data[index]).map((channel) => channel.subarray(from, to));
        const into = /** @type {GainNode} */ (this.fades.get(track.key));
        const source = startAt(this.graph.context, part, track.rate, this.origin + this.scheduled, into);
        if (!source) return;
        this.sources.add(source);
        source.addEventListener("ended", () => this.sources.delete(source));
      });
      this.scheduled += piece.frames;
    }
  }

  /** @param {number} frame of the context's clock on which it fades out */
  end(frame) {
    const { context } = this.graph;
    const at = Math.max(frame, this.origin + FADE * context.sampleRate) / context.sampleRate;
    for (const fade of this.fades.values()) {
      fade.gain.setValueAtTime(1, at);
      fade.gain.linearRampToValueAtTime(0, at + FADE);
    }
    for (const source of this.sources) source.stop(at + 2 * FADE);
    setTimeout(() => this.fades.forEach((fade) => fade.disconnect()), 1000 * (LEAD + 4 * FADE) + 200);
  }
}

/**
 * Plays tracks of one region. Tells `state` (detail: "playing", "loading" or "stopped").
 */
export class Player extends EventTarget {
  /** @type {Pass | null} */
  #pass = null;
  #timer = 0;
  #turn = 0;
  #cursor = 0;
  /** @type {{from: number, to: number} | null} */
  loop = null;
  /** @type {"playing" | "loading" | "stopped"} */
  status = "stopped";

  /**
   * @param {AudioContext} context at the region's rate
   * @param {import("./graph.js").Graph} graph
   * @param {Track[]} tracks
   * @param {import("./chunks.js").Chunks} chunks
   * @param {number} total the region's frames
   */
  constructor(context, graph, tracks, chunks, total) {
    super();
    this.context = context;
    this.graph = graph;
    this.tracks = tracks;
    this.chunks = chunks;
    this.total = total;
  }

  /** @returns {number} the clock, in frames */
  get #now() {
    return this.context.currentTime * this.context.sampleRate;
  }

  /** @returns {number} the frame that is heard now, or that playing would begin on */
  get position() {
    if (!this.#pass) return this.#cursor;
    const late = (this.context.outputLatency || 0) * this.context.sampleRate;
    const position = Math.max(0, Math.round(this.#now - late) - this.#pass.origin);
    return frameAt(this.#pass.plan, position);
  }

  /** @param {"playing" | "loading" | "stopped"} status */
  #tell(status) {
    if (status === this.status) return;
    this.status = status;
    this.dispatchEvent(new CustomEvent("state", { detail: status }));
  }

  /**
   * Plays from a frame on; from a pass under way it goes over without a gap.
   * @param {number} frame
   */
  async play(frame) {
    const turn = (this.#turn += 1);
    const start = frame >= this.total ? (this.loop?.from ?? 0) : Math.max(0, frame);
    this.#cursor = start;
    if (!this.#pass) this.#tell("loading");
    const first = Math.floor(start / this.context.sampleRate);
    this.chunks.want(this.tracks, chunksAhead(this.#plan(start), 0, FETCH * this.context.sampleRate, this.context.sampleRate));
    await Promise.all([this.#awake(), ...this.tracks.map((track) => this.chunks.load(track, first))]);
    if (turn === this.#turn) this.#begin(start);
  }

  /** Waits until the clock runs: a browser keeps it standing until the user has done something on the page. */
  async #awake() {
    const tired = new Promise((resolve) => setTimeout(resolve, PATIENCE));
    await Promise.race([this.context.resume(), tired]);
    if (this.context.state === "running") return;
    const hint = "Click on Play once more, and see that the system has something to play on.";
    throw Object.assign(new Error("The browser doesn't let the page play yet."), { hint });
  }

  /** @param {number} start @returns {Plan} */
  #plan(start) {
    return { start, total: this.total, loop: this.loop && { ...this.loop } };
  }

  /** @param {number} start @param {number} [origin] */
  #begin(start, origin = Math.ceil(this.#now) + Math.round(LEAD * this.context.sampleRate)) {
    this.#pass?.end(origin);
    this.#pass = new Pass(this.graph, this.tracks, this.#plan(start), origin);
    clearInterval(this.#timer);
    this.#timer = window.setInterval(() => this.#tick(), TICK);
    this.#tick();
    this.#tell("playing");
  }

  /** Schedules, fetches, and sees the end or a lack of data. */
  #tick() {
    const pass = this.#pass;
    if (!pass) return;
    const rate = this.context.sampleRate;
    const position = this.#now - pass.origin;
    pass.schedule(this.chunks, Math.max(0, position) + AHEAD * rate);
    if (pass.ended) {
      if (position >= pass.scheduled + (this.context.outputLatency || 0) * rate) this.stop(this.#cursor);
      return;
    }
    this.chunks.want(this.tracks, chunksAhead(pass.plan, pass.scheduled, FETCH * rate, rate));
    if (position > pass.scheduled - 0.02 * rate) {
      const frame = frameAt(pass.plan, pass.scheduled);
      this.#end();
      this.play(frame).catch((error) => this.#failed(error));
    }
  }

  /** @param {any} error */
  #failed(error) {
    this.stop();
    this.dispatchEvent(new CustomEvent("trouble", { detail: error }));
  }

  /** Ends the pass under way. */
  #end() {
    clearInterval(this.#timer);
    this.#pass?.end(Math.ceil(this.#now) + 64);
    this.#pass = null;
  }

  /** @param {number} [frame] where the cursor goes; left out: where it was heard last */
  stop(frame = this.position) {
    this.#turn += 1;
    this.#end();
    this.#cursor = Math.min(frame, this.total);
    this.#tell("stopped");
    // A clock that runs costs power even while nothing plays.
    setTimeout(() => {
      if (this.status === "stopped" && this.context.state === "running") this.context.suspend();
    }, 1500);
  }

  /** @param {number} frame */
  async seek(frame) {
    if (this.status === "stopped") this.#cursor = Math.min(this.total, Math.max(0, frame));
    else await this.play(frame);
  }

  /**
   * A new loop, or none; what plays goes on where it is, or at the loop's start if that is behind its end.
   * @param {{from: number, to: number} | null} loop
   */
  setLoop(loop) {
    this.loop = loop;
    const pass = this.#pass;
    if (!pass) return;
    const origin = Math.ceil(this.#now) + Math.round(LEAD * this.context.sampleRate);
    const frame = frameAt(pass.plan, Math.max(0, origin - pass.origin));
    const start = loop && frame >= loop.to ? loop.from : frame;
    const chunk = Math.floor(start / this.context.sampleRate);
    if (start === frame && this.tracks.every((track) => this.chunks.peek(track, chunk))) {
      this.#cursor = start;
      this.#begin(start, origin);
    } else this.play(start).catch((error) => this.#failed(error));
  }

  /** Ends everything. */
  close() {
    this.stop();
  }
}
