/**
 * Numbers as a musician reads them. Pure: no DOM, no clock.
 */

/** A true minus sign, so that figures line up and read well. */
const MINUS = "\u2212";

/**
 * A place on the time axis.
 * @param {number} frame frames from the region's first
 * @param {number} rate frames a second
 * @param {number} [digits] digits after the second's point, cut and not rounded
 * @returns {string} `m:ss.ddd`, or `h:mm:ss.ddd` from one hour on
 */
export function clock(frame, rate, digits = 3) {
  const scale = 10 ** digits;
  const units = Math.floor((Math.max(0, frame) * scale) / rate + 1e-6);
  const seconds = Math.floor(units / scale);
  const part = digits ? `.${String(units % scale).padStart(digits, "0")}` : "";
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = String(seconds % 60).padStart(2, "0");
  if (hours) return `${hours}:${String(minutes).padStart(2, "0")}:${rest}${part}`;
  return `${minutes}:${rest}${part}`;
}

/**
 * Reads what `clock` writes, and plain seconds.
 * @param {string} text
 * @param {number} rate
 * @returns {number | null} the nearest frame, or null where it is no time
 */
export function readClock(text, rate) {
  const fields = text.trim().replace(",", ".").split(":");
  if (fields.length > 3 || !fields.every((field) => /^\d+(\.\d*)?$/.test(field))) return null;
  const seconds = fields.reduce((sum, field) => sum * 60 + Number(field), 0);
  return Math.floor(seconds * rate + 0.5);
}

/**
 * A span of time in words.
 * @param {number | null | undefined} seconds
 * @returns {string} such as `8 s`, `3 min 20 s`, `1 h 05 min`; empty where it isn't known
 */
export function duration(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return "";
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1).replace(/\.0$/, "")} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) {
    const rest = whole % 60;
    return `${Math.floor(whole / 60)} min${rest ? ` ${rest} s` : ""}`;
  }
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/**
 * A level or a gain.
 * @param {number | null | undefined} value dB; null is digital silence
 * @param {{digits?: number, sign?: boolean, unit?: string}} [how]
 * @returns {string}
 */
export function decibel(value, { digits = 1, sign = false, unit = "dB" } = {}) {
  if (value == null || value === -Infinity) return `${MINUS}\u221e ${unit}`;
  const text = Math.abs(value).toFixed(digits);
  const zero = Number(text) === 0;
  const mark = value < 0 && !zero ? MINUS : sign && !zero ? "+" : "";
  return `${mark}${text} ${unit}`;
}

/**
 * @param {number | null | undefined} count bytes
 * @returns {string}
 */
export function bytes(count) {
  if (count == null) return "";
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} GB`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} MB`;
  if (count >= 1e3) return `${Math.round(count / 1e3)} kB`;
  return `${count} bytes`;
}

/**
 * @param {number} count
 * @param {string} one the word for one
 * @param {string} [many] the word for several
 * @returns {string}
 */
export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/**
 * What something costs.
 * @param {{amount: number | null, unit: string} | null | undefined} cost
 * @returns {string} empty where nothing is said
 */
export function price(cost) {
  if (!cost) return "";
  const one = cost.unit.replace(/s$/, "");
  if (cost.amount == null) return "cost not known";
  if (cost.amount === 0) return "free";
  return plural(Math.round(cost.amount * 100) / 100, one, `${one}s`);
}

/**
 * @param {number} rate
 * @returns {string} such as `44.1 kHz`
 */
export function rateWords(rate) {
  return `${Number((rate / 1000).toFixed(3))} kHz`;
}

/**
 * @param {number} channels
 * @returns {string}
 */
export function channelWords(channels) {
  return channels === 1 ? "mono" : channels === 2 ? "stereo" : `${channels} channels`;
}

/**
 * How long ago something was.
 * @param {number} then Unix seconds
 * @param {number} now Unix seconds
 * @returns {string}
 */
export function ago(then, now) {
  const seconds = Math.max(0, now - then);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86400);
  return days === 1 ? "yesterday" : `${days} days ago`;
}

/**
 * A list in words.
 * @param {string[]} words
 * @returns {string} `a`, `a and b`, `a, b and c`
 */
export function listing(words) {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

/** @param {string} text @returns {string} with a capital first */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * A date as the user writes it.
 * @param {string | null | undefined} text ISO 8601
 * @returns {string} as it came where it is no such date
 */
export function dateWords(text) {
  const date = new Date(text ?? "");
  if (!text || Number.isNaN(date.getTime())) return text ?? "";
  return date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/**
 * A stem's id as a name, where nobody gave it a label.
 * @param {string} id
 * @returns {string}
 */
export function labelOf(id) {
  const words = id.replace(/[._-]+/g, " ").trim();
  return words ? capital(words) : id;
}
