/**
 * The catalogue: search, filters, order, and what a model says of itself. Pure.
 *
 * @typedef {object} Model a row of the catalogue
 * @property {number | string} sep_type
 * @property {string} name
 * @property {string} engine
 * @property {string[]} stems
 * @property {string} summary
 * @property {string} kind
 * @property {boolean} upload
 * @property {{name: string, text: string, kind: string, options: string[][], default: string | null}[]} fields
 * @property {string} [group]
 * @property {string | null} [plan]
 * @property {number | null} [price] credits a minute
 * @property {boolean} [active]
 * @property {number | null} [usage]
 * @property {number | null} [rating]
 * @property {number | null} [votes]
 * @property {Record<string, Record<string, Record<string, number>>>} [figures]
 * @property {Record<string, Record<string, number>>} [multipliers]
 * @property {{options: Record<string, string>, stems: string[]}[]} [promises]
 */

/** @param {Model} model @returns {string} what favourites and orders call it */
export const keyOf = (model) => `${model.engine}:${model.sep_type}`;

/** @param {string} text @returns {string} without case and accents */
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * The stems that a model gives with some choice of options.
 * @param {Model} model
 * @returns {string[]} each once
 */
export function everyStem(model) {
  return [...new Set([...model.stems, ...(model.promises ?? []).flatMap((promise) => promise.stems)])];
}

/**
 * The stems with these options.
 * @param {Model} model
 * @param {Record<string, string>} options those that differ from the defaults may be enough
 * @returns {string[]}
 */
export function stemsWith(model, options) {
  const chosen = { ...defaultsOf(model), ...options };
  const found = (model.promises ?? []).find((promise) =>
    Object.entries(promise.options).every(([name, value]) => chosen[name] === value),
  );
  return found ? found.stems : model.stems;
}

/** @param {Model} model @returns {Record<string, string>} */
export function defaultsOf(model) {
  const found = model.fields.filter((field) => field.default != null);
  return Object.fromEntries(found.map((field) => [field.name, String(field.default)]));
}

/**
 * The best quality figure (SDR in dB) with a choice of options, for a stem or over all that are given.
 * @param {Model} model
 * @param {string} [stem]
 * @param {Record<string, string>} [options] only these; left out: the best of all
 * @returns {number | null}
 */
export function figure(model, stem = "", options = undefined) {
  let best = null;
  for (const [field, byOption] of Object.entries(model.figures ?? {})) {
    for (const [option, figures] of Object.entries(byOption)) {
      if (options && options[field] !== option) continue;
      for (const [name, value] of Object.entries(figures)) {
        if (name === "fullness" || (stem && name !== stem && name !== "")) continue;
        if (best === null || value > best) best = value;
      }
    }
  }
  return best;
}

/**
 * Credits a minute with a choice of options.
 * @param {Model} model
 * @param {Record<string, string>} options
 * @returns {number | null} null where it isn't known
 */
export function priceWith(model, options) {
  if (model.engine !== "mvsep") return 0;
  if (model.price == null) return null;
  const chosen = { ...defaultsOf(model), ...options };
  let factor = 1;
  for (const [field, rules] of Object.entries(model.multipliers ?? {})) factor *= rules[chosen[field]] ?? 1;
  return model.price * factor;
}

/**
 * How well a model answers words: all of them have to be found.
 * @param {Model} model
 * @param {string} text
 * @returns {number} 0: not at all
 */
export function score(model, text) {
  const words = folded(text).split(/\s+/).filter(Boolean);
  if (!words.length) return 1;
  const name = folded(model.name);
  const stems = everyStem(model).map(folded);
  const options = model.fields.flatMap((field) => field.options.map((option) => option[1]));
  const rest = folded([model.summary, model.group ?? "", ...options].join(" "));
  let sum = 0;
  for (const word of words) {
    if (String(model.sep_type) === word) sum += 12;
    else if (name.startsWith(word)) sum += 8;
    else if (name.includes(word)) sum += 6;
    else if (stems.some((stem) => stem.startsWith(word))) sum += 4;
    else if (rest.includes(word)) sum += 1;
    else return 0;
  }
  return sum;
}

/**
 * @typedef {object} Wish
 * @property {string} text
 * @property {string} stem a stem's id, or empty
 * @property {string} plan "", "free" or "premium"
 * @property {string} group
 * @property {string} engine
 * @property {boolean} favourites
 * @property {"match" | "name" | "quality" | "usage" | "rating" | "price"} order
 */

/**
 * The models that answer a wish, best first.
 * @param {Model[]} models
 * @param {Wish} wish
 * @param {Set<string>} favourites keys
 * @returns {Model[]}
 */
export function find(models, wish, favourites) {
  const found = [];
  for (const model of models) {
    const points = score(model, wish.text);
    if (!points) continue;
    if (wish.stem && !everyStem(model).includes(wish.stem)) continue;
    if (wish.group && model.group !== wish.group) continue;
    if (wish.engine && model.engine !== wish.engine) continue;
    if (wish.favourites && !favourites.has(keyOf(model))) continue;
    if (wish.plan === "free" && model.plan === "premium") continue;
    if (wish.plan === "premium" && model.plan !== "premium") continue;
    found.push({ model, points });
  }
  const last = Number.NEGATIVE_INFINITY;
  const loved = (/** @type {Model} */ model) => Number(favourites.has(keyOf(model)));
  /** @type {Record<string, (a: {model: Model, points: number}, b: {model: Model, points: number}) => number>} */
  const by = {
    match: (a, b) => b.points - a.points || loved(b.model) - loved(a.model),
    name: (a, b) => a.model.name.localeCompare(b.model.name),
    quality: (a, b) => (figure(b.model, wish.stem) ?? last) - (figure(a.model, wish.stem) ?? last),
    usage: (a, b) => (b.model.usage ?? last) - (a.model.usage ?? last),
    rating: (a, b) => (b.model.rating ?? last) - (a.model.rating ?? last),
    price: (a, b) => (priceWith(a.model, {}) ?? 1e9) - (priceWith(b.model, {}) ?? 1e9),
  };
  return found.sort(by[wish.order] ?? by.match).map((row) => row.model);
}

/**
 * The stems that filters offer, the most common first.
 * @param {Model[]} models
 * @returns {string[]}
 */
export function stemsOffered(models) {
  const counts = new Map();
  for (const model of models) {
    for (const stem of everyStem(model)) counts.set(stem, (counts.get(stem) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([stem]) => stem);
}
