/**
 * The section Listen: a finished job as a small mixer, or one stem of several jobs side by side.
 */

import { get, path } from "../parts/api.js";
import { button, fill, h, icon } from "../parts/dom.js";
import { channelWords, clock, rateWords } from "../model/format.js";
import { mutedAtFirst } from "../model/gains.js";
import { nullDepth, offsetWords } from "../model/outcome.js";
import { news, ordered } from "../parts/live.js";
import { complain, errorBox, go, onEnter, shown, view } from "../parts/shell.js";
import { Mixer } from "../sound/mixer.js";
import { beside } from "./beside.js";
import { listenKeys } from "./keys.js";
import { placing } from "./placing.js";
import { Timeline } from "./timeline.js";
import { transport } from "./transport.js";

/** @type {{id: string, mixer: Mixer, timeline: Timeline} | null} */
let open = null;
let wanted = "";
let turn = 0;

/** @returns {Mixer | null} the mixer that is shown */
export const mixer = () => open?.mixer ?? null;

/** Makes the section. */
export function listen() {
  onEnter("listen", () => {
    if (!open && !wanted) choice();
  });
  news.addEventListener("jobs", () => {
    if (!open && !wanted && shown() === "listen") choice();
  });
  listenKeys(() => open);
}

/** Lets go of what is open. */
function close() {
  turn += 1;
  open?.timeline.close();
  open?.mixer.close();
  open = null;
}

/** Shows what could be opened. */
function choice() {
  const ready = ordered().filter((job) => job.state === "ready" && job.region && job.kind !== "compare");
  fill(
    view("listen"),
    ready.length
      ? h(
          "div",
          { class: "stack" },
          h("h2", {}, "What do you want to hear?"),
          h(
            "ul",
            { class: "picks" },
            ready.slice(0, 40).map((job) =>
              h(
                "li",
                {},
                button(
                  [h("strong", {}, job.source || "Separation"), h("span", { class: "soft" }, [job.title, job.region ? clock(job.region.frames, job.region.rate, 0) : ""].filter(Boolean).join(" \u00b7 "))],
                  () => show(job.id),
                  { class: "pick card" },
                ),
              ),
            ),
          ),
        )
      : h("div", { class: "empty" }, h("h3", {}, "Nothing to hear yet"), h("p", {}, "A job that is done opens here as a small mixer: the original, its stems, and what is left over.")),
  );
}

/**
 * Opens a job.
 * @param {string} id empty: the list of what could be opened
 */
export async function show(id) {
  const same = open?.id === id && id;
  wanted = id;
  go("listen", { detail: id });
  if (same) return;
  close();
  if (!id) {
    choice();
    return;
  }
  const own = turn;
  const place = view("listen");
  fill(place, h("p", { class: "empty", "aria-busy": "true" }, "Opening\u2026"));
  try {
    const found = await get(`jobs/${path(id)}`);
    if (own === turn) build(id, found);
  } catch (error) {
    if (own !== turn) return;
    wanted = "";
    fill(place, errorBox(error, () => show(id)), back());
  }
}

/** @returns {HTMLElement} */
function back() {
  return button([icon("back"), "All jobs"], () => show(""), { class: "button plain small back" });
}

/**
 * @param {string} id
 * @param {any} found what the server says of the job
 */
function build(id, found) {
  const { job, tracks } = found;
  const place = view("listen");
  if (!tracks.length || !job?.region) {
    const said = (found.sentences ?? []).map((/** @type {string} */ text) => h("li", {}, text));
    const words = said.length ? h("ul", { class: "card pad sentences" }, said) : h("p", { class: "empty" }, "This job gave nothing that can be heard.");
    fill(place, back(), head(job), h("div", { class: "stack" }, texts(found), words));
    return;
  }
  const muted = mutedAtFirst(tracks);
  const mix = new Mixer(
    job.region,
    tracks.map((/** @type {any} */ track) => ({
      ...track, key: track.id, url: `jobs/${path(id)}/tracks/${path(track.id)}/audio`,
      reference: track.id === "original", mute: muted.has(track.id),
    })),
  );
  const lanes = tracks.map((/** @type {any} */ track) => ({
    ...track, key: track.id, hook: track.id, base: `jobs/${path(id)}/tracks/${path(track.id)}`, under: underOf(track),
  }));
  const timeline = new Timeline(mix, lanes);
  mix.addEventListener("trouble", (event) => complain(/** @type {CustomEvent} */ (event).detail));
  open = { id, mixer: mix, timeline };
  const several = found.same_region?.length
    ? beside({ id, title: job.title, region: job.region, tracks, others: found.same_region, swap: (next) => swap(id, next) })
    : null;
  fill(
    place,
    back(),
    head(job, found),
    transport(mix, timeline),
    timeline.element,
    h("div", { class: "below" }, placing(id, tracks, mix), h("div", { class: "stack" }, exactness(found), several, texts(found))),
  );
}

/**
 * Puts other tracks into the place of the job's own: one stem of several jobs.
 * @param {string} id
 * @param {{mixer: Mixer, timeline: Timeline} | null} next null: the job itself again
 */
function swap(id, next) {
  if (!next) {
    close();
    show(id);
    return;
  }
  const place = view("listen");
  open?.timeline.close();
  open?.mixer.close();
  open = { id, ...next };
  next.mixer.addEventListener("trouble", (event) => complain(/** @type {CustomEvent} */ (event).detail));
  place.querySelector(".transport")?.replaceWith(transport(next.mixer, next.timeline));
  place.querySelector(".timeline")?.replaceWith(next.timeline.element);
  place.querySelector(".below")?.classList.add("beside-now");
}

/** @param {any} track @returns {string} */
function underOf(track) {
  if (track.id === "original" || track.id === "residual") return "";
  return { composite: "sum of other stems", alternate: "another take", rest: "all but the chosen stems" }[/** @type {string} */ (track.role)] ?? "";
}

/** @param {any} job @param {any} [found] @returns {HTMLElement} */
function head(job, found) {
  const region = job?.region;
  const facts = region ? [clock(region.frames, region.rate, 1), rateWords(region.rate), channelWords(region.channels)] : [];
  const depth = found && nullDepth(found.residual_db, labels(found));
  const offset = found && region && offsetWords(found.offset, region.rate);
  const chip = (/** @type {any} */ one) => h("span", { class: `chip ${one.good ? "good" : ""}`, title: one.words }, one.good ? icon("check") : null, one.short);
  return h(
    "header",
    { class: "listen-head" },
    h("div", {}, h("h2", {}, job?.source || "Separation"), h("p", { class: "soft" }, [job?.title, ...facts].filter(Boolean).join(" \u00b7 "))),
    h("div", { class: "row" }, depth ? chip(depth) : null, offset && depth ? chip(offset) : null),
  );
}

/** @param {any} found @returns {string[]} labels of what was summed */
function labels(found) {
  return (found.summed ?? []).map((/** @type {string} */ id) => found.tracks.find((/** @type {any} */ track) => track.id === id)?.label ?? id);
}

/** @param {any} found @returns {HTMLElement | null} */
function exactness(found) {
  const depth = nullDepth(found.residual_db, labels(found));
  const offset = offsetWords(found.offset, found.job.region.rate);
  const level = (/** @type {any} */ one) => `${one.of ? one.of : "The whole"}: ${nullDepth(one.residual_db, one.summed ?? [])?.words ?? ""}`;
  return h(
    "section",
    { class: "card pad stack tight exactness", "aria-label": "How exact it is" },
    h("h3", {}, "How exact it is"),
    depth ? h("p", {}, depth.words) : null,
    h("p", {}, offset.words),
    Array.isArray(found.levels) ? found.levels.map((/** @type {any} */ one) => h("p", { class: "soft" }, level(one))) : null,
    found.sentences?.length
      ? h("details", {}, h("summary", {}, "The whole report"), h("ul", { class: "sentences" }, found.sentences.map((/** @type {string} */ text) => h("li", {}, text))))
      : null,
  );
}

/** @param {any} found @returns {HTMLElement | null} a transcript */
function texts(found) {
  const rows = found.labels ?? [];
  if (!rows.length) return null;
  const rate = found.job.region?.rate ?? 1;
  const line = (/** @type {[number, number, string]} */ [start, , text]) => {
    const time = h("span", { class: "mono faint" }, clock(start * rate, rate, 1));
    return h("li", {}, button([time, " ", text], () => open?.mixer.seek(start * rate).catch(complain), { class: "text-line" }));
  };
  return h("section", { class: "card pad stack tight", "aria-label": "Transcript" }, h("h3", {}, "Transcript"), h("ol", { class: "transcript" }, rows.map(line)));
}

