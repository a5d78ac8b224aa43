/**
 * Mouse, wheel and touch on the lanes: a click goes there, a drag makes a loop, its ends can be moved.
 */

import * as axis from "../model/axis.js";
import { complain } from "../parts/shell.js";

const NEAR = 6; // CSS pixels around an end of the loop that take hold of it.
const STILL = 4; // CSS pixels that a click may move.

/** @param {import("./timeline.js").Timeline} timeline */
export function pointers(timeline) {
  const { mixer } = timeline;
  const at = (/** @type {{clientX: number}} */ event) => event.clientX - timeline.rulerBody.getBoundingClientRect().left;
  const surface = (/** @type {EventTarget | null} */ target) =>
    /** @type {HTMLElement | null} */ (target)?.closest?.(".lane-body, .ruler-body") ?? null;

  /** @param {number} pixel @returns {"from" | "to" | null} the end of the loop that is there */
  const end = (pixel) => {
    if (!mixer.loop) return null;
    if (Math.abs(pixel - axis.toPixel(timeline.view, mixer.loop.from)) <= NEAR) return "from";
    return Math.abs(pixel - axis.toPixel(timeline.view, mixer.loop.to)) <= NEAR ? "to" : null;
  };

  /** @type {{id: number, x: number, anchor: number, moved: boolean} | null} */
  let drag = null;

  timeline.element.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    const place = surface(event.target);
    if (!place || event.button !== 0) return;
    const pixel = at(event);
    const held = end(pixel);
    const fixed = held && mixer.loop ? mixer.loop[held === "from" ? "to" : "from"] : null;
    drag = { id: event.pointerId, x: pixel, anchor: fixed ?? axis.toFrame(timeline.view, pixel), moved: held !== null };
    if (event.pointerType !== "touch") place.setPointerCapture(event.pointerId);
    timeline.held = true;
  });

  timeline.element.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    const pixel = at(event);
    const place = surface(event.target);
    if (place) place.classList.toggle("edge", end(pixel) !== null);
    if (!drag || event.pointerId !== drag.id) return;
    if (!drag.moved && Math.abs(pixel - drag.x) < STILL) return;
    drag.moved = true;
    const { frames, rate } = mixer.region;
    const loop = axis.stretch(drag.anchor, axis.toFrame(timeline.view, pixel), frames, rate);
    if (loop) timeline.preview(loop);
  });

  const done = (/** @type {PointerEvent} */ event) => {
    if (!drag || event.pointerId !== drag.id) return;
    const { moved, anchor } = drag;
    drag = null;
    timeline.held = false;
    if (event.type === "pointercancel") {
      timeline.preview(null);
      return;
    }
    const { frames, rate } = mixer.region;
    if (!moved) {
      mixer.seek(anchor).catch(complain);
      return;
    }
    const loop = axis.stretch(anchor, axis.toFrame(timeline.view, at(event)), frames, rate);
    timeline.preview(null);
    if (!loop) return;
    mixer.setLoop(loop);
    if (mixer.position < loop.from || mixer.position >= loop.to) mixer.seek(loop.from).catch(complain);
  };
  timeline.element.addEventListener("pointerup", done);
  timeline.element.addEventListener("pointercancel", done);

  timeline.element.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    const place = surface(event.target);
    if (!place) return;
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const [x, y] = [event.deltaX * lines, event.deltaY * lines];
    const zooming = event.ctrlKey || event.metaKey || event.altKey || place === timeline.rulerBody;
    if (zooming && y) timeline.zoom(Math.exp(-y / 240), at(event));
    else if (event.shiftKey || Math.abs(x) > Math.abs(y)) timeline.look(axis.scroll(timeline.view, event.shiftKey && !x ? y : x));
    else return; // The page itself scrolls.
    event.preventDefault();
  }, { passive: false });
}
