// Elements without a framework. Text always goes in as text, so names from the data are harmless.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes ("on..." are listeners, null is left out) and children (text or elements). */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set text only where it differs. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Calls `build` with the key again only if the key (any JSON) has changed since the last call. */
export function onChange(build) {
  let last;
  return (key, ...rest) => {
    const now = JSON.stringify(key);
    if (now === last) return false;
    last = now;
    build(key, ...rest);
    return true;
  };
}
