/**
 * What frames the sections: tabs, the theme, and the line that tells of what happened.
 */

import { fill, h, icon, worded } from "./dom.js";

const NAMES = ["now", "listen", "choose", "account", "help"];

/** @type {Map<string, () => void>} */
const entered = new Map();
/** @type {Map<string, string>} what of a section was looked at last */
const details = new Map();
let current = "";

/** @param {string} id @returns {HTMLElement} */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} name a section @returns {HTMLElement} its place on the page */
export const view = (name) => byId(`view-${name}`);

/** @returns {string} the section that is shown */
export const shown = () => current;

/** @param {string} name @param {() => void} act called each time the section is shown */
export function onEnter(name, act) {
  entered.set(name, act);
}

/**
 * Shows a section.
 * @param {string} name
 * @param {{focus?: boolean, record?: boolean, detail?: string}} [how] `detail`: what of it, as in `#listen/id`;
 *   left out: as the last time
 */
export function go(name, { focus = false, record = true, detail } = {}) {
  const wanted = NAMES.includes(name) ? name : "now";
  details.set(wanted, detail ?? details.get(wanted) ?? "");
  for (const other of NAMES) {
    const tab = byId(`tab-${other}`);
    tab.setAttribute("aria-selected", String(other === wanted));
    tab.tabIndex = other === wanted ? 0 : -1;
    view(other).hidden = other !== wanted;
  }
  current = wanted;
  if (focus) byId(`tab-${wanted}`).focus();
  const part = details.get(wanted);
  const hash = part ? `#${wanted}/${encodeURIComponent(part)}` : `#${wanted}`;
  if (record && location.hash !== hash) history.pushState(null, "", hash);
  entered.get(wanted)?.();
}

/** @returns {{name: string, detail: string}} what the address asks for */
export function asked() {
  const [name, detail = ""] = location.hash.slice(1).split("/");
  return { name: NAMES.includes(name) ? name : "now", detail: decodeURIComponent(detail) };
}

/** Makes the tabs work: a click, arrows, Home and End. */
export function tabs() {
  const list = /** @type {HTMLElement} */ (document.querySelector("[role=tablist]"));
  list.addEventListener("click", (event) => {
    const tab = /** @type {HTMLElement} */ (event.target).closest("[role=tab]");
    if (tab) go(tab.id.slice(4));
  });
  list.addEventListener("keydown", (event) => {
    const at = NAMES.indexOf(current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: NAMES.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    go(NAMES[(to + NAMES.length) % NAMES.length], { focus: true });
  });
}

let fading = 0;

/**
 * Tells of something, in a line that a screen reader speaks.
 * @param {string} text
 * @param {{hint?: string, bad?: boolean, act?: {label: string, run: () => void}}} [how] `act`: what to do next
 */
export function say(text, { hint = "", bad = false, act } = {}) {
  const line = byId("status");
  clearTimeout(fading);
  line.classList.toggle("bad", bad);
  fill(
    line,
    icon(bad ? "warn" : "check"),
    h("p", {}, h("strong", {}, worded(text)), hint ? " " : null, hint ? h("span", { class: "hint" }, worded(hint)) : null),
    act ? h("button", { type: "button", class: "button small", on: { click: () => { quiet(); act.run(); } } }, act.label) : null,
    h("button", { type: "button", class: "icon-button small", "aria-label": "Dismiss", on: { click: () => quiet() } }, icon("cross")),
  );
  line.classList.add("on");
  fading = window.setTimeout(quiet, bad || act ? 15000 : 6000);
}

/** Takes the line away. */
export function quiet() {
  byId("status").classList.remove("on");
}

/**
 * Tells of an error in its own sentence, with its hint.
 * @param {any} error
 */
export function complain(error) {
  if (error?.name === "AbortError") return;
  const known = error?.hint !== undefined;
  if (!known) console.error(error);
  const message = known ? error.message : "Something in the page went wrong.";
  say(message, { hint: known ? error.hint : "Reload the page; Help has a report for whoever mends it.", bad: true });
}

/**
 * An error as a box in a section, where the section itself can't be shown.
 * @param {any} error
 * @param {() => void} [again] what "Try again" does
 * @returns {HTMLElement}
 */
export function errorBox(error, again) {
  const known = error?.hint !== undefined;
  if (!known) console.error(error);
  return h(
    "div",
    { class: "notice bad", role: "alert" },
    icon("warn"),
    h("p", {}, h("strong", {}, known ? error.message : "Something in the page went wrong."), " ", known ? worded(error.hint) : "Reload the page."),
    again ? h("button", { type: "button", class: "button", on: { click: again } }, "Try again") : null,
  );
}

const THEMES = /** @type {const} */ (["system", "dark", "light"]);
const ICONS = /** @type {const} */ ({ system: "system", dark: "moon", light: "sun" });

/** Makes the switch between the system's own, dark and light work; the choice is kept in this browser. */
export function theme() {
  const control = byId("theme");
  let now = THEMES.find((name) => name === read("theme")) ?? "system";
  const apply = () => {
    if (now === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = now;
    fill(control, icon(ICONS[now]));
    const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
    control.setAttribute("aria-label", `Colours: ${now}. Change to ${next}`);
    control.title = `Colours: ${now}`;
    window.dispatchEvent(new CustomEvent("themechange"));
  };
  control.addEventListener("click", () => {
    now = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
    keep("theme", now);
    apply();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
}

/** @returns {boolean} whether the page is dark now */
export function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** @param {string} name @returns {string | null} what this browser kept */
export function read(name) {
  try {
    return localStorage.getItem(`stembridge.${name}`);
  } catch {
    return null; // A browser may refuse to keep anything.
  }
}

/** @param {string} name @param {string} value */
export function keep(name, value) {
  try {
    localStorage.setItem(`stembridge.${name}`, value);
  } catch {
    // It is then forgotten with the page.
  }
}

/** @param {string} text shown beside the theme's switch while the server is away; empty: it is there */
export function linkState(text) {
  const place = byId("link-state");
  place.hidden = !text;
  place.textContent = text;
}
