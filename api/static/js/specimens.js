// All specimens of a page in the reader's own text, while it is typed.
import { byId, debounce } from "./dom.js";

/** What the field says now. */
export const said = () => byId("said").value.trim();

/** Keeps specimens, links to families and the page's own address at what the field says. */
export function specimens(onChange = () => {}) {
  byId("said").addEventListener("input", debounce(() => {
    const text = said();
    for (const image of document.querySelectorAll("img[data-preview]")) {
      image.src = withText(image.dataset.preview, text);
    }
    for (const link of document.querySelectorAll("main a[href^='/families/'], main a[href^='/browse?']")) {
      link.setAttribute("href", withText(link.getAttribute("href"), text));
    }
    history.replaceState(null, "", withText(location.pathname + location.search + location.hash, text));
    onChange(text);
  }, 200));
}

/** The same address asking for `text`; for none when it is empty. */
export function withText(address, text) {
  const url = new URL(address, location.origin);
  if (text) url.searchParams.set("text", text);
  else url.searchParams.delete("text");
  return url.pathname + url.search + url.hash;
}
