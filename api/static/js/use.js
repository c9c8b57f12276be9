// How to put a family on a page or in a project: lines to copy.
import { make } from "./dom.js";

const GENERIC = { "sans-serif": "sans-serif", serif: "serif", monospace: "monospace", handwriting: "cursive", display: "system-ui" };

/** [what, code] pairs for a match; own fonts are at hand already and have none. */
export function snippets({ family, face }) {
  if (family.source !== "google") return [];
  const name = family.name.replace(/["\\]/g, "");
  const axes = face.italic ? `ital,wght@1,${face.weight}` : `wght@${face.weight}`;
  const query = `family=${encodeURIComponent(family.name).replaceAll("%20", "+")}:${axes}&display=swap`;
  const style = face.italic ? "; font-style: italic" : "";
  return [
    ["CSS", `font-family: "${name}", ${GENERIC[family.category] ?? "system-ui"}; font-weight: ${face.weight}${style};`],
    ["@import", `@import url("https://fonts.googleapis.com/css2?${query}");`],
    ["npm", `npm install @fontsource/${family.id}`],
  ];
}

/** A closed panel with a copy button beside each line; null when there is nothing to copy. */
export function use(match) {
  const lines = snippets(match);
  if (!lines.length) return null;
  return make("details", { className: "use" },
    make("summary", {}, "Use it"),
    ...lines.map(([what, code]) => {
      const button = make("button", { type: "button", className: "button quiet", aria: { label: `Copy ${what}` } }, "Copy");
      button.addEventListener("click", () => copy(code, button));
      return make("p", { className: "snippet" }, make("span", {}, what), make("code", {}, code), button);
    }));
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // Without a safe connection the clipboard is closed: the line is marked, Ctrl+C takes it.
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}
