/**
 * The section Account: key, plan, credits, what was separated before, and the service's news.
 */

import { get, path, post, remove } from "../parts/api.js";
import { busy, button, fill, h, icon, worded } from "../parts/dom.js";
import { dateWords, plural } from "../model/format.js";
import { takeIn } from "../parts/live.js";
import { complain, errorBox, go, onEnter, say, view } from "../parts/shell.js";

/** Makes the section; everything is asked for when it is opened. */
export function account() {
  const keyPart = h("section", { class: "card pad stack", "aria-label": "Key and plan" });
  const history = h("section", { class: "card pad stack", "aria-label": "History" });
  const news = h("section", { class: "card pad stack", "aria-label": "News" });
  view("account").append(h("div", { class: "account" }, h("div", { class: "stack" }, keyPart, news), history));

  const key = async () => {
    fill(keyPart, h("p", { class: "soft", "aria-busy": "true" }, "Asking MVSEP\u2026"));
    try {
      const facts = await get("account");
      fill(keyPart, described(facts, load));
      if (facts.has_key) past(history);
      else fill(history, h("h2", {}, "History"), h("p", { class: "soft" }, "With a key, what you had separated before stands here, to be brought back for 72 hours."));
    } catch (error) {
      fill(keyPart, errorBox(error, key));
    }
  };
  const load = () => {
    key();
    latest(news);
  };
  onEnter("account", load);
}

/**
 * @param {any} facts
 * @param {() => void} again
 * @returns {HTMLElement[]}
 */
function described(facts, again) {
  const input = h("input", {
    type: "password", autocomplete: "off", spellcheck: "false", "aria-label": "API key", placeholder: "Paste the key of your account page", "data-testid": "key-input",
    on: { keydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter") save.click(); } },
  });
  const save = button("Save the key", () => busy(save, async () => {
    try {
      const { name, sentence } = await post("key", { key: input.value.trim() });
      say(sentence || "The key is stored.", { hint: name ? `It is ${name}'s.` : "" });
      again();
    } catch (error) {
      complain(error);
    } finally {
      input.value = "";
    }
  }), { class: "button primary", "data-testid": "key-save" });
  const forget = button("Forget the key", () => busy(forget, async () => {
    try {
      await remove("key");
      say("The key is gone from this machine.");
      again();
    } catch (error) {
      complain(error);
    }
  }), { class: "button small plain", "data-testid": "key-forget" });
  const head = h("h2", {}, facts.has_key ? (facts.name || "Your MVSEP account") : "MVSEP");
  const rows = [
    ["Plan", facts.plan],
    ["Credits", facts.credits == null ? null : `${facts.credits}${facts.may_spend === false ? ", not to be spent" : ""}`],
    ["Attempts left", facts.attempts_left == null ? null : `${facts.attempts_left}${facts.attempts_a_day != null ? ` of ${facts.attempts_a_day}` : ""}`],
    ["At a time", facts.jobs_at_a_time == null ? null : plural(facts.jobs_at_a_time, "job")],
    ["Service", facts.service],
    ["Key", facts.key_source],
  ].filter(([, value]) => value != null && value !== "");
  const error = facts.error ? h("div", { class: "notice bad", role: "alert" }, icon("warn"), h("p", {}, h("strong", {}, facts.error.message ?? String(facts.error)), " ", worded(facts.error.hint))) : null;
  const entry = h("div", { class: "row key-row" }, input, save);
  if (!facts.has_key) {
    return [head, h("p", { class: "soft" }, "With the API key of your account, its models are here. The embedded engine needs none."), error, entry].filter(Boolean);
  }
  return [
    h("div", { class: "head-row" }, head, forget),
    error,
    h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    h("details", {}, h("summary", {}, "Another key"), entry),
  ].filter(Boolean);
}

/** @param {HTMLElement} place @param {number} [page] */
async function past(place, page = 0) {
  const head = h("h2", {}, "History");
  fill(place, head, h("p", { class: "soft", "aria-busy": "true" }, "Reading\u2026"));
  try {
    const { rows, more } = await get(`history?page=${page}`);
    const pages = h(
      "div",
      { class: "row" },
      page > 0 ? button("Newer", () => past(place, page - 1), { class: "button small plain" }) : null,
      more ? button("Older", () => past(place, page + 1), { class: "button small plain" }) : null,
    );
    fill(place, head, rows.length ? h("ul", { class: "history" }, rows.map(entry)) : h("p", { class: "soft" }, page ? "There is no more." : "Nothing was separated yet."), pages);
  } catch (error) {
    fill(place, head, h("p", { class: "soft" }, /** @type {any} */ (error).message, " ", worded(/** @type {any} */ (error).hint)));
  }
}

/** @param {any} row @returns {HTMLElement} */
function entry(row) {
  const hours = typeof row.hours_left === "number" && row.hours_left > 0 ? `${Math.round(row.hours_left)} h left` : "";
  const here = row.kept && row.hours_left !== 0;
  const bring = button("Bring back", () => busy(bring, async () => {
    try {
      const { job } = await post(`history/${path(row.id)}/adopt`);
      if (job) takeIn([job]);
      go("now");
      say("The result is being fetched.");
    } catch (error) {
      complain(error);
    }
  }), { class: "button small", "aria-label": `Bring back ${row.model} of ${dateWords(row.date)}` });
  const spent = row.credits ? plural(row.credits, "credit") : "";
  return h(
    "li",
    {},
    h("div", {}, h("p", {}, row.model || "A separation"), h("p", { class: "small-text faint" }, [dateWords(row.date), spent, here ? hours : "no longer kept"].filter(Boolean).join(" \u00b7 "))),
    here ? bring : null,
  );
}

/** @param {HTMLElement} place */
async function latest(place) {
  const head = h("h2", {}, "News");
  fill(place, head, h("p", { class: "soft", "aria-busy": "true" }, "Reading\u2026"));
  try {
    const { rows } = await get("news");
    const list = rows.slice(0, 12).map((/** @type {any} */ row) => h("li", {}, h("details", {}, h("summary", {}, row.title, h("span", { class: "small-text faint" }, ` ${String(row.date ?? "").slice(0, 10)}`)), h("p", { class: "soft" }, row.text ?? ""))));
    fill(place, head, rows.length ? h("ul", { class: "news" }, list) : h("p", { class: "soft" }, "There is no news."));
  } catch (error) {
    fill(place, head, h("p", { class: "soft" }, /** @type {any} */ (error).message));
  }
}
