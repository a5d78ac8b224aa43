/**
 * A blind test of two: X is one of them, drawn anew for each answer; the tally says what it is worth.
 */

import { answer, begin, verdict } from "../model/abx.js";
import { button, fill, h, press, setText } from "../parts/dom.js";
import { complain } from "../parts/shell.js";

/** @returns {boolean} a fair coin */
const toss = () => (crypto.getRandomValues(new Uint8Array(1))[0] & 1) === 1;

/**
 * @param {import("../sound/mixer.js").Mixer} mixer
 * @param {import("./timeline.js").Timeline} timeline
 * @param {{key: string, title: string}[]} rows what can be compared
 * @returns {HTMLElement}
 */
export function blindTest(mixer, timeline, rows) {
  const element = h("div", { class: "blind stack tight", role: "group", "aria-label": "Blind test" });
  const option = (/** @type {{key: string, title: string}} */ row) => h("option", { value: row.key }, row.title);
  const a = h("select", { "aria-label": "A" }, rows.map(option));
  const b = h("select", { "aria-label": "B" }, rows.map(option));
  b.value = rows[1].key;

  /** @param {AbortSignal} signal @param {Record<string, () => void>} keys */
  const listen = (signal, keys) => {
    const act = (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key.toLowerCase()]) return;
      if (/** @type {HTMLElement} */ (event.target).closest("input:not([type=range]), select, textarea")) return;
      event.preventDefault();
      keys[event.key.toLowerCase()]();
    };
    document.addEventListener("keydown", act, { capture: true, signal });
  };

  const idle = () => {
    mixer.blind = false;
    mixer.listenTo(null);
    timeline.element.classList.remove("blind-now");
    const start = button("Begin a blind test", () => run(), { class: "button small", "data-testid": "abx-begin" });
    fill(element, h("div", { class: "row" }, h("span", {}, "A"), a, h("span", {}, "B"), b, start));
  };

  const run = () => {
    if (a.value === b.value) {
      b.value = /** @type {{key: string}} */ (rows.find((row) => row.key !== a.value)).key;
    }
    let test = begin(a.value, b.value, toss);
    const stop = new AbortController();
    mixer.blind = true;
    timeline.element.classList.add("blind-now");
    const tally = h("p", { class: "tally", role: "status", "data-testid": "abx-tally" }, verdict(test));
    const marks = h("p", { class: "marks", "aria-hidden": "true" });
    const choose = h("div", { class: "segments", role: "group", "aria-label": "What is heard" });
    const hear = (/** @type {string} */ name) => {
      const key = name === "x" ? test[test.x] : test[/** @type {"a" | "b"} */ (name)];
      mixer.listenTo(key);
      for (const control of choose.children) press(control, /** @type {HTMLElement} */ (control).dataset.name === name);
      if (mixer.status === "stopped") mixer.play().catch(complain);
    };
    for (const name of ["a", "x", "b"]) {
      choose.append(button(name.toUpperCase(), () => hear(name), { "data-name": name, "data-testid": `abx-${name}` }));
    }
    const say = (/** @type {"a" | "b"} */ name) => {
      test = answer(test, name, toss);
      marks.append(h("i", { class: test.answers.at(-1) ? "right" : "wrong" }));
      setText(tally, verdict(test));
      hear("x");
    };
    const answers = ["a", "b"].map((name) =>
      button(`X is ${name.toUpperCase()}`, () => say(/** @type {"a" | "b"} */ (name)), { class: "button small", "data-testid": `abx-is-${name}` }),
    );
    const end = button("End the test", () => { stop.abort(); idle(); }, { class: "button plain small" });
    fill(element, h("div", { class: "row" }, choose, answers, end), marks, tally, h("p", { class: "small-text faint" }, "Keys: A, X and B to hear, 1 and 2 to answer."));
    listen(stop.signal, { a: () => hear("a"), b: () => hear("b"), x: () => hear("x"), 1: () => say("a"), 2: () => say("b") });
    mixer.addEventListener("closed", () => stop.abort(), { once: true });
    hear("x");
  };
  idle();
  return element;
}
