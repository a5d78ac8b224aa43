/**
 * Lanes on one time axis: ruler, overview, pictures, playhead and loop, by mouse, wheel, touch and keys.
 */

import * as axis from "../model/axis.js";
import { visible } from "../model/colour.js";
import { clock } from "../model/format.js";
import { joined, mono } from "../model/samples.js";
import { h, setText } from "../parts/dom.js";
import { complain, dark } from "../parts/shell.js";
import { Pictures } from "../sound/pictures.js";
import { Lane } from "./lane.js";
import { CLOSE, closeWave, ready, ruler, spectrogram, wave } from "./paint.js";
import { overview } from "./overview.js";
import { pointers } from "./pointers.js";

const RULER = 26;

/** Tells `view` when what is shown is another stretch. */
export class Timeline extends EventTarget {
  /** @type {"waveform" | "spectrogram"} */
  mode = "waveform";
  /** By how much higher waveforms are drawn than full scale would have them. */
  tall = 1;
  /** True while a hand is on it: it doesn't follow the playhead then. */
  held = false;
  playing = false;
  #frame = 0;
  #spoken = -1;
  /** @type {{from: number, to: number} | null} */
  #dragged = null;

  /**
   * @param {import("../sound/mixer.js").Mixer} mixer
   * @param {import("./lane.js").LaneTrack[]} tracks
   */
  constructor(mixer, tracks) {
    super();
    this.mixer = mixer;
    const { frames, rate } = mixer.region;
    this.view = axis.fit(frames, rate, 600);
    this.pictures = new Pictures();
    this.pictures.addEventListener("here", () => this.draw());
    this.lanes = tracks.map((track, index) => new Lane(track, mixer, index + 1));
    this.ruler = h("canvas", { class: "ruler-picture", "aria-hidden": "true" });
    this.rulerBody = h(
      "div",
      {
        class: "ruler-body", role: "slider", tabindex: "0", "aria-label": "Position", "aria-valuemin": "0",
        "aria-valuemax": (frames / rate).toFixed(3), "data-testid": "position",
        title: "Click to go there, drag for a loop, wheel to zoom",
      },
      this.ruler,
    );
    this.time = h("output", { class: "time", "aria-hidden": "true" });
    this.head = h("i", { class: "playhead" });
    this.region = h("i", { class: "loop-box", hidden: true });
    this.overview = overview(this);
    const over = h("div", { class: "over", "aria-hidden": "true" }, this.region, this.head);
    this.element = h(
      "div",
      { class: `timeline card${tracks.length > 6 ? " many" : ""}` },
      h("div", { class: "lane-row overview-row" }, h("div", { class: "lane-head" }, this.time), this.overview.element),
      h("div", { class: "lane-row ruler-row" }, h("div", { class: "lane-head" }), this.rulerBody),
      h("div", { class: "lanes" }, this.lanes.map((lane) => lane.element)),
      over,
    );
    this.watch = new ResizeObserver(() => this.#size());
    this.watch.observe(this.rulerBody);
    this.onTheme = () => this.draw();
    window.addEventListener("themechange", this.onTheme);
    mixer.addEventListener("change", () => this.#changed());
    mixer.addEventListener("state", () => this.#changed());
    pointers(this);
    this.#changed();
  }

  #size() {
    const width = this.rulerBody.clientWidth;
    if (width < 2) return;
    if (width !== this.view.width) this.view = axis.resize(this.view, width);
    this.draw();
  }

  /** @param {import("../model/axis.js").View} view */
  look(view) {
    const moved = view.first !== this.view.first || view.perPixel !== this.view.perPixel;
    if (!moved) return;
    this.view = view;
    this.pictures.forget();
    this.draw();
    this.dispatchEvent(new CustomEvent("view"));
  }

  /** @param {{from: number, to: number} | null} loop shown while it is being dragged */
  preview(loop) {
    this.#dragged = loop;
    this.#place();
  }

  /** @param {number} factor @param {number} [pixel] left out: the playhead, or the middle where it isn't seen */
  zoom(factor, pixel) {
    const at = axis.toPixel(this.view, this.mixer.position);
    const seen = at >= 0 && at <= this.view.width;
    this.look(axis.zoom(this.view, factor, pixel ?? (seen ? at : this.view.width / 2)));
  }

  /** @param {"waveform" | "spectrogram"} mode */
  show(mode) {
    this.mode = mode;
    this.element.classList.toggle("spectral", mode === "spectrogram");
    this.pictures.forget();
    this.draw();
  }

  /** Draws quiet waveforms higher: twice, four times, eight times, and as they are again. */
  taller() {
    this.tall = this.tall >= 8 ? 1 : this.tall * 2;
    this.draw();
    this.dispatchEvent(new CustomEvent("view"));
  }

  /** Draws everything, once before the next picture on the screen. */
  draw() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.element.isConnected || this.view.width < 2) return;
      ruler(this.ruler, this.view, RULER);
      this.overview.draw();
      for (const lane of this.lanes) this.#lane(lane);
      this.#place();
    });
  }

  /** @param {Lane} lane */
  #lane(lane) {
    const { canvas, track } = lane;
    const height = canvas.clientHeight;
    const trouble = this.pictures.trouble(track.base, this.mode === "waveform" ? "peaks" : "spectrogram");
    const colour = visible(track.colour, dark());
    if (trouble) {
      ready(canvas, this.view.width, height);
      setText(lane.note, trouble.message ?? "There is no picture of this track.");
    } else if (this.mode === "spectrogram") {
      const whole = spectrogram(canvas, this.view, height, track, this.pictures, dark());
      setText(lane.note, whole ? "" : "Looking at the spectrum\u2026");
    } else if (this.view.perPixel >= CLOSE || !this.#close(lane, height, colour)) {
      const peaks = this.pictures.peaks(track.base, (this.view.perPixel * track.rate) / this.view.rate);
      if (peaks) wave(canvas, this.view, height, peaks, track.rate, colour, this.tall);
      setText(lane.note, peaks ? silence(track) : "Drawing the waveform\u2026");
    }
  }

  /**
   * Draws the samples themselves, once they are here.
   * @param {Lane} lane
   * @param {number} height
   * @param {string} colour
   * @returns {boolean} whether they are
   */
  #close(lane, height, colour) {
    const track = /** @type {any} */ (this.mixer.tracks.find((one) => one.key === lane.track.key));
    const scale = track.rate / this.view.rate;
    const first = Math.max(0, Math.floor((this.view.first * scale) / track.rate));
    const last = Math.floor(Math.min(track.frames - 1, (this.view.first + axis.span(this.view)) * scale) / track.rate);
    const here = [];
    for (let chunk = first; chunk <= last; chunk += 1) {
      const data = this.mixer.chunks.peek(track, chunk);
      if (data) here.push(mono(data));
      else this.mixer.chunks.load(track, chunk).then(() => this.draw(), complain);
    }
    if (here.length <= last - first) return false;
    closeWave(lane.canvas, this.view, height, joined(here), first * track.rate, track.rate, colour, this.tall);
    setText(lane.note, "");
    return true;
  }

  /** Shows what the mixer says, and keeps the playhead going. */
  #changed() {
    for (const lane of this.lanes) lane.update();
    this.#place();
    this.overview.place();
    if (this.mixer.status === "playing" && !this.playing) this.#follow();
  }

  #follow() {
    this.playing = true;
    const step = () => {
      if (this.mixer.status !== "playing" || !this.element.isConnected) {
        this.playing = false;
        this.#place();
        return;
      }
      if (!this.held) this.look(axis.follow(this.view, this.mixer.position));
      this.#place();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  /** Puts playhead, loop and clock where they belong. */
  #place() {
    const { position, region } = this.mixer;
    const loop = this.#dragged ?? this.mixer.loop;
    const x = axis.toPixel(this.view, position);
    this.head.hidden = x < -1 || x > this.view.width + 1;
    this.head.style.transform = `translateX(${x.toFixed(2)}px)`;
    this.region.hidden = !loop;
    if (loop) {
      const from = Math.max(-4, axis.toPixel(this.view, loop.from));
      const to = Math.min(this.view.width + 4, axis.toPixel(this.view, loop.to));
      this.region.style.transform = `translateX(${from.toFixed(2)}px)`;
      this.region.style.width = `${Math.max(0, to - from).toFixed(2)}px`;
    }
    setText(this.time, clock(position, region.rate));
    this.overview.head(position);
    const second = Math.floor(position / region.rate);
    const playing = this.mixer.status === "playing";
    if (playing && second === this.#spoken) return;
    this.#spoken = second;
    this.rulerBody.setAttribute("aria-valuenow", (position / region.rate).toFixed(playing ? 0 : 3));
    this.rulerBody.setAttribute("aria-valuetext", clock(position, region.rate, playing ? 0 : 3));
  }

  /** Lets go of everything. */
  close() {
    this.watch.disconnect();
    window.removeEventListener("themechange", this.onTheme);
    cancelAnimationFrame(this.#frame);
    this.pictures.close();
  }
}

/** @param {import("./lane.js").LaneTrack} track @returns {string} what a flat line means */
function silence(track) {
  const { peak_db: peak, rms_db: rms } = track;
  if (peak != null && peak > -36) return "";
  if (rms != null && rms > -50) return "";
  if (peak == null && rms == null) return "";
  const level = peak ?? rms ?? 0;
  return level < -100 ? "Nothing that can be heard" : `Very quiet: ${Math.round(level)} dB`;
}
