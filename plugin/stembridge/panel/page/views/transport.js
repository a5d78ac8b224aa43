/**
 * Play, loop, A/B and the way the tracks are looked at.
 */

import * as axis from "../model/axis.js";
import { clock, decibel } from "../model/format.js";
import { button, fill, h, icon, press, setText } from "../parts/dom.js";
import { complain, keep, read } from "../parts/shell.js";

/**
 * @param {import("../sound/mixer.js").Mixer} mixer
 * @param {import("./timeline.js").Timeline} timeline
 * @returns {HTMLElement}
 */
export function transport(mixer, timeline) {
  const { rate } = mixer.region;
  const play = button(icon("play"), () => toggle(mixer), { class: "play-button", "data-testid": "play", title: "Play (space bar)" });
  const start = button(icon("start"), () => mixer.seek(mixer.loop?.from ?? 0).catch(complain), { class: "icon-button", "aria-label": "To the start", title: "To the start (Home)" });
  const loop = button([icon("loop"), h("span", { class: "loop-words" })], () => toggleLoop(mixer), { class: "button plain small loop-button", "data-testid": "loop", title: "Loop (L); drag over the tracks to choose a stretch" });
  const ab = h(
    "button",
    {
      type: "button", class: "ab", role: "switch", "data-testid": "ab", "aria-label": "Hear the original instead of the mix",
      title: "Mix or original, at the same loudness (A)", on: { click: () => compare(mixer) },
    },
    h("span", {}, "Mix"),
    h("span", {}, "Original"),
  );
  const match = h("span", { class: "small-text faint match", "aria-live": "polite" });
  const looks = h("div", { class: "segments", role: "group", "aria-label": "Picture" });
  const look = (/** @type {"waveform" | "spectrogram"} */ mode) => {
    timeline.show(mode);
    keep("picture", mode);
    for (const control of looks.children) press(control, /** @type {HTMLElement} */ (control).dataset.mode === mode);
  };
  looks.append(
    button([icon("wave"), h("span", { class: "wide" }, "Waveform")], () => look("waveform"), { "data-mode": "waveform", "data-testid": "view-waveform", "aria-label": "Waveform" }),
    button([icon("spectrum"), h("span", { class: "wide" }, "Spectrogram")], () => look("spectrogram"), { "data-mode": "spectrogram", "data-testid": "view-spectrogram", "aria-label": "Spectrogram" }),
  );
  const zooms = h(
    "div",
    { class: "row zooms" },
    button(icon("out"), () => timeline.zoom(0.5), { class: "icon-button", "aria-label": "Zoom out", title: "Zoom out (\u2212)" }),
    button(icon("fit"), () => timeline.look(axis.fit(mixer.region.frames, rate, timeline.view.width)), { class: "icon-button", "aria-label": "Show all", title: "Show all (F)" }),
    button(icon("in"), () => timeline.zoom(2), { class: "icon-button", "aria-label": "Zoom in", title: "Zoom in (+)" }),
  );
  const tall = button("\u00d71", () => timeline.taller(), { class: "icon-button tall", title: "Draw quiet waveforms higher (H)" });
  timeline.addEventListener("view", () => {
    setText(tall, `\u00d7${timeline.tall}`);
    tall.setAttribute("aria-label", timeline.tall === 1 ? "Waveforms as high as they are" : `Waveforms ${timeline.tall} times as high`);
  });
  tall.setAttribute("aria-label", "Waveforms as high as they are");
  zooms.prepend(tall);
  const reset = button("Reset", () => mixer.reset(), { class: "button plain small", title: "Solo, mute and levels as at first (R)" });

  const update = () => {
    const { status } = mixer;
    const name = status === "stopped" ? "Play" : "Pause";
    if (play.getAttribute("aria-label") !== name) {
      play.setAttribute("aria-label", name);
      fill(play, icon(status === "stopped" ? "play" : "pause"));
    }
    play.toggleAttribute("data-waiting", status === "loading");
    press(loop, mixer.loop !== null);
    loop.setAttribute("aria-label", mixer.loop ? `Loop from ${clock(mixer.loop.from, rate)} to ${clock(mixer.loop.to, rate)}` : "Loop");
    const words = mixer.loop ? `${clock(mixer.loop.from, rate, 1)} \u2013 ${clock(mixer.loop.to, rate, 1)}` : "Loop";
    setText(/** @type {Element} */ (loop.querySelector(".loop-words")), words);
    press(ab, mixer.ab === "original", "aria-checked");
    const { mix, original } = mixer.match;
    const [side, gain] = mix < original ? ["mix", mix] : ["original", original];
    setText(match, mixer.ab === "original" || gain ? (gain > -0.05 ? "equally loud as they are" : `matched: ${side} ${decibel(gain)}`) : "");
    reset.hidden = !mixer.strips.some((strip) => strip.solo || strip.level !== 0 || strip.mute !== mixer.tracks.find((track) => track.key === strip.key)?.mute);
  };
  mixer.addEventListener("change", update);
  mixer.addEventListener("state", update);
  const bar = h("div", { class: "transport", role: "group", "aria-label": "Playing" }, h("div", { class: "row" }, start, play, loop), h("div", { class: "row" }, ab, match, reset), h("div", { class: "row end" }, looks, zooms));
  ab.hidden = mixer.exclusive || !mixer.tracks.some((track) => track.reference);
  update();
  look(read("picture") === "spectrogram" ? "spectrogram" : "waveform");
  return bar;
}

/** @param {import("../sound/mixer.js").Mixer} mixer */
export function toggle(mixer) {
  if (mixer.status === "stopped") mixer.play().catch(complain);
  else mixer.pause();
}

/** @param {import("../sound/mixer.js").Mixer} mixer */
export function compare(mixer) {
  mixer.compare(mixer.ab === "original" ? "mix" : "original").catch(complain);
}

/** @param {import("../sound/mixer.js").Mixer} mixer no loop, or one of ten seconds from here */
export function toggleLoop(mixer) {
  if (mixer.loop) {
    mixer.setLoop(null);
    return;
  }
  const { frames, rate } = mixer.region;
  const from = mixer.position >= frames - rate ? 0 : mixer.position;
  mixer.setLoop(axis.stretch(from, Math.min(frames, from + 10 * rate), frames, rate));
}
