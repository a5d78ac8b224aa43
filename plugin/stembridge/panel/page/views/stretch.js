/**
 * The source with its waveform, where the stretch to separate is chosen by dragging or by typing.
 */

import { path } from "../parts/api.js";
import * as axis from "../model/axis.js";
import { visible } from "../model/colour.js";
import { channelWords, clock, duration, rateWords, readClock } from "../model/format.js";
import { button, fill, h, setText } from "../parts/dom.js";
import { dark, say } from "../parts/shell.js";
import { Pictures } from "../sound/pictures.js";
import { ruler, wave } from "./paint.js";
import { changes, dropZone, setSource, source } from "./source.js";

const HEIGHT = 84;

/** @returns {HTMLElement} the drop zone until there is a source, then the source */
export function stretch() {
  const element = h("section", { class: "source", "aria-label": "What to separate" });
  let shown = "";
  /** @type {(() => void) | null} */
  let update = null;
  let close = () => {};
  const draw = () => {
    const now = source.now;
    if ((now?.file ?? "none") === shown) {
      update?.();
      return;
    }
    shown = now?.file ?? "none";
    close();
    if (!now) {
      update = null;
      close = () => {};
      fill(element, dropZone());
      return;
    }
    const built = card();
    update = built.update;
    close = built.close;
    fill(element, built.element);
  };
  changes.addEventListener("change", draw);
  draw();
  return element;
}

/** @returns {{element: HTMLElement, update: () => void, close: () => void}} */
function card() {
  const { file, name, frames, rate, channels } = /** @type {import("./source.js").Source} */ (source.now);
  const pictures = new Pictures();
  const canvas = h("canvas", { class: "stretch-picture" });
  const scale = h("canvas", { class: "stretch-ruler" });
  const box = h("i", { class: "stretch-box" });
  const body = h("div", { class: "stretch-body", "aria-hidden": "true" }, canvas, box, scale);
  const length = h("span", { class: "soft" });
  const ends = { from: 0, to: frames };
  const field = (/** @type {"from" | "to"} */ which, /** @type {string} */ label) => {
    const input = h("input", {
      type: "text", class: "mono time-field", inputmode: "decimal", autocomplete: "off", "aria-label": label, "data-testid": `stretch-${which}`,
      placeholder: clock(ends[which], rate),
      on: { change: () => read(which, input.value) },
    });
    return input;
  };
  const from = field("from", "From");
  const to = field("to", "To");
  from.value = clock(0, rate);
  to.value = clock(frames, rate);
  const whole = button("The whole file", () => setSource({ from: 0, to: frames }), { class: "button small plain" });
  const other = button("Another file", () => setSource(null), { class: "button small plain" });

  /** @param {"from" | "to"} which @param {string} text empty: the file's own start or end */
  const read = (which, text) => {
    const now = /** @type {import("./source.js").Source} */ (source.now);
    const frame = text.trim() ? readClock(text, rate) : ends[which];
    const next = { from: now.from, to: now.to, [which]: Math.min(frames, frame ?? -1) };
    if (frame === null || next.from >= next.to) say("That is no stretch of the file.", { bad: true, hint: "Write minutes and seconds, as in 1:02.5." });
    else setSource(next);
    update();
  };

  const view = () => axis.fit(frames, rate, body.clientWidth);
  const paint = () => {
    if (body.clientWidth < 2) return;
    const now = view();
    const peaks = pictures.peaks(`files/${path(file)}`, Math.max(256, now.perPixel));
    if (peaks) wave(canvas, now, HEIGHT, peaks, rate, visible("#7f8fa6", dark()));
    ruler(scale, now, 24);
    update();
  };
  const update = () => {
    const now = source.now;
    if (!now || now.file !== file) return;
    for (const [input, which] of /** @type {[HTMLInputElement, "from" | "to"][]} */ ([[from, "from"], [to, "to"]])) {
      const blank = input.value === "" && now[which] === ends[which];
      if (document.activeElement !== input && !blank) input.value = clock(now[which], rate);
    }
    box.style.left = `${(100 * now.from) / frames}%`;
    box.style.width = `${(100 * (now.to - now.from)) / frames}%`;
    const all = now.from === 0 && now.to === frames;
    box.classList.toggle("all", all);
    whole.hidden = all;
    setText(length, duration((now.to - now.from) / rate));
  };

  let anchor = -1;
  const frameAt = (/** @type {PointerEvent} */ event) => axis.toFrame(view(), event.clientX - body.getBoundingClientRect().left);
  body.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    body.setPointerCapture(event.pointerId);
    anchor = frameAt(event);
  });
  body.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (anchor < 0 || !body.hasPointerCapture(event.pointerId)) return;
    const now = axis.stretch(anchor, frameAt(event), frames, rate);
    if (now && now.to - now.from > 3 * view().perPixel) setSource(now);
  });
  body.addEventListener("lostpointercapture", () => { anchor = -1; });

  const watch = new ResizeObserver(paint);
  watch.observe(body);
  pictures.addEventListener("here", paint);
  window.addEventListener("themechange", paint);
  const element = h(
    "div",
    { class: "card stretch" },
    h("div", { class: "head-row pad" }, h("div", {}, h("h2", { class: "ellipsis" }, name), h("p", { class: "soft" }, [clock(frames, rate, 1), rateWords(rate), channelWords(channels)].join(" \u00b7 "))), other),
    body,
    h("div", { class: "row pad stretch-foot" }, h("label", { class: "row" }, h("span", { class: "soft" }, "From"), from), h("label", { class: "row" }, h("span", { class: "soft" }, "to"), to), length, whole),
  );
  return {
    element,
    update,
    close: () => {
      watch.disconnect();
      window.removeEventListener("themechange", paint);
      pictures.close();
    },
  };
}
