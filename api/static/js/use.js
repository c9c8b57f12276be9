// How to get a family, and the lines to copy that put it on a page or into a project.
import { make } from "./dom.js";

const GENERIC = { "sans-serif": "sans-serif", serif: "serif", monospace: "monospace", handwriting: "cursive", display: "system-ui" };

/** Where all files of a family are had as one zip; "" for own fonts, which are at hand already. */
export const download = ({ id, source }) =>
  source === "google" ? `https://api.fontsource.org/v1/download/${encodeURIComponent(id)}` : "";

/** [what, code] pairs for a match; own fonts have none. */
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

/** A copy button for each line, the family's `links`, and where what was copied is shown. */
export function use(match, links) {
  const lines = snippets(match);
  if (!lines.length) return links;
  const copied = make("p", { className: "copied", aria: { role: "status" } });
  const buttons = lines.map(([what, code]) => {
    const button = make("button", { type: "button", className: "act", title: code, aria: { label: `Copy ${what}` } }, what);
    button.addEventListener("click", () => copy(code, copied));
    return button;
  });
  const group = { className: "use", aria: { role: "group", label: `Copy for ${match.family.name}` } };
  return [make("div", group, make("span", { aria: { hidden: "true" } }, "Copy"), ...buttons), ...links, copied];
}

async function copy(text, status) {
  const code = make("code", {}, text);
  try {
    await navigator.clipboard.writeText(text);
    status.replaceChildren("Copied ", code);
  } catch {
    // Without a safe connection the clipboard is closed: the line is marked, Ctrl+C takes it.
    status.replaceChildren("Press Ctrl+C ", code);
    getSelection().selectAllChildren(code);
  }
}
