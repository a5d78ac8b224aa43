/**
 * A track's lane: its name, solo, mute and level on the left, its picture on the right.
 */

import { h, press, setText } from "../parts/dom.js";
import { decibel } from "../model/format.js";
import { HIGHEST, LOWEST } from "../model/gains.js";

/**
 * @typedef {object} LaneTrack a track as a lane needs it
 * @property {string} key
 * @property {string} hook what test ids call it
 * @property {string} label
 * @property {string} [under] small print below the label
 * @property {string} colour
 * @property {string} base path under `api/`
 * @property {number} frames
 * @property {number} rate
 * @property {number | null} peak_db
 * @property {number | null} rms_db
 */

/** One lane. */
export class Lane {
  /**
   * @param {LaneTrack} track
   * @param {import("../sound/mixer.js").Mixer} mixer
   * @param {number} number its digit on the keyboard, from 1
   */
  constructor(track, mixer, number) {
    this.track = track;
    this.mixer = mixer;
    const { hook, key } = track;
    this.solo = this.#switch("S", `Solo ${track.label}`, `track-${hook}-solo`, "solo", (alone) => {
      if (alone) mixer.soloOnly(key);
      else mixer.set(key, { solo: !mixer.strip(key).solo });
    });
    this.mute = this.#switch("M", `Mute ${track.label}`, `track-${hook}-mute`, "mute", () => mixer.set(key, { mute: !mixer.strip(key).mute }));
    this.level = h("input", {
      type: "range", class: "fader", min: LOWEST, max: HIGHEST, step: 0.5, value: 0,
      "aria-label": `Level of ${track.label}`, "data-testid": `track-${hook}-level`,
      title: "Level; double-click for 0 dB",
      on: {
        input: () => mixer.set(key, { level: Number(this.level.value) }),
        dblclick: () => mixer.set(key, { level: 0 }),
      },
    });
    this.value = h("output", { class: "fader-value", "aria-hidden": "true" });
    this.note = h("span", { class: "lane-note" });
    this.canvas = h("canvas", { class: "lane-picture", "aria-hidden": "true" });
    const swatch = h("i", { class: "swatch" });
    swatch.style.background = track.colour;
    const name = h("span", { class: "lane-label", title: track.under ? `${track.label}: ${track.under}` : track.label }, track.label);
    const digit = number <= 9 ? h("span", { class: "lane-digit", "aria-hidden": "true" }, String(number)) : null;
    this.element = h(
      "div",
      { class: "lane", role: "group", tabindex: "0", "data-testid": `track-${hook}` },
      h(
        "div",
        { class: "lane-head" },
        h("div", { class: "lane-name" }, swatch, name, digit),
        track.under ? h("p", { class: "lane-under" }, track.under) : null,
        h("div", { class: "lane-controls" }, this.solo, this.mute, this.level, this.value),
      ),
      h("div", { class: "lane-body" }, this.canvas, this.note),
    );
    this.update();
  }

  /**
   * @param {string} letter
   * @param {string} label
   * @param {string} id
   * @param {string} kind
   * @param {(alone: boolean) => void} act
   * @returns {HTMLButtonElement}
   */
  #switch(letter, label, id, kind, act) {
    return h(
      "button",
      {
        type: "button", class: `sm ${kind}`, "aria-label": label, title: label, "data-testid": id,
        on: {
          click: (/** @type {MouseEvent} */ event) => act(event.ctrlKey || event.metaKey || event.altKey),
          // A click leaves the focus on the lane, so that the space bar goes on playing.
          mousedown: (/** @type {MouseEvent} */ event) => {
            event.preventDefault();
            this.element.focus({ preventScroll: true });
          },
        },
      },
      letter,
    );
  }

  /** Shows what the mixer says. */
  update() {
    const strip = this.mixer.strip(this.track.key);
    const gain = this.mixer.gains().get(this.track.key) ?? 0;
    press(this.solo, strip.solo);
    press(this.mute, strip.mute);
    const words = strip.level <= LOWEST ? decibel(null) : decibel(strip.level, { sign: true });
    if (Number(this.level.value) !== strip.level) this.level.value = String(strip.level);
    this.level.setAttribute("aria-valuetext", strip.level <= LOWEST ? "silent" : `${strip.level} dB`);
    this.level.style.setProperty("--at", `${((strip.level - LOWEST) / (HIGHEST - LOWEST)) * 100}%`);
    setText(this.value, words.replace(" dB", ""));
    const heard = this.mixer.blind ? "" : gain === 0 ? "not heard" : "heard";
    this.element.classList.toggle("silent", heard === "not heard");
    const state = [strip.solo ? "solo" : "", heard, words].filter(Boolean).join(", ");
    this.element.setAttribute("aria-label", `${this.track.label}${this.track.under ? ` by ${this.track.under}` : ""}: ${state}`);
  }
}
