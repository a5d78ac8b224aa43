// Gives every text that is hard to read, with its ratio of contrast (WCAG 2: at least 4.5, large text 3).
const parts = (colour) => {
  const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
  return colour.startsWith("color(") ? [255 * red, 255 * green, 255 * blue, alpha] : [red, green, blue, alpha];
};
const linear = (value) => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
const luminance = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
const over = (upper, lower) => [0, 1, 2].map((at) => upper[at] * upper[3] + lower[at] * (1 - upper[3]));

const found = {};
for (const one of document.querySelectorAll("body *")) {
  const texts = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
  if (!texts || !one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
  if (one.closest(":disabled, [aria-disabled], .sr")) continue;
  const layers = [];
  let opacity = 1;
  for (let up = one; up; up = up.parentElement) {
    const style = getComputedStyle(up);
    layers.unshift(parts(style.backgroundColor));
    opacity *= Number.parseFloat(style.opacity);
  }
  const ground = layers.reduce((lower, upper) => over(upper, lower), [255, 255, 255]);
  const style = getComputedStyle(one);
  const ink = parts(style.color);
  ink[3] *= opacity;
  const [low, high] = [luminance(over(ink, ground)), luminance(ground)].sort((a, b) => a - b);
  const ratio = (high + 0.05) / (low + 0.05);
  const size = Number.parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  if (ratio < (large ? 3 : 4.5)) found[`${one.className || one.tagName}: ${one.textContent.trim().slice(0, 40)}`] = ratio;
}
return found;
