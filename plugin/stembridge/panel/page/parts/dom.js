/**
 * Elements without HTML text: nothing that a server or a file says can become markup.
 */

/**
 * @typedef {Node | string | number | null | undefined | false | Child[]} Child
 */

/**
 * Makes an element.
 * @param {string} tag
 * @param {Record<string, any>} [props] attributes; `class`, `on` (listeners by event), `value`, `checked` and
 *   `disabled` as properties; true stands for an empty attribute; null and false leave one out
 * @param {...Child} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value == null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "class") element.className = value;
    else if (name === "value") /** @type {any} */ (element).value = value;
    else if (name === "checked" || name === "disabled") /** @type {any} */ (element)[name] = Boolean(value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

/** @param {Node} parent @param {Child[]} children */
function append(parent, children) {
  for (const child of children) {
    if (child == null || child === false) continue;
    if (Array.isArray(child)) append(parent, child);
    else parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * A sentence with what stands in backquotes as code, as commands stand in the core's hints.
 * @param {string | null | undefined} text
 * @returns {Child[]}
 */
export function worded(text) {
  return (text ?? "").split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
}

/**
 * Gives an element these children instead of its own.
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  const holder = document.createDocumentFragment();
  append(holder, children);
  parent.replaceChildren(holder);
}

/**
 * Has something drawn anew; what had the focus inside gets it back, found by its test id.
 * @param {Element} parent
 * @param {() => void} draw
 */
export function keepingFocus(parent, draw) {
  const focused = document.activeElement;
  const name = focused && parent.contains(focused) ? focused.getAttribute("data-testid") : null;
  draw();
  if (name) /** @type {HTMLElement | null} */ (parent.querySelector(`[data-testid="${CSS.escape(name)}"]`))?.focus();
}

/**
 * Writes a text, only where it differs: a live region speaks but once.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {boolean} on @param {string} [name] */
export function press(element, on, name = "aria-pressed") {
  const value = on ? "true" : "false";
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Outlines on a grid of 16 x 16; each is a path that is stroked, or filled where it begins with "!". */
const PATHS = {
  play: "!M4 2.5v11l9-5.5z",
  pause: "!M4 3h3v10H4zM9 3h3v10H9z",
  loop: "M4 5h7a2.5 2.5 0 0 1 0 5.5H4M6.5 2.5 4 5l2.5 2.5M6.5 8 4 10.5 6.5 13",
  wave: "M2 8h1.5M5 5v6M8 2.5v11M11 5.5v5M14 8h-1",
  spectrum: "M3 13V9M6.3 13V4M9.6 13V7M13 13V2.5",
  in: "M8 3.5v9M3.5 8h9",
  out: "M3.5 8h9",
  fit: "M2 8h12M4.5 5.5 2 8l2.5 2.5M11.5 5.5 14 8l-2.5 2.5",
  download: "M8 2.5v8M4.8 7.4 8 10.6l3.2-3.2M3 13.5h10",
  start: "M4 3v10M12.5 3.5 6.5 8l6 4.5z",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13",
  moon: "M13 9.6A5.5 5.5 0 0 1 6.4 3 5.5 5.5 0 1 0 13 9.6z",
  system: "M2.5 3.5h11v7h-11zM6 13.5h4",
  star: "M8 2.2l1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z",
  check: "M3 8.5 6.5 12 13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  warn: "M8 2.5 14 13.5H2zM8 6.5v3M8 11.5v.4",
  file: "M4 1.8h5L12.5 5v9.2H4zM9 1.8V5h3.5",
  note: "M6 12.2V3.5l7-1.3v8.7M6 12.2a1.8 1.5 0 1 1-3.6 0 1.8 1.5 0 0 1 3.6 0zM13 10.9a1.8 1.5 0 1 1-3.6 0 1.8 1.5 0 0 1 3.6 0z",
  folder: "M2 4h4l1.5 1.8H14V13H2z",
  back: "M10 3 5 8l5 5",
};

/**
 * An icon, which says nothing to a screen reader: the control has a label of its own.
 * @param {keyof typeof PATHS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  const filled = PATHS[name].startsWith("!");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", filled ? "icon filled" : "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATHS[name].replace("!", ""));
  svg.appendChild(path);
  return svg;
}

/**
 * A button.
 * @param {Child} label
 * @param {() => void} act
 * @param {Record<string, any>} [props]
 * @returns {HTMLButtonElement}
 */
export function button(label, act, props = {}) {
  return h("button", { type: "button", ...props, on: { click: act, ...(props.on ?? {}) } }, label);
}

/**
 * Runs a task from a button: not twice at a time, and with the wait shown.
 * @param {HTMLButtonElement} control
 * @param {() => Promise<void>} task rejects only with what has been told to the user already
 */
export async function busy(control, task) {
  if (control.getAttribute("aria-busy") === "true") return;
  control.setAttribute("aria-busy", "true");
  try {
    await task();
  } finally {
    control.removeAttribute("aria-busy");
  }
}
