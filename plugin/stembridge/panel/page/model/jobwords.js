/**
 * A job in words: its state, its progress, and what may be done with it. Pure.
 *
 * @typedef {import("../parts/live.js").Job} Job
 */

import { bytes, capital, duration, plural } from "./format.js";

const STATES = {
  created: "About to start",
  rendering: "Reading the audio",
  rendered: "Waiting to be sent",
  submitting: "Sending",
  submission_unknown: "Finding out whether the order arrived",
  queued: "In the queue",
  processing: "Separating",
  downloading: "Fetching the stems",
  aligning: "Aligning the stems",
  needs_decision: "Needs your decision",
  ready: "Ready",
  cancelling: "Cancelling",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** @param {Job} job @returns {string} */
export function stateWords(job) {
  if (job.stalled) return "Stopped in the middle";
  if (job.state === "queued" && job.queue_place != null) {
    const of = job.queue_length ? ` of ${job.queue_length}` : "";
    return `In the queue: place ${job.queue_place}${of}`;
  }
  return STATES[/** @type {keyof typeof STATES} */ (job.state)] ?? job.state;
}

/**
 * How far it is.
 * @param {Job} job
 * @returns {{share: number | null, words: string} | null} share 0 to 1, null where it isn't known; null: nothing moves
 */
export function progress(job) {
  if (job.over || job.state === "needs_decision" || job.stalled) return null;
  const phase = job.phase && job.phase !== job.state && job.phase !== "queue" && job.phase !== job.unit ? capital(job.phase) : "";
  if (job.done != null && job.total) {
    const share = Math.min(1, job.done / job.total);
    const bytely = job.unit === "bytes";
    const count = job.unit && job.unit !== "frames" && !bytely ? `${job.done} of ${job.total} ${job.unit}` : "";
    const sizes = bytely ? `${bytes(job.done)} of ${bytes(job.total)}` : "";
    const words = [phase, count || sizes || `${Math.floor(share * 100)} %`].filter(Boolean);
    return { share, words: words.join(", ") };
  }
  if (job.done != null && job.unit === "bytes") return { share: null, words: [phase, bytes(job.done)].filter(Boolean).join(", ") };
  return { share: null, words: phase };
}

/**
 * What its buttons do; a step of another job is begun, ended and removed with that one.
 * @param {Job} job
 * @returns {("listen" | "resume" | "retry" | "cancel" | "remove")[]}
 */
export function actions(job) {
  if (job.parent) return job.state === "ready" ? ["listen"] : [];
  if (job.state === "ready") return ["listen", "remove"];
  if (job.state === "failed" || job.state === "cancelled") return ["resume", "retry", "remove"];
  if (job.stalled) return ["resume", "cancel"];
  return job.state === "cancelling" ? [] : ["cancel"];
}

/**
 * The small print of a job.
 * @param {Job} job
 * @returns {string[]}
 */
export function facts(job) {
  const found = [];
  const { region } = job;
  if (region) found.push(`${duration(region.frames / region.rate)} of audio`);
  if (job.seconds != null && job.seconds > 0) found.push(`took ${duration(job.seconds)}`.replace("took", job.over ? "took" : "for"));
  if (job.cost?.amount != null && job.engine !== "offline" && (job.over || job.cost.amount > 0)) {
    const unit = job.cost.unit.replace(/s$/, "");
    found.push(job.cost.amount ? plural(job.cost.amount, unit) : "no credits");
  }
  if (job.reused) found.push("answered from an earlier job");
  if (job.imported) found.push("placed");
  if (job.over && job.disk) found.push(bytes(job.disk));
  return found;
}

/**
 * What a screen reader is told when a job comes to an end.
 * @param {Job} job
 * @returns {string} empty where it isn't worth a word
 */
export function announcement(job) {
  const name = job.source || (job.kind === "compare" ? "The comparison" : "A job");
  const what = `${name}${job.title ? `, ${job.title}` : ""}`;
  if (job.state === "ready") return `${what}: ready.`;
  if (job.state === "failed") return `${what}: failed. ${job.error?.message ?? ""}`;
  if (job.state === "cancelled") return `${what}: cancelled.`;
  if (job.state === "needs_decision") return `${what}: needs your decision.`;
  return "";
}
