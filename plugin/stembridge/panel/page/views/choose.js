/**
 * The section Choose: what to separate, by what, and what it costs.
 */

import { get, post } from "../parts/api.js";
import { capital } from "../model/format.js";
import { button, fill, h, keepingFocus, press } from "../parts/dom.js";
import { server } from "../parts/live.js";
import { ofModel, ofPreset, withChoice } from "../model/order.js";
import { keyOf } from "../model/search.js";
import { complain, errorBox, onEnter, say, view } from "../parts/shell.js";
import { modelList } from "./models.js";
import { ordering } from "./ordering.js";
import { stretch } from "./stretch.js";

/** What is chosen, and what there is to choose from. */
export const shop = {
  /** @type {import("../model/search.js").Model[]} */ models: [],
  /** @type {any[]} */ presets: [],
  /** @type {Set<string>} */ favourites: new Set(),
  /** @type {import("../model/order.js").Choice[]} */ choices: [],
  /** True while another model is being added, to compare. */
  adding: false,
};

/** Tells `change` whenever the choices are others, and `stock` when there is something else to choose from. */
export const counter = new EventTarget();

/** @param {import("../model/order.js").Choice[]} choices @param {boolean} [adding] */
export function choose(choices, adding = false) {
  shop.choices = choices;
  shop.adding = adding;
  counter.dispatchEvent(new CustomEvent("change"));
}

/** @param {import("../model/order.js").Choice} choice */
function pick(choice) {
  const before = shop.choices;
  choose(withChoice(before, choice, shop.adding), false);
  if (window.innerWidth < 900) document.querySelector(".ordering")?.scrollIntoView({ block: "nearest" });
}

/** @param {string} key @param {boolean} on */
export async function favour(key, on) {
  try {
    const { models } = await post("favourites", { model: key, on });
    shop.favourites = new Set(models);
    counter.dispatchEvent(new CustomEvent("stock"));
    say(on ? "A favourite now." : "No favourite any more.");
  } catch (error) {
    complain(error);
  }
}

/** Reads the presets again, after one was saved or removed. */
export async function restock() {
  shop.presets = (await get("presets")).presets;
  counter.dispatchEvent(new CustomEvent("stock"));
}

let loaded = false;

/** Makes the section; its lists are fetched when it is first opened. */
export function chooseView() {
  const place = view("choose");
  const presets = h("section", { class: "stack tight", "aria-label": "Presets" });
  const models = h("section", { class: "stack tight models-part", "aria-label": "Models" });
  const order = ordering();
  place.append(h("div", { class: "choose" }, h("div", { class: "choose-source" }, stretch()), presets, order, models));
  const load = async () => {
    if (loaded) return;
    loaded = true;
    fill(presets, h("p", { class: "soft", "aria-busy": "true" }, "Reading the catalogue\u2026"));
    try {
      const [catalogue, rows, favourites] = await Promise.all([get("catalogue"), get("presets"), get("favourites")]);
      shop.models = catalogue.models;
      shop.presets = rows.presets;
      shop.favourites = new Set(favourites.models);
      fill(presets, presetPart());
      fill(models, modelList((model) => pick(ofModel(model)), favour));
      counter.dispatchEvent(new CustomEvent("stock"));
    } catch (error) {
      loaded = false;
      fill(presets, errorBox(error, load));
    }
  };
  onEnter("choose", load);
}

/** @returns {HTMLElement} */
function presetPart() {
  const list = h("div", { class: "stack tight" });
  const draw = () => {
    const near = shop.presets.filter((row) => !away(row));
    const far = shop.presets.filter(away);
    const rows = (/** @type {any[]} */ some) => h("ul", { class: "presets" }, some.map(presetCard));
    keepingFocus(list, () => fill(list, rows(near), far.length ? [h("p", { class: "soft away-head" }, "With an MVSEP key, which goes into ", h("a", { href: "#account" }, "Account"), ":"), rows(far)] : null));
    mark();
  };
  const mark = () => {
    const keys = new Set(shop.choices.map((choice) => choice.key));
    for (const control of list.querySelectorAll("[data-key]")) press(control, keys.has(control.getAttribute("data-key") ?? ""));
  };
  counter.addEventListener("stock", draw);
  counter.addEventListener("change", mark);
  draw();
  return h("div", { class: "stack tight" }, h("h2", {}, "Presets"), list);
}

/** @param {any} row @returns {boolean} whether it takes an account that isn't there */
const away = (row) => server.default_engine === "offline" && !row.offline && (!row.own || row.order?.engine === "mvsep");

/** @param {any} row @returns {HTMLElement} */
function presetCard(row) {
  const choice = ofPreset(row);
  const kind = row.chain ? "chain" : row.own ? "yours" : "";
  return h(
    "li",
    {},
    button(
      [
        h("span", { class: "preset-title" }, h("strong", {}, choice.title), kind ? h("span", { class: "chip" }, kind) : null),
        h("span", { class: "soft small-text" }, capital(choice.gives)),
      ],
      () => pick(choice),
      { class: `preset card${away(row) ? " away" : ""}`, "data-testid": `preset-${row.id}`, "data-key": choice.key, "aria-pressed": "false" },
    ),
  );
}

/** @param {string} key @returns {import("../model/search.js").Model | undefined} */
export const modelOf = (key) => shop.models.find((model) => keyOf(model) === key);
