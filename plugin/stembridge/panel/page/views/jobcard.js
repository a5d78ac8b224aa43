/**
 * A job as a card that keeps its place and its focus while the job goes on.
 */

import { path, post } from "../parts/api.js";
import { busy, button, fill, h, icon, setText, worded } from "../parts/dom.js";
import { ago, capital } from "../model/format.js";
import { actions, facts, progress, stateWords } from "../model/jobwords.js";
import { drop, takeIn } from "../parts/live.js";
import { complain, say } from "../parts/shell.js";

const LABELS = { listen: "Listen", resume: "Resume", retry: "Begin again", cancel: "Cancel", remove: "Remove" };

/** One job on the page. */
export class JobCard {
  /** @type {Map<string, HTMLButtonElement>} */
  #buttons = new Map();
  #question = "";
  #notes = "";
  since = 0;

  /**
   * @param {import("../parts/live.js").Job} job
   * @param {{listen: (id: string) => void, small?: boolean}} how
   */
  constructor(job, { listen, small = false }) {
    this.id = job.id;
    this.listen = listen;
    this.title = h("h3", { class: "job-title", id: `job-title-${job.id}` });
    this.what = h("p", { class: "job-what soft" });
    this.state = h("span", { class: "job-state" });
    this.fill = h("i");
    this.bar = h("div", { class: "bar", role: "progressbar", "aria-labelledby": `job-title-${job.id}` }, this.fill);
    this.words = h("p", { class: "job-words small-text soft" });
    this.small = h("p", { class: "job-facts small-text faint" });
    this.notes = h("div", { class: "stack tight" });
    this.buttons = h("div", { class: "row job-buttons" });
    this.steps = h("ul", { class: "job-steps" });
    this.element = h(
      "li",
      { class: small ? "job step" : "job card", "data-testid": `job-${job.id}`, "aria-labelledby": `job-title-${job.id}` },
      h("div", { class: "job-head" }, h("div", { class: "job-name" }, this.title, this.what), this.state),
      this.bar,
      h("div", { class: "job-foot" }, h("div", {}, this.words, this.small), this.buttons),
      this.notes,
      this.steps,
    );
    this.update(job);
  }

  /** @param {import("../parts/live.js").Job} job */
  update(job) {
    const small = this.element.classList.contains("step");
    this.job = job;
    this.since = performance.now();
    setText(this.title, (small && job.title) || job.source || (job.kind === "compare" ? "Comparison" : "Separation"));
    setText(this.what, [small ? "" : job.title, { chain: "chain", parts: "in parts", blend: "blend", compare: "comparison" }[job.kind]].filter(Boolean).join(", "));
    const words = stateWords(job);
    setText(this.state, words);
    this.state.className = `job-state chip ${{ ready: "good", failed: "bad", needs_decision: "warn" }[job.state] ?? (job.stalled ? "warn" : "")}`;
    this.element.dataset.state = job.state;
    const moving = progress(job);
    this.bar.hidden = !moving;
    this.bar.classList.toggle("unknown", moving?.share == null);
    if (moving?.share != null) {
      const percent = Math.floor(moving.share * 1000) / 10;
      this.fill.style.width = `${percent}%`;
      this.bar.setAttribute("aria-valuenow", String(Math.floor(percent)));
    } else {
      this.fill.style.width = "";
      this.bar.removeAttribute("aria-valuenow");
    }
    this.bar.setAttribute("aria-valuetext", moving?.words || words);
    setText(this.words, job.waiting ? capital(job.waiting) : (moving?.words ?? ""));
    this.words.hidden = !this.words.textContent;
    this.age();
    this.#act(job);
    this.#tell(job);
  }

  /** Brings the time since it began up to date. */
  age() {
    if (!this.job) return;
    const more = progress(this.job) ? (performance.now() - this.since) / 1000 : 0;
    const job = { ...this.job, seconds: (this.job.seconds ?? 0) + more };
    setText(this.small, [ago(job.created, Date.now() / 1000), ...facts(job)].join(" \u00b7 "));
  }

  /** @param {import("../parts/live.js").Job} job */
  #act(job) {
    const wanted = actions(job);
    for (const [name, control] of this.#buttons) {
      if (wanted.includes(/** @type {any} */ (name))) continue;
      const focused = control === document.activeElement;
      control.remove();
      this.#buttons.delete(name);
      if (focused) queueMicrotask(() => this.buttons.querySelector("button")?.focus());
    }
    for (const name of wanted) {
      if (this.#buttons.has(name)) continue;
      const kind = name === "listen" ? "button primary small" : `button small${name === "resume" ? "" : " plain"}`;
      const props = { class: kind, "data-testid": `job-${job.id}-${name}`, "aria-describedby": `job-title-${job.id}` };
      const label = name === "listen" && job.kind === "compare" ? "Look" : LABELS[name];
      const control = button(label, () => this.#do(name, control), props);
      this.#buttons.set(name, control);
      this.buttons.append(control);
    }
  }

  /** @param {keyof typeof LABELS} name @param {HTMLButtonElement} control */
  #do(name, control) {
    if (name === "listen") {
      this.listen(this.id);
      return;
    }
    if (name === "remove" && control.dataset.sure !== "yes") {
      control.dataset.sure = "yes";
      control.textContent = "Delete its stems?";
      setTimeout(() => {
        delete control.dataset.sure;
        control.textContent = LABELS.remove;
      }, 4000);
      return;
    }
    busy(control, async () => {
      try {
        const { job } = (await post(`jobs/${path(this.id)}/${name}`)) ?? {};
        if (name === "remove") {
          drop(this.id);
          say("Removed.");
        } else if (job) takeIn([job]);
      } catch (error) {
        complain(error);
      }
    });
  }

  /** @param {import("../parts/live.js").Job} job */
  #tell(job) {
    const { error, question } = job;
    const notes = JSON.stringify([error, job.warnings]);
    if (question?.id !== this.#question || notes !== this.#notes) {
      this.#question = question?.id ?? "";
      this.#notes = notes;
      fill(
        this.notes,
        error ? h("div", { class: "notice bad" }, icon("warn"), h("p", {}, h("strong", {}, error.message), " ", worded(error.hint))) : null,
        question ? this.#ask(question) : null,
        job.warnings.map((text) => h("p", { class: "small-text soft job-warning" }, worded(text))),
      );
    }
    this.notes.hidden = !this.notes.childNodes.length;
  }

  /** @param {NonNullable<import("../parts/live.js").Job["question"]>} question */
  #ask(question) {
    const choices = question.choices.map(([choice, text], index) => {
      const kind = index === 0 ? "button small primary" : "button small";
      const control = button(text, () => this.#answer(control, choice), { class: kind, "data-testid": `answer-${choice}` });
      return control;
    });
    const label = h("p", {}, h("strong", {}, question.message), " ", worded(question.hint));
    return h("div", { class: "notice warn", "data-testid": "question", role: "group", "aria-label": question.message }, icon("warn"), label, h("div", { class: "row" }, choices));
  }

  /** @param {HTMLButtonElement} control @param {string} choice */
  #answer(control, choice) {
    const question = this.job?.question;
    if (!question) return;
    busy(control, async () => {
      try {
        const { job } = (await post(`jobs/${path(this.id)}/answer`, { id: question.id, choice })) ?? {};
        if (job) takeIn([job]);
      } catch (error) {
        complain(error);
      }
    });
  }
}
