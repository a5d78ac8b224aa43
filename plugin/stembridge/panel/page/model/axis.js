/**
 * The time axis: which frames a view shows, and at which pixel. Pure.
 *
 * A view is `{first, perPixel, width, total, rate}`: the frame at its left edge (may be a fraction), frames a
 * CSS pixel, its width in CSS pixels, and the region's frames and rate. Views are values: each function gives
 * a new one.
 *
 * @typedef {{first: number, perPixel: number, width: number, total: number, rate: number}} View
 */

/** The closest look: this many pixels a frame. */
export const MOST_PIXELS = 16;

/**
 * The whole region in a width.
 * @param {number} total frames
 * @param {number} rate
 * @param {number} width CSS pixels
 * @returns {View}
 */
export function fit(total, rate, width) {
  return { first: 0, perPixel: Math.max(total / Math.max(1, width), 1 / MOST_PIXELS), width, total, rate };
}

/** @param {View} view @param {number} frame @returns {number} CSS pixels from the left edge */
export const toPixel = (view, frame) => (frame - view.first) / view.perPixel;

/** @param {View} view @param {number} pixel @returns {number} a whole frame inside the region */
export function toFrame(view, pixel) {
  return Math.min(view.total, Math.max(0, Math.round(view.first + pixel * view.perPixel)));
}

/** @param {View} view @returns {number} frames that the view spans */
export const span = (view) => view.perPixel * view.width;

/** @param {View} view @returns {View} the same, inside the region and the limits of zoom */
export function clamp(view) {
  const most = Math.max(view.total / Math.max(1, view.width), 1 / MOST_PIXELS);
  const perPixel = Math.min(most, Math.max(1 / MOST_PIXELS, view.perPixel));
  const last = Math.max(0, view.total - perPixel * view.width);
  return { ...view, perPixel, first: Math.min(last, Math.max(0, view.first)) };
}

/**
 * Zoom, with one place staying where it is.
 * @param {View} view
 * @param {number} factor above 1: closer
 * @param {number} pixel the place that stays
 * @returns {View}
 */
export function zoom(view, factor, pixel) {
  const frame = view.first + pixel * view.perPixel;
  const perPixel = clamp({ ...view, perPixel: view.perPixel / factor }).perPixel;
  return clamp({ ...view, perPixel, first: frame - pixel * perPixel });
}

/** @param {View} view @param {number} pixels @returns {View} */
export const scroll = (view, pixels) => clamp({ ...view, first: view.first + pixels * view.perPixel });

/**
 * Another width; a view of the whole stays one of the whole.
 * @param {View} view
 * @param {number} width
 * @returns {View}
 */
export function resize(view, width) {
  const whole = view.first === 0 && span(view) >= view.total - 1;
  if (whole || view.width < 1) return fit(view.total, view.rate, width);
  return clamp({ ...view, width });
}

/**
 * A stretch made to fill the view, with a little air.
 * @param {View} view
 * @param {number} from
 * @param {number} to
 * @returns {View}
 */
export function show(view, from, to) {
  const frames = Math.max(1, to - from);
  const perPixel = (frames * 1.08) / view.width;
  return clamp({ ...view, perPixel, first: from - frames * 0.04 });
}

/**
 * The view that follows a playhead: a page on once it has left, and the same one otherwise.
 * @param {View} view
 * @param {number} frame
 * @returns {View}
 */
export function follow(view, frame) {
  const frames = span(view);
  if (frame >= view.first && frame < view.first + frames * 0.98) return view;
  return clamp({ ...view, first: frame - frames * 0.05 });
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];

/**
 * The ruler's ticks.
 * @param {View} view
 * @param {number} [room] least CSS pixels between two that have a label
 * @returns {{step: number, digits: number, ticks: {frame: number, pixel: number, label: boolean}[]}}
 *   `step`: seconds between labels, `digits`: how many a label needs after its point
 */
export function ticks(view, room = 84) {
  const least = (room * view.perPixel) / view.rate;
  let step = STEPS.find((candidate) => candidate >= least) ?? Math.ceil(least / 3600) * 3600;
  let digits = 0;
  let parts = step === 15 || step === 30 ? 3 : step % 60 === 0 && step > 60 ? 4 : 5;
  if (least < 0.5) {
    const power = Math.floor(Math.log10(least));
    const found = [1, 2, 5, 10].find((candidate) => candidate * 10 ** power >= least * (1 - 1e-9)) ?? 10;
    step = found * 10 ** power;
    digits = Math.max(0, found === 10 ? -power - 1 : -power);
    parts = found === 2 ? 4 : 5;
  }
  const minor = step / parts;
  const start = Math.floor(view.first / view.rate / minor);
  const end = Math.ceil(Math.min(view.total, view.first + span(view)) / view.rate / minor);
  const found = [];
  for (let index = Math.max(0, start); index <= end; index += 1) {
    const frame = index * minor * view.rate;
    if (frame <= view.total) found.push({ frame, pixel: toPixel(view, frame), label: index % parts === 0 });
  }
  return { step, digits, ticks: found };
}

/**
 * A dragged stretch as a loop: in order, inside the region, at least 20 ms.
 * @param {number} a frame
 * @param {number} b frame
 * @param {number} total
 * @param {number} rate
 * @returns {{from: number, to: number} | null} null where it is too short to mean one
 */
export function stretch(a, b, total, rate) {
  const from = Math.max(0, Math.min(a, b));
  const to = Math.min(total, Math.max(a, b));
  return to - from >= Math.max(2, Math.round(rate * 0.02)) ? { from, to } : null;
}
