/**
 * Spectrograms: the server's tiles, read, thinned out and coloured. Pure.
 *
 * A tile holds `columns` x `rows` bytes, column by column, row 0 the lowest band; 0 is -90 dBFS or less, 255 is
 * 0 dBFS. Columns are `hop` frames apart.
 *
 * @typedef {{hop: number, rows: number, first: number, columns: number, total: number, values: Uint8Array}} Tile
 */

/** Columns of a whole tile. */
export const TILE = 512;

/** By how much the thinned copy of a tile is thinner. */
export const THIN = 8;

const MAGIC = 0x50534253; // "SBSP"

/**
 * Reads the server's answer.
 * @param {ArrayBuffer} buffer
 * @returns {Tile}
 * @throws {Error} when it isn't one
 */
export function parseTile(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 28 || view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== 1) {
    throw new Error("The spectrogram can't be read.");
  }
  const [hop, rows, first, columns, total] = [8, 12, 16, 20, 24].map((at) => view.getUint32(at, true));
  if (buffer.byteLength < 28 + rows * columns) throw new Error("The spectrogram is cut short.");
  return { hop, rows, first, columns, total, values: new Uint8Array(buffer, 28, rows * columns) };
}

/**
 * The hop of a rate: 2048 frames up to 48 kHz, 4096 up to 96 kHz, and so on.
 * @param {number} rate
 * @returns {number} frames
 */
export function hopOf(rate) {
  return 2048 * 2 ** Math.max(0, Math.ceil(Math.log2(rate / 48000)));
}

/**
 * How high a frequency stands in the picture: rows are even on the mel scale, from 30 Hz to 20 kHz.
 * @param {number} hertz
 * @param {number} rate
 * @returns {number} 0 at the bottom, 1 on top; above 1 where the picture ends below it
 */
export function heightOf(hertz, rate) {
  const mel = (/** @type {number} */ value) => Math.log10(1 + value / 700);
  const [low, high] = [mel(30), mel(Math.min(20000, 0.475 * rate))];
  return (mel(hertz) - low) / (high - low);
}

/**
 * Which tiles a view needs.
 * @param {number} first frame at its left edge
 * @param {number} frames
 * @param {number} hop
 * @param {number} total frames of the track
 * @returns {{from: number, to: number}} tile numbers, `to` is not needed any more
 */
export function tilesFor(first, frames, hop, total) {
  const last = Math.max(0, Math.ceil(total / hop / TILE));
  const from = Math.max(0, Math.floor(first / hop / TILE));
  return { from: Math.min(from, last), to: Math.min(last, Math.ceil((first + frames) / hop / TILE + 1e-9)) };
}

/**
 * A tile with one column for each `THIN`: their mean, so that a long view needs little memory.
 * @param {Tile} tile
 * @returns {Tile} `hop` says how far its columns are apart
 */
export function thin(tile) {
  const columns = Math.ceil(tile.columns / THIN);
  const values = new Uint8Array(columns * tile.rows);
  for (let column = 0; column < columns; column += 1) {
    const end = Math.min(tile.columns, (column + 1) * THIN);
    for (let row = 0; row < tile.rows; row += 1) {
      let sum = 0;
      for (let x = column * THIN; x < end; x += 1) sum += tile.values[x * tile.rows + row];
      values[column * tile.rows + row] = Math.round(sum / (end - column * THIN));
    }
  }
  const rest = { first: tile.first / THIN, total: Math.ceil(tile.total / THIN) };
  return { ...tile, ...rest, hop: tile.hop * THIN, columns, values };
}

/**
 * 256 colours from silence to full scale, through a stem's own.
 * @param {number[]} ground red, green, blue of silence
 * @param {number[]} colour of the stem
 * @param {number[]} peak of the loudest
 * @returns {Uint8ClampedArray} 256 x RGBA
 */
export function palette(ground, colour, peak) {
  const table = new Uint8ClampedArray(1024);
  for (let index = 0; index < 256; index += 1) {
    const level = Math.max(0, (index - 24) / 231);
    const middle = 0.62;
    const low = level < middle;
    const share = low ? (level / middle) ** 1.35 : (level - middle) / (1 - middle);
    const [from, to] = low ? [ground, colour] : [colour, peak];
    for (let part = 0; part < 3; part += 1) {
      table[4 * index + part] = from[part] + (to[part] - from[part]) * share;
    }
    table[4 * index + 3] = 255;
  }
  return table;
}

/**
 * A tile as pixels, high bands on top.
 * @param {Tile} tile
 * @param {Uint8ClampedArray} colours of `palette`
 * @param {Uint8ClampedArray} out columns x rows x RGBA
 */
export function colourTile(tile, colours, out) {
  const words = new Uint32Array(colours.buffer, colours.byteOffset, 256);
  const pixels = new Uint32Array(out.buffer, out.byteOffset, tile.columns * tile.rows);
  for (let column = 0; column < tile.columns; column += 1) {
    for (let row = 0; row < tile.rows; row += 1) {
      const value = tile.values[column * tile.rows + row];
      pixels[(tile.rows - 1 - row) * tile.columns + column] = words[value];
    }
  }
}
