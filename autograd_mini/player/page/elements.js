// Elements, made and found.

// A name that is written from right to left is set apart, so that what stands around it keeps its order.
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc](?:[^!-~]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc])*/g;
const apart = (text) => text.replace(RIGHT_TO_LEFT, "\u2068$&\u2069");

/** @returns {any} */
const make = (tag, className = "", text = "") => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = apart(text);
  return element;
};
/** @returns {any} */
const makeSvg = (tag, attributes = {}, text = "") => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text) element.textContent = text;
  return element;
};
/** @returns {any} */
const find = (selector, within = document) => within.querySelector(selector);

// A finger's drag over an element is the element's. Even without scrolling, a browser takes a quick one
// for a fling, and the tap after it for the one that stops the fling: no click would come of it.
const takeFingers = (element) =>
  element.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });

const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// A number in a sentence: six digits, all of them on hover.
const numeral = (x, className = "") => {
  const element = make("span", className, six(x));
  element.title = repr(x);
  return element;
};

// A name for a narrow column: `l.0.n.2.w.1` for `layers.0.neurons.2.w.1`.
const brief = (name) => (name.length > 15 ? name.replace(/\p{L}{4,}(?=\.)/gu, (word) => word[0]) : name);
