/**
 * What plays when: from a position on the clock to frames of the region, with or without a loop. Pure.
 *
 * A plan is `{start, total, loop}`: the frame that playing begins on, the region's frames, and the loop as
 * `{from, to}` or null. A position counts frames since playing began. Playing that begins at or after the
 * loop's end runs on to the region's end, as in a DAW.
 *
 * @typedef {{start: number, total: number, loop: {from: number, to: number} | null}} Plan
 */

/**
 * The frame that sounds at a position.
 * @param {Plan} plan
 * @param {number} position frames since playing began
 * @returns {number} a frame; `total` once the end is reached
 */
export function frameAt(plan, position) {
  const { start, total, loop } = plan;
  if (!loop || start >= loop.to) return Math.min(total, start + Math.max(0, position));
  const lead = loop.to - start;
  if (position < lead) return start + Math.max(0, position);
  return loop.from + ((position - lead) % (loop.to - loop.from));
}

/**
 * The longest run from a position on that neither wraps nor crosses an edge of the grid of chunks.
 * @param {Plan} plan
 * @param {number} position
 * @param {number} chunk frames of a chunk
 * @returns {{first: number, frames: number, chunk: number} | null} `chunk`: its number; null: it is over
 */
export function pieceAt(plan, position, chunk) {
  const first = frameAt(plan, position);
  if (first >= plan.total) return null;
  const looping = plan.loop && plan.start < plan.loop.to;
  const edge = looping && plan.loop ? Math.min(plan.loop.to, plan.total) : plan.total;
  const number = Math.floor(first / chunk);
  return { first, frames: Math.min(edge, (number + 1) * chunk) - first, chunk: number };
}

/**
 * The pieces of a span of positions.
 * @param {Plan} plan
 * @param {number} position
 * @param {number} frames
 * @param {number} chunk
 * @returns {{at: number, first: number, frames: number, chunk: number}[]} `at`: the position of each
 */
export function pieces(plan, position, frames, chunk) {
  const found = [];
  const end = position + frames;
  for (let at = position; at < end; ) {
    const piece = pieceAt(plan, at, chunk);
    if (!piece) break;
    const length = Math.min(piece.frames, end - at);
    found.push({ ...piece, at, frames: length });
    at += length;
  }
  return found;
}

/**
 * Chunks wanted soon, the next one first, each once.
 * @param {Plan} plan
 * @param {number} position
 * @param {number} frames how far to look ahead
 * @param {number} chunk
 * @returns {number[]}
 */
export function chunksAhead(plan, position, frames, chunk) {
  return [...new Set(pieces(plan, position, frames, chunk).map((piece) => piece.chunk))];
}

/**
 * What to drop so that a cache stays bounded: the ones longest unused, and never one that is wanted.
 * @param {Map<string, {used: number, bytes: number}>} entries
 * @param {number} most bytes
 * @param {Set<string>} wanted
 * @returns {string[]} keys to drop
 */
export function surplus(entries, most, wanted) {
  let sum = 0;
  for (const entry of entries.values()) sum += entry.bytes;
  if (sum <= most) return [];
  const drop = [];
  const oldest = [...entries].filter(([key]) => !wanted.has(key)).sort((a, b) => a[1].used - b[1].used);
  for (const [key, entry] of oldest) {
    if (sum <= most) break;
    drop.push(key);
    sum -= entry.bytes;
  }
  return drop;
}
