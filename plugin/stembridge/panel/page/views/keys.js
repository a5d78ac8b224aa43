/**
 * The keyboard of the section Listen. What a control does with a key itself stays with the control.
 */

import * as axis from "../model/axis.js";
import { complain, go, shown } from "../parts/shell.js";
import { compare, toggle, toggleLoop } from "./transport.js";

/** What the section Help lists. */
export const KEYS = [
  ["Space", "Play and pause"],
  ["\u2190 \u2192", "One second back or on; with Shift, five"],
  ["Home End", "To the start or the end, of the loop if there is one"],
  ["\u2191 \u2193", "To the track above or below"],
  ["S M", "Solo or mute the track that has the focus"],
  [", .", "Its level down or up"],
  ["1 \u2013 9", "Solo a track by its number; with Shift, mute"],
  ["A", "Mix or original, equally loud"],
  ["L", "Loop on or off; drag over the tracks for a stretch"],
  ["[ ]", "The loop's start or end to the playhead"],
  ["+ \u2212", "Zoom; also Ctrl and the wheel"],
  ["F Z", "Show all, or the loop"],
  ["V", "Waveform or spectrogram"],
  ["H", "Quiet waveforms higher"],
  ["R", "Solo, mute and levels as at first"],
  ["?", "This help"],
];

/**
 * @param {() => {mixer: import("../sound/mixer.js").Mixer, timeline: import("./timeline.js").Timeline} | null} opened
 */
export function listenKeys(opened) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("input:not([type=range]):not([type=checkbox]), textarea, select")) return;
    if (event.key === "?") {
      go("help", { focus: true });
      return;
    }
    const now = opened();
    if (shown() !== "listen" || !now) return;
    const onButton = Boolean(target.closest("button, a, summary, input"));
    if (onButton && (event.key === " " || event.key === "Enter")) return;
    if (target.matches("input[type=range]") && /^(Arrow|Home|End|Page)/.test(event.key)) return;
    if (act(event, now, target)) event.preventDefault();
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {{mixer: import("../sound/mixer.js").Mixer, timeline: import("./timeline.js").Timeline}} now
 * @param {HTMLElement} target
 * @returns {boolean} whether the key meant something
 */
function act(event, { mixer, timeline }, target) {
  const { frames, rate } = mixer.region;
  const seek = (/** @type {number} */ frame) => {
    const at = Math.min(frames, Math.max(0, frame));
    mixer.seek(at).then(() => timeline.look(axis.follow(timeline.view, at)), complain);
  };
  const focused = timeline.lanes.findIndex((lane) => lane.element.contains(target));
  const lane = timeline.lanes[focused];
  const digit = /^Digit([1-9])$/.exec(event.code);
  if (digit) {
    const one = timeline.lanes[Number(digit[1]) - 1];
    if (!one) return false;
    const strip = mixer.strip(one.track.key);
    mixer.set(strip.key, event.shiftKey ? { mute: !strip.mute } : { solo: !strip.solo });
    return true;
  }
  const step = (event.shiftKey ? 5 : 1) * rate;
  switch (event.key) {
    case " ":
      toggle(mixer);
      return true;
    case "ArrowLeft":
      seek(mixer.position - step);
      return true;
    case "ArrowRight":
      seek(mixer.position + step);
      return true;
    case "Home":
      seek(mixer.loop?.from ?? 0);
      return true;
    case "End":
      seek(mixer.loop?.to ?? frames);
      return true;
    case "ArrowUp":
    case "ArrowDown": {
      const next = timeline.lanes[focused < 0 ? 0 : focused + (event.key === "ArrowUp" ? -1 : 1)];
      next?.element.focus();
      return Boolean(next);
    }
    case "+":
    case "=":
      timeline.zoom(1.6);
      return true;
    case "-":
      timeline.zoom(1 / 1.6);
      return true;
    case "[":
      return edge(mixer, "from");
    case "]":
      return edge(mixer, "to");
    case ",":
    case ".":
      if (!lane) return false;
      mixer.set(lane.track.key, { level: mixer.strip(lane.track.key).level + (event.key === "." ? 1 : -1) });
      return true;
    default:
      return letter(event.key.toLowerCase(), { mixer, timeline }, lane);
  }
}

/**
 * @param {string} key
 * @param {{mixer: import("../sound/mixer.js").Mixer, timeline: import("./timeline.js").Timeline}} now
 * @param {import("./lane.js").Lane | undefined} lane
 * @returns {boolean}
 */
function letter(key, { mixer, timeline }, lane) {
  const { frames, rate } = mixer.region;
  if (key === "a") compare(mixer);
  else if (key === "l") toggleLoop(mixer);
  else if (key === "r") mixer.reset();
  else if (key === "h") timeline.taller();
  else if (key === "f") timeline.look(axis.fit(frames, rate, timeline.view.width));
  else if (key === "z" && mixer.loop) timeline.look(axis.show(timeline.view, mixer.loop.from, mixer.loop.to));
  else if (key === "v") {
    const other = timeline.mode === "waveform" ? "spectrogram" : "waveform";
    /** @type {HTMLElement | null} */ (document.querySelector(`[data-mode=${other}]`))?.click();
  } else if (key === "escape" && mixer.loop) mixer.setLoop(null);
  else if ((key === "s" || key === "m") && lane) {
    const strip = mixer.strip(lane.track.key);
    mixer.set(strip.key, key === "s" ? { solo: !strip.solo } : { mute: !strip.mute });
  } else return false;
  return true;
}

/** @param {import("../sound/mixer.js").Mixer} mixer @param {"from" | "to"} which @returns {boolean} */
function edge(mixer, which) {
  const { frames, rate } = mixer.region;
  const now = mixer.loop ?? { from: 0, to: frames };
  const position = Math.round(mixer.position);
  const ends = which === "from" ? [position, now.to > position ? now.to : frames] : [now.from < position ? now.from : 0, position];
  const loop = axis.stretch(ends[0], ends[1], frames, rate);
  if (loop) mixer.setLoop(loop);
  return Boolean(loop);
}
