/**
 * Several separations of one region: one stem of each, side by side, equally loud, and a blind test of two.
 */

import { get, path } from "../parts/api.js";
import { busy, button, fill, h } from "../parts/dom.js";
import { complain, say } from "../parts/shell.js";
import { Mixer } from "../sound/mixer.js";
import { blindTest } from "./blind.js";
import { Timeline } from "./timeline.js";

const MOST = 4; // Jobs side by side.
const COLOURS = ["#e4572e", "#2e86ab", "#f3a712", "#8a63c0"];

/**
 * @param {object} what
 * @param {string} what.id of the job that is open
 * @param {string} what.title
 * @param {{frames: number, rate: number, channels: number}} what.region
 * @param {any[]} what.tracks
 * @param {{id: string, title: string}[]} what.others
 * @param {(next: {mixer: Mixer, timeline: Timeline} | null) => void} what.swap
 * @returns {HTMLElement}
 */
export function beside({ id, title, region, tracks, others, swap }) {
  const chosen = new Set([others[0].id]);
  const stems = tracks.filter((track) => track.id !== "original" && track.id !== "residual");
  const stem = h("select", { "aria-label": "Stem", "data-testid": "beside-stem" }, stems.map((track) => h("option", { value: track.id }, track.label)));
  const boxes = others.map((other, index) => {
    const box = h("input", { type: "checkbox", checked: index === 0, on: { change: () => { chosen[box.checked ? "add" : "delete"](other.id); } } });
    return h("li", {}, h("label", { class: "check" }, box, other.title || other.id));
  });
  const place = h("div", { class: "stack tight" });
  const start = button("Side by side", () => busy(start, begin), { class: "button", "data-testid": "beside" });
  const head = h("h3", {}, "Other separations of this stretch");
  const choice = h("div", { class: "stack tight" }, h("ul", { class: "stack tight" }, boxes), h("div", { class: "row" }, stem, start));
  const section = h("section", { class: "card pad stack tight", "aria-label": "Other separations of this stretch" }, head, choice, place);

  /** Loads the others, and puts one stem of each into a mixer of their own. */
  async function begin() {
    if (!chosen.size || chosen.size >= MOST) {
      say(`Choose one to ${MOST - 1} of them.`, { bad: true });
      return;
    }
    try {
      const wanted = stem.value;
      const jobs = [{ id, title, tracks }];
      for (const other of others.filter((one) => chosen.has(one.id))) {
        const found = await get(`jobs/${path(other.id)}`);
        jobs.push({ id: other.id, title: other.title || other.id, tracks: found.tracks });
      }
      const having = jobs.filter((job) => job.tracks.some((track) => track.id === wanted));
      if (having.length < 2) {
        say("The others have no such stem.", { bad: true, hint: "Choose another stem." });
        return;
      }
      lay(having, wanted);
    } catch (error) {
      complain(error);
    }
  }

  /** @param {{id: string, title: string, tracks: any[]}[]} jobs @param {string} wanted */
  function lay(jobs, wanted) {
    const original = tracks.find((track) => track.id === "original");
    const rows = original ? [{ job: id, track: original, title: "", colour: original.colour }] : [];
    jobs.forEach((job, index) => {
      const track = job.tracks.find((one) => one.id === wanted);
      rows.push({ job: job.id, track, title: job.title, colour: COLOURS[index] });
    });
    const base = (/** @type {any} */ row) => `jobs/${path(row.job)}/tracks/${path(row.track.id)}`;
    const key = (/** @type {any} */ row) => `${row.job}/${row.track.id}`;
    const first = rows.find((row) => row.title);
    const mixer = new Mixer(
      region,
      rows.map((row) => ({ ...row.track, key: key(row), id: key(row), url: `${base(row)}/audio`, reference: !row.title, mute: row !== first })),
    );
    mixer.exclusive = true;
    const timeline = new Timeline(
      mixer,
      rows.map((row) => ({ ...row.track, key: key(row), hook: row.title ? `${row.job}-${row.track.id}` : "original", base: base(row), colour: row.colour, label: row.title || row.track.label, under: row.title ? row.track.label : "" })),
    );
    swap({ mixer, timeline });
    mixer.matchTracks().catch(complain);
    head.textContent = "Side by side";
    choice.hidden = true;
    const all = jobs.map((job) => job.id);
    const likeness = h("div", { class: "stack tight" });
    fill(
      place,
      h("p", { class: "soft" }, "One is heard at a time, all equally loud: press S on a track, or its number."),
      blindTest(mixer, timeline, jobs.map((job) => ({ key: `${job.id}/${wanted}`, title: job.title }))),
      likeness,
      h("div", {}, button("Back to the mixer", () => swap(null), { class: "button small" })),
    );
    agreement(all, likeness);
  }
  return section;
}

/**
 * Shows how far the separations agree.
 * @param {string[]} ids
 * @param {HTMLElement} place
 */
async function agreement(ids, place) {
  const query = `jobs=${ids.map(encodeURIComponent).join(",")}`;
  fill(place, h("p", { class: "soft", "aria-busy": "true" }, "Comparing\u2026"));
  try {
    const found = await get(`compare?${query}`);
    const picture = h("img", { class: "likeness", src: `api/compare/picture?${query}`, alt: "How far the separations agree, by stem and over time" });
    fill(place, (found.sentences ?? []).map((/** @type {string} */ text) => h("p", { class: "small-text" }, text)), h("details", {}, h("summary", {}, "Picture"), picture));
  } catch (error) {
    fill(place, h("p", { class: "small-text soft" }, /** @type {any} */ (error).message));
  }
}
