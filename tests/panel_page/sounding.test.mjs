import assert from "node:assert/strict";
import { test } from "node:test";
import { Chunks } from "./page/sound/chunks.js";
import { Graph } from "./page/sound/graph.js";
import { Player } from "./page/sound/player.js";
import { frameAt } from "./page/model/schedule.js";

const RATE = 1000;
const FRAMES = 20 * RATE;
let tick = () => {};
globalThis.window = { setInterval: (act) => { tick = act; return 0; } };
globalThis.document = { baseURI: "http://127.0.0.1:1/key/" };

/** A context whose clock is moved by hand, and that writes down what was started when. */
class Context {
  sampleRate = RATE;
  currentTime = 0;
  outputLatency = 0;
  state = "running";
  destination = {};
  started = [];
  async resume() {}
  async suspend() {}
  createGain() {
    const moves = [];
    const gain = { value: 1, moves };
    for (const name of ["setValueAtTime", "linearRampToValueAtTime", "cancelScheduledValues"]) gain[name] = (...of) => moves.push([name, ...of]);
    return { gain, connect(to) { this.to = to; }, disconnect() {} };
  }
  createBuffer(channels, frames) {
    return { frames, data: [], copyToChannel(data, index) { this.data[index] = Float32Array.from(data); } };
  }
  createBufferSource() {
    const source = { stopped: Infinity, connect(to) { this.to = to; }, stop(when) { this.stopped = when * RATE; }, addEventListener() {} };
    source.start = (when) => {
      source.at = when * RATE;
      this.started.push(source);
    };
    return source;
  }
}

const track = (key, rate = RATE) => ({ key, url: key, frames: (FRAMES / RATE) * rate, rate, channels: 1, data_offset: 72, frame_bytes: 4 });

/** Chunks whose samples are their own frames' numbers; some may be kept back. */
function shelf(back = new Set()) {
  const data = (one, chunk) => [Float32Array.from({ length: Math.min(one.rate, one.frames - chunk * one.rate) }, (_, at) => chunk * one.rate + at)];
  return {
    peek: (one, chunk) => (back.has(chunk) ? undefined : data(one, chunk)),
    load: async (one, chunk) => data(one, chunk),
    want() {},
  };
}

function desk({ tracks = [track("a"), track("b")], chunks = shelf() } = {}) {
  const context = new Context();
  const graph = new Graph(context, tracks.map((one) => one.key), 1);
  return { context, player: new Player(context, graph, tracks, chunks, FRAMES) };
}

/** What was started for each track, as one line of frames by the clock, without gap or overlap. */
function lines(started) {
  const byFade = new Map();
  for (const source of started) byFade.set(source.to, [...(byFade.get(source.to) ?? []), source]);
  return [...byFade.values()].map((sources) => {
    let at = sources[0].at;
    const frames = [];
    for (const source of sources) {
      assert.ok(Math.abs(source.at - at) < 1e-6, `a piece begins at ${source.at}, not at ${at}`);
      frames.push(...source.buffer.data[0]);
      at += source.buffer.frames;
    }
    return { at: Math.round(sources[0].at), frames };
  });
}

const pass = async (context, player, seconds) => {
  for (let step = 0; step < seconds * 10; step += 1) {
    context.currentTime += 0.1;
    tick();
    await null;
  }
};

test("all tracks start on one frame and go on without a seam", async () => {
  const { context, player } = desk();
  await player.play(1234);
  await pass(context, player, 3);
  const [one, other] = lines(context.started);
  assert.equal(one.at, other.at);
  assert.deepEqual(one.frames, other.frames);
  assert.deepEqual(one.frames, Array.from({ length: one.frames.length }, (_, at) => 1234 + at));
  assert.ok(one.frames.length > 5000 && one.frames.length < 3 * RATE + 2 * 2500 + RATE, "scheduled ahead, but not without end");
});

test("a loop goes round on its very frames", async () => {
  const { context, player } = desk();
  player.loop = { from: 1900, to: 2150 };
  await player.play(1500);
  await pass(context, player, 2);
  const [{ frames }] = lines(context.started);
  const plan = { start: 1500, total: FRAMES, loop: player.loop };
  assert.deepEqual(frames, frames.map((_, at) => frameAt(plan, at)));
});

test("a new loop goes on where the old pass was, on the same frame of the clock", async () => {
  const { context, player } = desk();
  await player.play(0);
  await pass(context, player, 1);
  const before = context.started.length;
  player.setLoop({ from: 500, to: 3000 });
  const next = lines(context.started.slice(before));
  assert.equal(next.length, 2);
  const begun = Math.round(context.started[0].at);
  for (const { at, frames } of next) assert.equal(frames[0], at - begun);
  for (const source of context.started.slice(0, before)) assert.ok(source.stopped < Infinity, "the old pass fades out");
});

test("the end is reached, and then it stands where it began", async () => {
  const { context, player } = desk();
  await player.play(FRAMES - 500);
  assert.equal(player.status, "playing");
  await pass(context, player, 1);
  assert.equal(player.status, "stopped");
  assert.equal(player.position, FRAMES - 500);
  const [{ frames }] = lines(context.started);
  assert.equal(frames.length, 500);
});

test("data that is late is waited for, and nothing is skipped", async () => {
  const back = new Set([2]);
  const { context, player } = desk({ chunks: shelf(back) });
  await player.play(1000);
  await pass(context, player, 1);
  const before = context.started.length;
  back.clear();
  await pass(context, player, 1);
  const [{ frames }] = lines(context.started.slice(before));
  assert.equal(frames[0], 2000);
  assert.equal(player.status, "playing");
});

test("a track with a rate of its own plays the same seconds", async () => {
  const { context, player } = desk({ tracks: [track("a"), track("b", 2 * RATE)] });
  await player.play(1500);
  const [one, other] = [...new Set(context.started.map((source) => source.to))].map((to) => context.started.filter((source) => source.to === to));
  assert.deepEqual(one.map((source) => source.at), other.map((source) => source.at));
  assert.equal(other[0].buffer.data[0][0], 3000);
  assert.equal(other[0].buffer.frames, 2 * one[0].buffer.frames);
});

/** A server that answers when it is told to. */
function slowServer() {
  const open = [];
  let most = 0;
  globalThis.fetch = (url, { headers, signal }) =>
    new Promise((resolve, reject) => {
      const [from, to] = headers.Range.match(/\d+/g).map(Number);
      open.push({ url, from, answer: () => resolve({ ok: true, status: 206, arrayBuffer: async () => new ArrayBuffer(to - from + 1) }) });
      most = Math.max(most, open.length);
      signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    });
  const settle = async () => { for (let turn = 0; turn < 20; turn += 1) await null; };
  const all = async () => {
    await settle();
    while (open.length) {
      open.shift().answer();
      await settle();
    }
  };
  return { open, all, settle, most: () => most };
}

test("chunks come in order, four at a time at most, each once", async () => {
  const server = slowServer();
  const chunks = new Chunks(assert.fail);
  const tracks = [track("a"), track("b")];
  chunks.want(tracks, [3, 4, 5]);
  chunks.want(tracks, [3, 4, 5]);
  assert.equal(chunks.load(tracks[0], 3), chunks.load(tracks[0], 3));
  await server.settle();
  assert.deepEqual(server.open.map(({ from }) => (from - 72) / 4 / RATE), [3, 3, 4, 4]);
  await server.all();
  assert.equal(server.most(), 4);
  assert.ok([3, 4, 5].every((chunk) => tracks.every((one) => chunks.peek(one, chunk)?.[0].length === RATE)));
  assert.equal(chunks.bytes, 6 * 4 * RATE);
});

test("what isn't wanted any more isn't fetched, and closing ends it all quietly", async () => {
  const server = slowServer();
  const chunks = new Chunks(assert.fail);
  chunks.want([track("a")], [0, 1, 2, 3, 4, 5, 6]);
  chunks.want([track("a")], [9]);
  await server.settle();
  chunks.close();
  await server.settle();
  assert.equal(server.open.filter(({ from }) => (from - 72) / 4 / RATE > 3).length, 0);
});

test("memory doesn't grow with the length of what is played", async () => {
  const server = slowServer();
  const chunks = new Chunks(assert.fail);
  const long = { ...track("a", 48000), frames: 48000 * 3600, channels: 2, frame_bytes: 8 };
  let most = 0;
  for (let chunk = 0; chunk < 400; chunk += 1) {
    chunks.want([long], [chunk, chunk + 1]);
    await server.all();
    most = Math.max(most, chunks.bytes);
  }
  assert.ok(most <= 64e6, `${most} bytes`);
  assert.ok(chunks.peek(long, 400) && !chunks.peek(long, 1));
});

test("behind a track's end there is silence, not a request", async () => {
  globalThis.fetch = assert.fail;
  const chunks = new Chunks(assert.fail);
  assert.deepEqual(await chunks.load(track("a"), 20), [new Float32Array(0)]);
});
