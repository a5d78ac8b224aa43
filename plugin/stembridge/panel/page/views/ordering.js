/**
 * The order: what is chosen with its options, what it costs, and the button that has it made.
 */

import { path, post, remove } from "../parts/api.js";
import { busy, button, fill, h, icon, keepingFocus, worded } from "../parts/dom.js";
import { capital, labelOf } from "../model/format.js";
import { takeIn } from "../parts/live.js";
import { presetOf, wishOf, withOption } from "../model/order.js";
import { complain, go, say } from "../parts/shell.js";
import { choose, counter, modelOf, restock, shop } from "./choose.js";
import { optionFields } from "./options.js";
import { changes, source } from "./source.js";

const FORMATS = [["wav32f", "WAV, 32-bit float"], ["wav24", "WAV, 24 bit"], ["wav16", "WAV, 16 bit"], ["flac24", "FLAC, 24 bit"], ["flac16", "FLAC, 16 bit"], ["mp3", "MP3"], ["m4a", "M4A"]];

/** @returns {HTMLElement} */
export function ordering() {
  const more = { rest: false, residual: false, format: "wav32f", said: false };
  /** @type {any} */
  let quoted = null;
  let turn = 0;
  let timer = 0;
  const chosen = h("div", { class: "stack" });
  const cost = h("p", { class: "cost", "data-testid": "cost", "aria-live": "polite" });
  const asked = h("div", {});
  const go_ = button("Separate", () => busy(go_, () => order(false)), { class: "button primary large", "data-testid": "separate", disabled: true });
  const format = h("select", { "aria-label": "Format", "data-testid": "format", on: { change: () => { more.format = format.value; more.said = true; } } }, FORMATS.map(([value, text]) => h("option", { value }, text)));
  const tick = (/** @type {"rest" | "residual"} */ name, /** @type {string} */ text, /** @type {string} */ title) => {
    const box = h("input", { type: "checkbox", "data-testid": name, on: { change: () => { more[name] = box.checked; } } });
    return h("label", { class: "check", title }, box, text);
  };
  const extras = h(
    "div",
    { class: "stack tight" },
    tick("rest", "Also the rest as one track", "The stretch without the stems that you keep"),
    tick("residual", "Also what no stem has", "The stretch minus all stems"),
    h("label", { class: "field" }, h("span", {}, "Files"), format),
  );
  const foot = h("div", { class: "stack tight order-foot" }, cost, asked, go_);
  const own = saving(more);
  const element = h("aside", { class: "ordering card pad stack", "aria-label": "Your order" }, chosen, extras, own, foot);

  /** @returns {Record<string, any>} */
  const wish = () => ({ ...wishOf(shop.choices), ...(more.rest ? { rest: true } : {}), ...(more.residual ? { residual: true } : {}) });
  const span = () => source.now && { file: source.now.file, first_frame: source.now.from, frames: source.now.to - source.now.from };

  const price = async () => {
    const own = (turn += 1);
    quoted = null;
    fill(asked);
    buttonWords();
    if (!shop.choices.length) cost.textContent = "Choose a preset or a model.";
    else if (!span()) cost.textContent = "Drop a song, and its cost stands here.";
    else {
      cost.textContent = "Asking for the cost\u2026";
      cost.setAttribute("aria-busy", "true");
      try {
        const found = await post("quote", { ...span(), ...wish() });
        if (own !== turn) return;
        quoted = found;
        fill(cost, found.words, found.limits?.length ? h("span", { class: "limits" }, ` ${found.limits.join(" ")}`) : null);
      } catch (error) {
        if (own === turn) fill(cost, h("strong", {}, /** @type {any} */ (error).message), " ", worded(/** @type {any} */ (error).hint));
      }
      if (own === turn) cost.removeAttribute("aria-busy");
    }
    buttonWords();
  };
  const priceSoon = () => {
    clearTimeout(timer);
    timer = window.setTimeout(price, 200);
  };

  const buttonWords = () => {
    const amount = quoted?.amount;
    const unit = amount === 1 ? String(quoted?.unit).replace(/s$/, "") : quoted?.unit;
    const what = shop.choices.length > 1 ? `Separate with ${shop.choices.length}` : "Separate";
    go_.textContent = amount ? `${what} for ${amount} ${unit}` : what;
    go_.disabled = !shop.choices.length || !source.now;
  };

  /** @param {boolean} agreed to a cost that wasn't known */
  const order = async (agreed) => {
    const paid = agreed || Boolean(quoted?.amount);
    const fields = { ...span(), ...wish(), ...(more.said ? { format: more.format } : {}), agree: paid || quoted?.amount === 0 };
    try {
      const { jobs } = await post("jobs", fields);
      takeIn(jobs);
      go("now");
      say(jobs.length > 1 ? `${jobs.length} separations have begun.` : "The separation has begun.");
      fill(asked);
    } catch (error) {
      if (/** @type {any} */ (error).code !== "needs_decision") complain(error);
      else ask(/** @type {any} */ (error));
    }
  };

  /** @param {{message: string, hint: string}} error */
  const ask = (error) => {
    const agree = button("Agree and separate", () => busy(agree, () => order(true)), { class: "button primary small", "data-testid": "answer-agree" });
    const no = button("Don't", () => fill(asked), { class: "button small" });
    fill(asked, h("div", { class: "notice warn", role: "alert", "data-testid": "question" }, icon("warn"), h("p", {}, h("strong", {}, error.message), " ", worded(error.hint)), h("div", { class: "row" }, agree, no)));
    agree.focus();
  };

  const draw = () => {
    const several = shop.choices.length > 1;
    fill(
      chosen,
      shop.choices.length ? shop.choices.map((choice, index) => card(choice, index, several)) : h("div", { class: "stack tight" }, h("h2", {}, "Your order"), h("p", { class: "soft" }, "A preset says by itself which model is best for it.")),
      shop.choices.length ? compareButton() : null,
    );
    extras.hidden = !shop.choices.length;
    own.hidden = several || shop.choices[0]?.kind !== "model";
    price();
  };
  counter.addEventListener("change", () => keepingFocus(chosen, draw));
  changes.addEventListener("change", priceSoon);
  draw();
  return element;

  /** @returns {HTMLElement} */
  function compareButton() {
    if (shop.adding) return h("p", { class: "notice" }, "Choose another model or preset to compare with.", button("Don't", () => choose(shop.choices), { class: "button small plain" }));
    return button("Compare with another\u2026", () => choose(shop.choices, true), { class: "button small plain compare-add", "data-testid": "compare-add", disabled: shop.choices.length >= 4 });
  }

  /**
   * @param {import("../model/order.js").Choice} choice
   * @param {number} index
   * @param {boolean} several
   * @returns {HTMLElement}
   */
  function card(choice, index, several) {
    const model = choice.kind === "model" ? modelOf(choice.key) : undefined;
    const change = (/** @type {import("../model/order.js").Choice} */ next) => choose(shop.choices.map((one, at) => (at === index ? next : one)), shop.adding);
    const own = shop.presets.find((row) => row.own && choice.kind !== "model" && row.id === choice.id);
    return h(
      "section",
      { class: "stack tight chosen", "aria-label": choice.title },
      h("div", { class: "head-row" }, h("h2", {}, choice.title), several ? button(icon("cross"), () => choose(shop.choices.filter((_, at) => at !== index)), { class: "icon-button small", "aria-label": `Leave ${choice.title} out` }) : null),
      h("p", { class: "soft" }, capital(choice.gives)),
      enginePart(choice, change),
      model ? optionFields(model, choice.options, (name, value) => change(withOption(choice, model, name, value))) : null,
      !several && choice.stems.length > 1 ? stemPart(choice, change) : null,
      own ? h("div", {}, button("Remove this preset", () => forget(own), { class: "button small plain" })) : null,
    );
  }

  /** @param {import("../model/order.js").Choice} choice @param {(next: import("../model/order.js").Choice) => void} change */
  function stemPart(choice, change) {
    const boxes = choice.stems.map((stem) => {
      const box = h("input", {
        type: "checkbox", checked: !choice.keep.length || choice.keep.includes(stem), "data-testid": `keep-${stem}`,
        on: {
          change: () => {
            const now = new Set(choice.keep.length ? choice.keep : choice.stems);
            now[box.checked ? "add" : "delete"](stem);
            const keep = choice.stems.filter((one) => now.has(one));
            if (!keep.length) box.checked = true;
            else change({ ...choice, keep: keep.length === choice.stems.length ? [] : keep });
          },
        },
      });
      return h("label", { class: "check" }, box, labelOf(stem));
    });
    return h("fieldset", { class: "keep" }, h("legend", {}, "Keep"), h("div", { class: "row" }, boxes));
  }

  /** @param {import("../model/order.js").Choice} choice @param {(next: import("../model/order.js").Choice) => void} change */
  function enginePart(choice, change) {
    const row = shop.presets.find((one) => choice.kind === "preset" && one.id === choice.id && !one.own);
    if (!row?.offline || !row.mvsep) return null;
    const select = h("select", { "aria-label": "By", on: { change: () => change({ ...choice, engine: select.value || null }) } }, [["", "The default engine"], ["mvsep", "MVSEP"], ["offline", "This machine"]].map(([value, text]) => h("option", { value }, text)));
    select.value = choice.engine ?? "";
    return h("label", { class: "field" }, h("span", {}, "By"), select);
  }
}

/**
 * The field that keeps a model with its options as a preset of the user's own.
 * @param {{rest: boolean, residual: boolean, format: string}} more what else is chosen
 * @returns {HTMLElement}
 */
function saving(more) {
  const name = h("input", {
    type: "text", placeholder: "Its name", "aria-label": "Name of the preset", maxlength: "40", autocomplete: "off", "data-testid": "preset-name",
    on: { keydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter") save.click(); } },
  });
  const save = button("Save", () => busy(save, async () => {
    try {
      await post("presets", { name: name.value, title: "", order: presetOf(shop.choices[0], more) });
      await restock();
      say(`Saved as the preset ${name.value}.`);
      name.value = "";
    } catch (error) {
      complain(error);
    }
  }), { class: "button small", "data-testid": "preset-save" });
  return h("details", { class: "saving" }, h("summary", {}, "Save as a preset"), h("div", { class: "row save-row" }, name, save));
}

/** @param {{id: string, title: string}} row */
async function forget(row) {
  try {
    await remove(`presets/${path(row.id)}`);
    choose([]);
    await restock();
    say("The preset is gone.");
  } catch (error) {
    complain(error);
  }
}
