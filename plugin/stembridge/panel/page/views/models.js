/**
 * The catalogue as a list that is searched, filtered and sorted.
 */

import { button, fill, h, icon, press } from "../parts/dom.js";
import { labelOf, plural } from "../model/format.js";
import { everyStem, figure, find, keyOf, priceWith, stemsOffered } from "../model/search.js";
import { counter, shop } from "./choose.js";

/**
 * @param {(model: import("../model/search.js").Model) => void} pick
 * @param {(key: string, on: boolean) => void} favour
 * @returns {HTMLElement}
 */
export function modelList(pick, favour) {
  /** @type {import("../model/search.js").Wish} */
  const wish = { text: "", stem: "", plan: "", group: "", engine: "", favourites: false, order: "match" };
  const list = h("ul", { class: "model-rows", "aria-label": "Models" });
  const count = h("span", { class: "soft small-text", "aria-live": "polite" });
  const search = h("input", {
    type: "search", placeholder: "Search: karaoke, drums, Roformer\u2026", "aria-label": "Search the models", "data-testid": "model-search",
    on: { input: () => { wish.text = search.value; draw(); } },
  });
  /** @param {string} label @param {keyof typeof wish} name @param {string[][]} options */
  const select = (label, name, options) => {
    const control = h("select", {
      "aria-label": label, "data-testid": `filter-${name}`,
      on: { change: () => { /** @type {any} */ (wish)[name] = control.value; draw(); } },
    }, options.map(([value, text]) => h("option", { value }, text)));
    return control;
  };
  const distinct = (/** @type {(model: any) => any} */ read) => [...new Set(shop.models.map(read))].filter(Boolean).map(String).sort();
  const engines = distinct((model) => model.engine);
  const groups = distinct((model) => model.group);
  const plans = distinct((model) => model.plan);
  const star = button([icon("star"), "Favourites"], () => {
    wish.favourites = !wish.favourites;
    press(star, wish.favourites);
    draw();
  }, { class: "button small star-filter", "aria-pressed": "false" });
  const known = (/** @type {(model: any) => any} */ read) => shop.models.some((model) => read(model) != null);
  const orders = [
    ["match", "Best match"], ["name", "By name"], ["quality", "By quality (SDR)"],
    ...(known((model) => model.usage) ? [["usage", "Most used"]] : []),
    ...(known((model) => model.rating) ? [["rating", "Best rated"]] : []),
    ...(known((model) => model.price) ? [["price", "Cheapest"]] : []),
  ];
  const filters = h(
    "div",
    { class: "row filters" },
    select("Stem", "stem", [["", "Any stem"], ...stemsOffered(shop.models).map((stem) => [stem, labelOf(stem)])]),
    groups.length > 1 ? select("Group", "group", [["", "Any group"], ...groups.map((group) => [group, group])]) : null,
    plans.length ? select("Plan", "plan", [["", "Any plan"], ["free", "Without premium"], ["premium", "Premium only"]]) : null,
    engines.length > 1 ? select("Engine", "engine", [["", "Any engine"], ...engines.map((engine) => [engine, engineName(engine)])]) : null,
    select("Order", "order", orders),
    star,
  );

  const draw = () => {
    const focused = document.activeElement instanceof HTMLElement && list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const found = find(shop.models, wish, shop.favourites);
    fill(list, found.map((model) => row(model, wish.stem, pick, favour)));
    if (!found.length) fill(list, h("li", { class: "empty" }, "No model fits. Take a filter away, or search for less."));
    count.textContent = plural(found.length, "model");
    mark();
    if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-key="${CSS.escape(focused)}"]`))?.focus();
  };
  const mark = () => {
    const keys = new Set(shop.choices.map((choice) => choice.key));
    for (const control of list.querySelectorAll(".model-row")) press(control, keys.has(control.getAttribute("data-key") ?? ""));
  };
  counter.addEventListener("stock", draw);
  counter.addEventListener("change", mark);
  draw();
  return h("div", { class: "stack tight" }, h("div", { class: "head-row" }, h("h2", {}, "Models"), count), search, filters, list);
}

/** @param {string} engine @returns {string} */
export const engineName = (engine) => ({ mvsep: "MVSEP", offline: "On this machine" })[engine] ?? engine;

/**
 * @param {import("../model/search.js").Model} model
 * @param {string} stem that is looked for
 * @param {(model: import("../model/search.js").Model) => void} pick
 * @param {(key: string, on: boolean) => void} favour
 * @returns {HTMLElement}
 */
function row(model, stem, pick, favour) {
  const key = keyOf(model);
  const loved = shop.favourites.has(key);
  const best = figure(model, stem);
  const cost = priceWith(model, {});
  const facts = [
    model.engine === "offline" ? h("span", { class: "chip good" }, "on this machine") : null,
    model.plan === "premium" ? h("span", { class: "chip warn" }, "premium") : null,
    model.active === false ? h("span", { class: "chip bad" }, "off at the moment") : null,
    best !== null ? h("span", { class: "chip", title: "Best signal-to-distortion ratio of its versions" }, `SDR ${best.toFixed(1)}`) : null,
    model.rating ? h("span", { class: "chip" }, `\u2605 ${model.rating.toFixed(1)}`) : null,
    model.engine === "mvsep" && cost !== null ? h("span", { class: "chip" }, cost ? `${plural(cost, "credit")} a minute` : "free") : null,
  ];
  const stems = everyStem(model);
  return h(
    "li",
    { class: "model" },
    button(
      [h("strong", { class: "model-name" }, model.name), h("span", { class: "soft small-text model-gives" }, stems.length ? stems.map(labelOf).join(", ") : model.summary), h("span", { class: "row model-facts" }, facts)],
      () => pick(model),
      { class: "model-row", "data-testid": "model-row", "data-key": key, "aria-pressed": "false" },
    ),
    button(icon("star"), () => favour(key, !loved), { class: `icon-button star${loved ? " on" : ""}`, "aria-pressed": String(loved), "aria-label": `Favourite: ${model.name}`, "data-key": `star ${key}` }),
  );
}
