/**
 * Where the stems go: into an audio program that is open, to the disk, or into an archive.
 */

import { get, path, post } from "../parts/api.js";
import { busy, button, fill, h, icon, worded } from "../parts/dom.js";
import { decibel, plural } from "../model/format.js";
import { LOWEST } from "../model/gains.js";
import { news } from "../parts/live.js";
import { complain, say } from "../parts/shell.js";

/**
 * @param {string} id of the job
 * @param {any[]} tracks
 * @param {import("../sound/mixer.js").Mixer} mixer whose levels are meant by "as set here"
 * @returns {HTMLElement}
 */
export function placing(id, tracks, mixer) {
  const stems = tracks.filter((track) => track.id !== "original");
  const chosen = new Set(stems.filter((track) => track.id !== "residual" && track.role !== "composite").map((track) => track.id));
  if (!chosen.size) for (const track of stems) chosen.add(track.id);
  let levels = false;

  const gain = (/** @type {string} */ stem) => (levels ? Math.max(LOWEST, mixer.strip(stem).level) : 0);
  const wanted = () => stems.filter((track) => chosen.has(track.id)).map((track) => ({ id: track.id, gain_db: gain(track.id) }));
  const query = () => {
    const rows = wanted();
    const gains = rows.filter((row) => row.gain_db !== 0).map((row) => `${row.id}:${row.gain_db}`);
    const fields = new URLSearchParams({ stems: rows.map((row) => row.id).join(",") });
    if (gains.length) fields.set("gains", gains.join(","));
    return fields.toString();
  };

  const count = h("span", { class: "soft small-text" });
  const zip = h("a", { class: "button", download: "", "data-testid": "download-zip" }, icon("download"), "ZIP");
  const rpp = h("a", { class: "button", download: "", "data-testid": "download-rpp", title: "A REAPER project with these stems, in a ZIP" }, icon("download"), "REAPER project");
  const hosts = h("div", { class: "row hosts" });
  /** @type {HTMLButtonElement[]} */
  let controls = [];

  const rows = stems.map((track) => {
    const swatch = h("i", { class: "dot" });
    swatch.style.background = track.colour;
    const box = h("input", {
      type: "checkbox", checked: chosen.has(track.id), "aria-label": `Take ${track.label}`,
      on: { change: (/** @type {Event} */ event) => { chosen[/** @type {HTMLInputElement} */ (event.target).checked ? "add" : "delete"](track.id); update(); } },
    });
    const level = h("span", { class: "mono faint small-text" });
    const link = h("a", { class: "icon-button small", download: "", "aria-label": `Save ${track.label} as a file`, title: "Save as a file" }, icon("download"));
    return { track, level, link, element: h("li", {}, h("label", { class: "check" }, box, swatch, track.label), level, link) };
  });

  const update = () => {
    for (const { track, level, link } of rows) {
      const own = gain(track.id);
      level.textContent = levels ? decibel(own <= LOWEST ? null : own, { sign: true }) : "";
      link.setAttribute("href", `api/jobs/${path(id)}/tracks/${path(track.id)}/file${own ? `?gain_db=${own}` : ""}`);
    }
    const some = chosen.size > 0;
    count.textContent = some ? plural(chosen.size, "track") : "Choose at least one";
    for (const [link, name] of /** @type {[HTMLElement, string][]} */ ([[zip, "zip"], [rpp, "rpp"]])) {
      link.toggleAttribute("aria-disabled", !some);
      if (some) link.setAttribute("href", `api/jobs/${path(id)}/${name}?${query()}`);
      else link.removeAttribute("href");
    }
    for (const control of controls) control.disabled = !some || control.dataset.ready !== "yes";
  };

  const destinations = async () => {
    try {
      const found = (await get("destinations")).destinations;
      controls = found.map((/** @type {any} */ row) => destination(row, id, wanted));
      const away = found.filter((/** @type {any} */ row) => !row.ready);
      fill(hosts, controls, away.map((/** @type {any} */ row) => h("p", { class: "small-text soft" }, worded(row.text))));
      update();
    } catch (error) {
      complain(error);
    }
  };

  const asSet = h("input", { type: "checkbox", on: { change: () => { levels = asSet.checked; update(); } } });
  const element = h(
    "section",
    { class: "card pad stack placing", "aria-label": "Place the stems" },
    h("div", { class: "head-row" }, h("h3", {}, "Place"), count),
    h("ul", { class: "take" }, rows.map((row) => row.element)),
    h("label", { class: "check" }, asSet, "At the levels set above"),
    hosts,
    h("div", { class: "row" }, zip, rpp),
  );
  const again = () => (element.isConnected ? destinations() : news.removeEventListener("place", again));
  news.addEventListener("place", again);
  mixer.addEventListener("change", () => levels && update());
  update();
  destinations();
  return element;
}

/**
 * @param {{id: string, title: string, ready: boolean, text: string}} row
 * @param {string} id of the job
 * @param {() => {id: string, gain_db: number}[]} wanted
 * @returns {HTMLButtonElement}
 */
function destination(row, id, wanted) {
  const control = button(
    row.title,
    () =>
      busy(control, async () => {
        try {
          say((await post(`jobs/${path(id)}/place`, { destination: row.id, stems: wanted() })).sentence);
        } catch (error) {
          complain(error);
        }
      }),
    { class: "button primary", "data-testid": `place-${row.id}`, "data-ready": row.ready ? "yes" : "no", title: row.text, disabled: !row.ready },
  );
  return control;
}
