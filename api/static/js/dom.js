// Making elements without innerHTML: what a font calls itself is only ever text.

/** An element with properties, `data-` attributes (`data: {...}`) and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { data = {}, aria = {}, ...rest } = properties;
  Object.assign(element, rest);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(aria)) {
    element.setAttribute(name === "role" ? "role" : `aria-${name}`, value);
  }
  element.append(...children.filter((child) => child != null && child !== ""));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Show `text` in an alert, or hide it when there is none. */
export function tell(element, text) {
  element.textContent = text || "";
  element.hidden = !text;
}

/** `action` once, `wait` milliseconds after the last call. */
export function debounce(action, wait) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), wait);
  };
}
