/**
 * What is ordered: choices of presets, chains and models, as the page holds them and as the server takes them.
 * Pure.
 *
 * @typedef {object} Choice
 * @property {"preset" | "chain" | "model"} kind
 * @property {string} key what tells it from others
 * @property {string} id of the preset or chain; the model's id
 * @property {string | null} engine null: the default
 * @property {string} title
 * @property {string} gives
 * @property {string[]} stems that it gives; empty: known only afterwards
 * @property {Record<string, string>} options that were changed
 * @property {string[]} keep the stems to keep; empty: all
 */

import { keyOf, stemsWith } from "./search.js";

/** @param {any} row of the presets @returns {Choice} */
export function ofPreset(row) {
  const stems = row.mvsep?.stems ?? row.order?.stems ?? [];
  return {
    kind: row.chain ? "chain" : "preset", key: `${row.chain ? "chain" : "preset"}:${row.id}`, id: row.id, engine: null,
    title: row.title || row.id, gives: row.gives ?? "", stems: row.chain ? [] : stems, options: {}, keep: [],
  };
}

/** @param {import("./search.js").Model} model @returns {Choice} */
export function ofModel(model) {
  return {
    kind: "model", key: keyOf(model), id: String(model.sep_type), engine: model.engine, title: model.name,
    gives: model.summary, stems: stemsWith(model, {}), options: {}, keep: [],
  };
}

/**
 * Another option of a model, and what it gives then.
 * @param {Choice} choice
 * @param {import("./search.js").Model} model
 * @param {string} name of the field
 * @param {string} value empty: the default
 * @returns {Choice}
 */
export function withOption(choice, model, name, value) {
  const options = { ...choice.options };
  const field = model.fields.find((one) => one.name === name);
  if (value === "" || value === field?.default) delete options[name];
  else options[name] = value;
  const stems = stemsWith(model, options);
  return { ...choice, options, stems, keep: choice.keep.filter((stem) => stems.includes(stem)) };
}

/**
 * @param {Choice} choice
 * @returns {Record<string, any>} its fields of an order
 */
export function fieldsOf(choice) {
  const engine = choice.engine ? { engine: choice.engine } : {};
  const keep = choice.keep.length ? { stems: choice.keep } : {};
  if (choice.kind !== "model") return { [choice.kind]: choice.id, ...engine, ...keep };
  const options = Object.keys(choice.options).length ? { options: choice.options } : {};
  return { ...engine, model: choice.id, ...options, ...keep };
}

/**
 * @param {Choice[]} choices one, or several to compare
 * @returns {Record<string, any>}
 */
export function wishOf(choices) {
  if (choices.length === 1) return fieldsOf(choices[0]);
  return { compare: choices.map(fieldsOf) };
}

/**
 * Takes in another choice: beside the others when they are being compared, else instead.
 * @param {Choice[]} choices
 * @param {Choice} choice
 * @param {boolean} adding
 * @param {number} most
 * @returns {Choice[]} as it was when there is no room
 */
export function withChoice(choices, choice, adding, most = 4) {
  if (!adding) return [choice];
  if (choices.some((one) => one.key === choice.key)) return choices;
  return choices.length < most ? [...choices, choice] : choices;
}

/**
 * Which options a preset of one's own keeps.
 * @param {Choice} choice a model
 * @param {{rest: boolean, residual: boolean, format: string}} more
 * @returns {Record<string, any>}
 */
export function presetOf(choice, { rest, residual, format }) {
  return { engine: choice.engine, model: choice.id, options: choice.options, stems: choice.keep, rest, residual, format };
}

