/**
 * The whole region as a strip, with the stretch that is looked at: drag it, or click to go there.
 */

import * as axis from "../model/axis.js";
import { visible } from "../model/colour.js";
import { h } from "../parts/dom.js";
import { dark } from "../parts/shell.js";
import { wave } from "./paint.js";

const HEIGHT = 30;

/**
 * @param {import("./timeline.js").Timeline} timeline
 * @returns {{element: HTMLElement, draw: () => void, place: () => void, head: (frame: number) => void}}
 */
export function overview(timeline) {
  const canvas = h("canvas", { class: "overview-picture" });
  const frame = h("i", { class: "overview-frame" });
  const loop = h("i", { class: "overview-loop", hidden: true });
  const mark = h("i", { class: "overview-head" });
  const element = h("div", { class: "overview", "aria-hidden": "true" }, canvas, loop, frame, mark);
  const { region } = timeline.mixer;
  const share = (/** @type {number} */ frames) => `${((100 * frames) / region.frames).toFixed(3)}%`;

  const place = () => {
    const { view } = timeline;
    frame.style.left = share(view.first);
    frame.style.width = share(Math.min(region.frames, axis.span(view)));
    frame.hidden = axis.span(view) >= region.frames - 1;
    const now = timeline.mixer.loop;
    loop.hidden = !now;
    if (!now) return;
    loop.style.left = share(now.from);
    loop.style.width = share(now.to - now.from);
  };

  const draw = () => {
    const width = element.clientWidth;
    if (width < 2) return;
    const { track } = timeline.lanes[0];
    const view = axis.fit(region.frames, region.rate, width);
    const peaks = timeline.pictures.peaks(track.base, Math.max(256, (view.perPixel * track.rate) / region.rate));
    if (peaks) wave(canvas, view, HEIGHT, peaks, track.rate, visible("#8a93a0", dark()));
    place();
  };

  const to = (/** @type {PointerEvent} */ event) => {
    const box = element.getBoundingClientRect();
    const middle = ((event.clientX - box.left) / box.width) * region.frames;
    timeline.look(axis.clamp({ ...timeline.view, first: middle - axis.span(timeline.view) / 2 }));
    return middle;
  };
  element.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    element.setPointerCapture(event.pointerId);
    timeline.held = true;
    const whole = axis.span(timeline.view) >= region.frames - 1;
    const middle = to(event);
    if (whole) timeline.mixer.seek(middle);
  });
  element.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (element.hasPointerCapture(event.pointerId)) to(event);
  });
  element.addEventListener("lostpointercapture", () => {
    timeline.held = false;
  });
  element.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    event.preventDefault();
    timeline.zoom(Math.exp(-event.deltaY / 240));
  }, { passive: false });

  return { element, draw, place, head: (at) => { mark.style.left = share(at); } };
}
