/**
 * The section Now: what is under way, what wants an answer, what is done.
 */

import { JobCard } from "./jobcard.js";
import { announcement } from "../model/jobwords.js";
import { h, setText } from "../parts/dom.js";
import { news, ordered, stepsOf } from "../parts/live.js";
import { dropZone } from "./source.js";
import { say, view } from "../parts/shell.js";

const FEW = 30; // Finished jobs shown at first: a long history must not make the page slow.

/** @type {Map<string, JobCard>} */
const cards = new Map();
/** @type {Map<string, string>} */
const told = new Map();
let most = FEW;

/** @param {{listen: (id: string) => void}} how */
export function now({ listen }) {
  const place = view("now");
  const open = h("ul", { class: "jobs", "aria-label": "Under way" });
  const over = h("ul", { class: "jobs", "aria-label": "Done" });
  const openHead = h("h2", {}, "Under way");
  const overHead = h("h2", {}, "Done");
  const more = h("button", { type: "button", class: "button plain", on: { click: () => { most += FEW; draw(); } } }, "Show more");
  const empty = h("div", { class: "empty" }, h("h3", {}, "Nothing is under way"), h("p", {}, "Drop a song above, or begin in REAPER or Audacity: the job appears here."));
  const badge = h("span", { class: "badge", hidden: true });
  document.getElementById("tab-now")?.append(badge);
  place.append(h("div", { class: "now stack" }, dropZone(), openHead, open, overHead, over, more, empty));

  /** @param {import("../parts/live.js").Job} job @param {boolean} small */
  const card = (job, small) => {
    let found = cards.get(job.id);
    if (!found) {
      found = new JobCard(job, { listen, small });
      cards.set(job.id, found);
    } else if (found.job !== job) found.update(job);
    return found;
  };

  const draw = () => {
    const all = ordered();
    const ended = (/** @type {any} */ job) => job.over;
    const asks = (/** @type {any} */ job) => Number(job.state === "needs_decision");
    const going = all.filter((job) => !ended(job)).sort((a, b) => asks(b) - asks(a));
    const done = all.filter(ended);
    const kept = [...going, ...done.slice(0, most)];
    const steps = new Map(kept.map((job) => [job.id, job.over ? [] : stepsOf(job.id)]));
    const ids = new Set([...kept.map((job) => job.id), ...[...steps.values()].flat().map((job) => job.id)]);
    for (const [id, old] of cards) {
      if (ids.has(id)) continue;
      old.element.remove();
      cards.delete(id);
    }
    lay(open, going.map((job) => card(job, false).element));
    lay(over, done.slice(0, most).map((job) => card(job, false).element));
    for (const job of kept) {
      const found = /** @type {JobCard} */ (cards.get(job.id));
      lay(found.steps, (steps.get(job.id) ?? []).map((step) => card(step, true).element));
    }
    openHead.hidden = open.hidden = !going.length;
    overHead.hidden = over.hidden = !done.length;
    more.hidden = done.length <= most;
    empty.hidden = all.length > 0;
    const asking = going.filter(asks).length;
    badge.hidden = !going.length;
    badge.classList.toggle("ask", asking > 0);
    setText(badge, String(going.length));
    document.title = going.length ? `(${going.length}) Stembridge` : "Stembridge";
    badge.title = asking ? `${asking} waiting for your decision` : `${going.length} under way`;
  };

  news.addEventListener("jobs", (event) => {
    draw();
    for (const id of /** @type {CustomEvent} */ (event).detail) announce(id, listen);
  });
  setInterval(() => {
    if (!place.hidden) for (const one of cards.values()) one.age();
  }, 1000);
  draw();
}

/**
 * Puts elements in order and moves only those that are elsewhere, so that focus and scroll stay.
 * @param {Element} list
 * @param {Element[]} elements
 */
function lay(list, elements) {
  elements.forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
}

/**
 * Tells of a job that came to an end while the page was open.
 * @param {string} id
 * @param {(id: string) => void} listen
 */
function announce(id, listen) {
  const job = ordered().find((one) => one.id === id);
  if (!job) return;
  const before = told.get(id);
  told.set(id, job.state);
  if (before === undefined || before === job.state) return;
  const words = announcement(job);
  const act = { label: "Listen", run: () => listen(id) };
  if (words) say(words, { bad: job.state === "failed", ...(job.state === "ready" && job.kind !== "compare" ? { act } : {}) });
}
