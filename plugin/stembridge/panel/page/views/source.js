/**
 * What is to be separated: a file that was dropped or chosen, and the stretch of it that is wanted.
 *
 * @typedef {object} Source
 * @property {string} file the server's name for the upload
 * @property {string} name
 * @property {number} frames
 * @property {number} rate
 * @property {number} channels
 * @property {number} from first frame of the stretch
 * @property {number} to the frame behind its last
 */

import { post, upload } from "../parts/api.js";
import { button, fill, h, icon } from "../parts/dom.js";
import { bytes } from "../model/format.js";
import { server, takeIn } from "../parts/live.js";
import { complain, go, say } from "../parts/shell.js";

/** Tells `change` whenever the source or its stretch is another. */
export const changes = new EventTarget();

/** @type {{now: Source | null}} */
export const source = { now: null };

/** @param {Partial<Source> | null} change */
export function setSource(change) {
  source.now = change && /** @type {Source} */ ({ ...source.now, ...change });
  changes.dispatchEvent(new CustomEvent("change"));
}

/** @type {Set<HTMLElement>} */
const zones = new Set();
/** @type {AbortController | null} */
let sending = null;

/** @param {string} text @returns {string | null} a link in it; whether it leads to a result, the server knows */
export function linkIn(text) {
  const found = /https?:\/\/\S+/i.exec(text);
  return found ? found[0] : null;
}

/**
 * Takes in what was dropped, pasted or chosen.
 * @param {{files?: FileList | File[] | null, text?: string}} what
 */
export async function take({ files, text = "" }) {
  const file = files?.[0];
  if (file) await send(file);
  else if (linkIn(text)) await adopt(/** @type {string} */ (linkIn(text)));
  else if (text.trim()) say("That is neither an audio file nor a link to a result at mvsep.com.", { bad: true, hint: "Drop a file, or the link of a result page." });
}

/** @param {string} link */
async function adopt(link) {
  try {
    const { job } = await post("adopt", { link });
    takeIn([job]);
    go("now");
    say("The result is being fetched.");
  } catch (error) {
    complain(error);
  }
}

/** @param {File} file */
async function send(file) {
  if (server.upload_most && file.size > server.upload_most) {
    say(`The file is larger than ${bytes(server.upload_most)}.`, { bad: true, hint: "Use `stembridge separate` on the file itself." });
    return;
  }
  sending?.abort();
  const own = new AbortController();
  sending = own;
  show(file.name, 0, file.size);
  try {
    const found = await upload(file, (done, total) => sending === own && show(file.name, done, total), own.signal);
    setSource({ ...found, from: 0, to: found.frames });
    go("choose");
    say(`${found.name} is here: choose what to make of it.`);
  } catch (error) {
    complain(error);
  } finally {
    if (sending === own) {
      sending = null;
      for (const zone of zones) idle(zone);
    }
  }
}

/** @param {string} name @param {number} done @param {number} total */
function show(name, done, total) {
  const percent = total ? Math.floor((100 * done) / total) : 0;
  for (const zone of zones) {
    if (zone.dataset.sending !== name) {
      zone.dataset.sending = name;
      const cancel = button("Cancel", () => sending?.abort(), { class: "button plain small" });
      fill(
        zone,
        h("p", {}, h("strong", {}, name), h("span", { class: "soft", "data-part": "words" })),
        h("div", { class: "bar", role: "progressbar", "aria-label": `Reading in ${name}` }, h("i")),
        cancel,
      );
    }
    const bar = /** @type {HTMLElement} */ (zone.querySelector(".bar"));
    bar.setAttribute("aria-valuenow", String(percent));
    /** @type {HTMLElement} */ (bar.firstElementChild).style.width = `${percent}%`;
    const words = /** @type {HTMLElement} */ (zone.querySelector("[data-part=words]"));
    words.textContent = percent < 100 ? ` ${bytes(done)} of ${bytes(total)}` : " being looked at";
  }
}

/** @param {HTMLElement} zone */
function idle(zone) {
  delete zone.dataset.sending;
  fill(
    zone,
    icon("note"),
    h("p", {}, h("strong", {}, "Drop a song here"), h("span", { class: "soft" }, ", or a link to a result at mvsep.com")),
    button("Choose a file\u2026", () => picker().click(), { class: "button" }),
  );
}

/** @returns {HTMLElement} a place to drop things on, with what a keyboard needs instead */
export function dropZone() {
  const zone = h("div", { class: "drop", "data-testid": "drop", role: "group", "aria-label": "Audio to separate" });
  zones.add(zone);
  idle(zone);
  return zone;
}

/** @returns {HTMLInputElement} */
function picker() {
  let input = /** @type {HTMLInputElement | null} */ (document.getElementById("file-input"));
  if (input) return input;
  const accept = "audio/*,video/*,.flac,.ogg,.opus,.m4a,.aif,.aiff,.wv,.w64,.caf";
  input = h("input", { type: "file", id: "file-input", class: "sr", tabindex: "-1", accept, "aria-label": "Audio file", "data-testid": "file-input" });
  const made = /** @type {HTMLInputElement} */ (input);
  made.addEventListener("change", () => {
    take({ files: made.files });
    made.value = "";
  });
  document.body.append(made);
  return made;
}

/** Makes the whole page a place to drop on, and to paste links. */
export function dropAnywhere() {
  picker();
  const veil = /** @type {HTMLElement} */ (document.getElementById("veil"));
  const fits = (/** @type {DragEvent} */ event) =>
    [...(event.dataTransfer?.types ?? [])].some((type) => type === "Files" || type === "text/uri-list" || type === "text/plain");
  let depth = 0;
  document.addEventListener("dragenter", (event) => {
    if (!fits(event)) return;
    depth += 1;
    veil.hidden = false;
  });
  document.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  document.addEventListener("dragover", (event) => {
    if (fits(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    depth = 0;
    veil.hidden = true;
    if (!fits(event)) return;
    event.preventDefault();
    take({ files: event.dataTransfer?.files, text: event.dataTransfer?.getData("text/plain") || event.dataTransfer?.getData("text/uri-list") || "" });
  });
  document.addEventListener("paste", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("input, textarea")) return;
    const files = event.clipboardData?.files;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (files?.length || linkIn(text)) take({ files, text });
  });
}
