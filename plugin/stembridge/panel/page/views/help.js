/**
 * The section Help: what is ready and what isn't, a report without secrets, and the keyboard.
 */

import { get, text } from "../parts/api.js";
import { busy, button, fill, h, icon, worded } from "../parts/dom.js";
import { capital } from "../model/format.js";
import { server } from "../parts/live.js";
import { complain, errorBox, onEnter, say, view } from "../parts/shell.js";
import { KEYS } from "./keys.js";

/** Makes the section; the machine is looked at when it is opened. */
export function help() {
  const doctor = h("section", { class: "card pad stack", "aria-label": "Is all well?", "data-testid": "doctor" });
  const report = h("textarea", { class: "mono report", readonly: true, rows: "10", "aria-label": "Report", "data-testid": "report", spellcheck: "false" });
  const copy = button("Copy", () => busy(copy, async () => {
    try {
      await navigator.clipboard.writeText(report.value);
      say("Copied.");
    } catch {
      report.focus();
      report.select();
      say("Press Ctrl+C or \u2318C to copy what is selected.");
    }
  }), { class: "button small", "data-testid": "report-copy" });
  const keys = h(
    "section",
    { class: "card pad stack", "aria-label": "Keys" },
    h("h2", {}, "Keys in Listen"),
    h("dl", { class: "keys" }, KEYS.map(([names, words]) => h("div", {}, h("dt", {}, names.split(" ").map((name) => (name === "\u2013" ? " \u2013 " : h("kbd", {}, name)))), h("dd", {}, words)))),
  );
  const about = h("p", { class: "small-text faint" });
  view("help").append(
    h(
      "div",
      { class: "help" },
      h("div", { class: "stack" }, doctor, h("section", { class: "card pad stack", "aria-label": "Report" }, h("div", { class: "head-row" }, h("h2", {}, "Report"), copy), h("p", { class: "soft" }, "For whoever helps you. It names no key, no link and no file of yours."), report)),
      h("div", { class: "stack" }, keys, about),
    ),
  );
  const load = async () => {
    about.textContent = server.version ? `Stembridge ${server.version}. The panel is served by this machine alone; nothing leaves it but what you send to be separated.` : "";
    fill(doctor, h("h2", {}, "Is all well?"), h("p", { class: "soft", "aria-busy": "true" }, "Looking\u2026"));
    text("report").then((found) => { report.value = found; }, complain);
    try {
      fill(doctor, h("h2", {}, "Is all well?"), h("ul", { class: "doctor" }, (await get("doctor")).rows.map(row)));
    } catch (error) {
      fill(doctor, h("h2", {}, "Is all well?"), errorBox(error, load));
    }
  };
  onEnter("help", load);
}

/** @param {any} found @returns {HTMLElement} */
function row(found) {
  const kind = found.ready ? "good" : found.needed ? "bad" : "warn";
  const words = found.ready ? "ready" : found.needed ? "needs you" : "not set up";
  return h(
    "li",
    { class: kind },
    icon(found.ready ? "check" : "warn"),
    h("div", {}, h("p", {}, h("strong", {}, capital(found.name)), h("span", { class: "sr" }, `: ${words}`)), h("p", { class: "soft" }, worded(found.text)), found.remedy && !found.ready ? h("p", { class: "remedy" }, worded(found.remedy)) : null),
  );
}
