/**
 * The one way to the server: every address begins with the page's own, which holds the key of this start.
 */

/** What the server, or the way to it, says in one sentence, with what to do next. */
export class Trouble extends Error {
  /** @param {{code?: string, message: string, hint?: string}} said */
  constructor({ code = "internal", message, hint = "" }) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

const LOST = {
  code: "unavailable",
  message: "The panel can't be reached.",
  hint: "Start it again with `stembridge panel`. Jobs under way go on by themselves.",
};

/** @param {string} path @returns {string} address under `api/` */
export const address = (path) => new URL(`api/${path}`, document.baseURI).href;

/** @param {...(string | number)} parts @returns {string} a path of parts that may hold anything */
export const path = (...parts) => parts.map((part) => encodeURIComponent(part)).join("/");

/**
 * @param {string} where path under `api/`
 * @param {RequestInit} [options]
 * @returns {Promise<Response>} one that succeeded
 * @throws {Trouble}
 */
async function request(where, options = {}) {
  let response;
  try {
    const headers = { "X-Stembridge": "panel", ...(options.headers ?? {}) };
    response = await fetch(address(where), { credentials: "omit", cache: "no-store", ...options, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Trouble(LOST);
  }
  if (!response.ok) throw await troubleOf(response);
  return response;
}

/** @param {Response} response @returns {Promise<Trouble>} */
async function troubleOf(response) {
  try {
    const { error } = await response.json();
    if (error?.message) return new Trouble(error);
  } catch {
    // No JSON: an answer of something else than our server.
  }
  if (response.status === 404) return new Trouble({ ...LOST, message: "This page belongs to an earlier start of the panel." });
  return new Trouble({ message: `The panel answered with an error (${response.status}).`, hint: "Reload the page." });
}

/** @param {string} where @param {AbortSignal} [signal] @returns {Promise<any>} */
export const get = async (where, signal) => (await request(where, { signal })).json();

/** @param {string} where @param {any} [body] @returns {Promise<any>} */
export const post = async (where, body = {}) => send("POST", where, body);

/** @param {string} where @returns {Promise<any>} */
export const remove = async (where) => send("DELETE", where, undefined);

/** @param {string} method @param {string} where @param {any} body @returns {Promise<any>} */
async function send(method, where, body) {
  const options = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const text = await (await request(where, { method, ...options })).text();
  return text ? JSON.parse(text) : null;
}

/** @param {string} where @returns {Promise<string>} */
export const text = async (where) => (await request(where)).text();

/** @param {string} where @param {AbortSignal} [signal] @returns {Promise<ArrayBuffer>} */
export const binary = async (where, signal) => (await request(where, { signal })).arrayBuffer();

/**
 * A span of bytes.
 * @param {string} where
 * @param {string} range value of the header Range
 * @param {AbortSignal} [signal]
 * @returns {Promise<ArrayBuffer>}
 */
export async function bytesOf(where, range, signal) {
  const response = await request(where, { signal, headers: { Range: range } });
  if (response.status !== 206) {
    throw new Trouble({ code: "transfer", message: "The audio came in another form than expected.", hint: "Reload the page." });
  }
  return response.arrayBuffer();
}

/**
 * Sends a file, with true progress (fetch can't tell of it).
 * @param {File} file
 * @param {(done: number, total: number) => void} progress
 * @param {AbortSignal} signal
 * @returns {Promise<any>} what the server says of it
 */
export function upload(file, progress, signal) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", address(`files?name=${encodeURIComponent(file.name)}`));
    call.setRequestHeader("X-Stembridge", "panel");
    call.setRequestHeader("Content-Type", "application/octet-stream");
    call.upload.addEventListener("progress", (event) => progress(event.loaded, file.size));
    call.addEventListener("load", async () => {
      const response = new Response(call.responseText, { status: call.status });
      if (!response.ok) reject(await troubleOf(response));
      else resolve(JSON.parse(call.responseText));
    });
    call.addEventListener("error", () => reject(new Trouble(LOST)));
    call.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    signal.addEventListener("abort", () => call.abort());
    call.send(file);
  });
}
