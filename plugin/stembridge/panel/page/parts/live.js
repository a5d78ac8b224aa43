/**
 * The jobs as the server tells of them, live.
 *
 * @typedef {object} Job
 * @property {string} id
 * @property {string} kind
 * @property {string | null} parent
 * @property {string} state
 * @property {boolean} over
 * @property {string | null} phase
 * @property {number | null} done
 * @property {number | null} total
 * @property {string | null} unit
 * @property {string | null} waiting
 * @property {number | null} queue_place
 * @property {number | null} queue_length
 * @property {number} created
 * @property {number | null} seconds
 * @property {string | null} engine
 * @property {string | null} model
 * @property {string} title
 * @property {string} source
 * @property {{first_frame: number, frames: number, rate: number, channels: number} | null} region
 * @property {{amount: number | null, unit: string} | null} cost
 * @property {{code: string, message: string, hint: string} | null} error
 * @property {{id: string, message: string, hint: string, choices: [string, string][]} | null} question
 * @property {string[]} warnings
 * @property {boolean} imported
 * @property {number | null} disk
 * @property {string | null} host
 * @property {boolean} [stalled] nobody works on it, and it isn't over
 * @property {boolean} [reused] answered from an earlier job
 */

import { address, get } from "./api.js";

/** Tells `jobs` (something changed; detail: ids), `place`, `link` (detail: whether the server is there). */
export const news = new EventTarget();

/** @type {Map<string, Job>} */
export const jobs = new Map();

/** What the server said of itself. */
export const server = { version: "", default_engine: "", upload_most: 0 };

/** @returns {Job[]} newest first, steps of other jobs left out */
export function ordered() {
  return [...jobs.values()].filter((job) => !job.parent || !jobs.has(job.parent)).sort((a, b) => b.created - a.created);
}

/** @param {string} id @returns {Job[]} its steps, oldest first */
export function stepsOf(id) {
  return [...jobs.values()].filter((job) => job.parent === id).sort((a, b) => a.created - b.created);
}

/** @param {Job[]} rows takes in jobs that an answer brought */
export function takeIn(rows) {
  for (const row of rows) if (row) jobs.set(row.id, row);
  tell(rows.filter(Boolean).map((row) => row.id));
}

/** @param {string} id */
export function drop(id) {
  if (jobs.delete(id)) tell([id]);
}

/** @param {string[]} ids */
function tell(ids) {
  if (ids.length) news.dispatchEvent(new CustomEvent("jobs", { detail: ids }));
}

let turn = 0;
/** @type {Word[] | null} what the line told since everything was asked for */
let since = null;

/**
 * Reads everything anew: at the beginning, and whenever the line was broken. What the line tells before the
 * answer is here may be newer than the answer, and is heard once more after it.
 */
export async function refresh() {
  const own = (turn += 1);
  /** @type {Word[]} */
  const told = (since = []);
  let state;
  try {
    state = await get("state");
  } finally {
    if (own === turn) since = null;
  }
  if (own !== turn) return; // Asked for again meanwhile: that answer is the newer one.
  server.version = state.version;
  server.default_engine = state.default_engine;
  server.upload_most = state.upload_most;
  const before = [...jobs.keys()];
  jobs.clear();
  for (const job of state.jobs) jobs.set(job.id, job);
  tell([...new Set([...before, ...jobs.keys(), ""])]);
  told.forEach(hear);
}

/**
 * Listens from now on. Of all pages that are open one has the line, because a browser gives a server six
 * connections in all; it passes on what comes. When it is closed, another takes over.
 */
export function listen() {
  const name = new URL(document.baseURI).pathname;
  const others = new BroadcastChannel(name);
  others.addEventListener("message", (event) => hear(event.data));
  const pass = (/** @type {Word} */ word) => {
    hear(word);
    others.postMessage(word);
  };
  // A lock that is never given back: it ends with the page. Without locks, each page has a line of its own.
  if (navigator.locks) {
    navigator.locks.request(name, () => new Promise(() => connect(pass)));
    refresh().catch(() => {}); // what was told since this page began; who has the line asks after its hello
  } else connect(hear);
}

/** @typedef {{kind: "hello" | "job" | "gone" | "place" | "lost", data?: any}} Word */

/** @param {Word} word takes in what the line brought */
function hear({ kind, data }) {
  if (kind === "job" || kind === "gone") since?.push({ kind, data });
  if (kind === "job") takeIn([data]);
  else if (kind === "gone") drop(data.id);
  else if (kind === "place") news.dispatchEvent(new CustomEvent("place"));
  else {
    const there = kind === "hello";
    if (there) refresh().catch(() => {}); // what changed before, or during a break, was told to nobody here
    news.dispatchEvent(new CustomEvent("link", { detail: there }));
  }
}

/** @param {(word: Word) => void} pass told all that comes; the browser itself connects again after a break */
function connect(pass) {
  const source = new EventSource(address("events"));
  for (const kind of /** @type {const} */ (["hello", "job", "gone", "place"])) {
    source.addEventListener(kind, (event) => pass({ kind, data: JSON.parse(event.data) }));
  }
  source.addEventListener("error", () => {
    pass({ kind: "lost" });
    // An answer that isn't a stream (an ended panel's port taken over) ends the source for good.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => connect(pass), 3000);
  });
}
