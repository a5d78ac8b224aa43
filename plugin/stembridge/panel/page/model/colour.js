/**
 * Colours of stems, brought to where they can be seen. Pure.
 */

/**
 * @param {string} text `#rrggbb`
 * @returns {number[]} red, green, blue
 */
export function rgb(text) {
  const number = Number.parseInt(text.replace("#", "").slice(0, 6), 16);
  return Number.isFinite(number) ? [number >> 16, (number >> 8) & 255, number & 255] : [125, 133, 151];
}

/** What pictures are drawn on: `--sunk` of the style sheet, dark and light. */
const GROUNDS = { dark: "#0d0f11", light: "#e9ebee" };

/** A little more than the 3 to 1 that WCAG asks of what is drawn. */
const ENOUGH = 3.2;

/** @param {number[]} parts red, green, blue @returns {number} 0 to 1 */
function luminance(parts) {
  const [red, green, blue] = parts.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * A stem's colour, brought only as far from its own as it takes to be seen.
 * @param {string} colour `#rrggbb`
 * @param {boolean} dark
 * @returns {string}
 */
export function visible(colour, dark) {
  const own = rgb(colour);
  const goal = dark ? 255 : 0;
  const ground = luminance(rgb(dark ? GROUNDS.dark : GROUNDS.light)) + 0.05;
  let parts = own;
  for (let share = 0; share < 1; share += 0.04) {
    parts = own.map((part) => Math.round(part + (goal - part) * share));
    const light = luminance(parts) + 0.05;
    if (Math.max(light / ground, ground / light) >= ENOUGH) break;
  }
  return `rgb(${parts.join(" ")})`;
}
