/**
 * A model's options as fields, the defaults said.
 */

import { h } from "../parts/dom.js";

/**
 * @param {import("../model/search.js").Model} model
 * @param {Record<string, string>} options that were changed
 * @param {(name: string, value: string) => void} change
 * @returns {HTMLElement[]}
 */
export function optionFields(model, options, change) {
  return model.fields.map((field) => {
    const value = options[field.name] ?? field.default ?? "";
    const label = h("span", {}, field.text || field.name);
    if (field.kind === "select") {
      const select = h(
        "select",
        { "data-testid": `option-${field.name}`, on: { change: () => change(field.name, select.value) } },
        field.options.map(([key, text]) => h("option", { value: key }, key === field.default ? `${text} (default)` : text)),
      );
      select.value = String(value);
      return h("label", { class: "field" }, label, select);
    }
    const input = h("input", {
      type: "text", value, autocomplete: "off", "data-testid": `option-${field.name}`,
      on: { change: () => change(field.name, input.value) },
    });
    return h("label", { class: "field" }, label, input);
  });
}
