// A part of a page that the server draws again when its form changes: no second template.
import { byId, debounce, tell } from "./dom.js";
import { fetched } from "./token.js";

/** The page at `url` as a document; an error in the server's words when it is none. */
export async function pageAt(url) {
  let response;
  try {
    response = await fetched(url, { headers: { Accept: "text/html" } });
  } catch {
    throw new Error("The server cannot be reached. Is it still running?");
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!response.ok) throw new Error(page.querySelector(".lead")?.textContent ?? `The server answered ${response.status}.`);
  return page;
}

/** The address of what the form asks for, without what is blank and without files. */
export function addressOf(form) {
  const given = [...new FormData(form)].filter(([, value]) => value && typeof value === "string");
  const asked = new URLSearchParams(given);
  const anchor = form.getAttribute("action")?.match(/#.*/)?.[0] ?? "";
  return location.pathname + (asked.size ? `?${asked}` : "") + anchor;
}

/** Draws the element `id` (and those of `also`, their text alone) anew when `form` changes.
 *  Fields with `data-apart` change without it. The address follows, so that it can be shared.
 *  `onSubmit` is what sending the form does, when it is not this. */
export function follow(form, id, also = [], onSubmit = null) {
  let newest = 0;
  const load = async () => {
    const mine = ++newest;
    const url = addressOf(form);
    const late = setTimeout(() => byId(id).setAttribute("aria-busy", "true"), 150);
    try {
      const page = await pageAt(url);
      if (mine !== newest) return;
      byId(id).replaceChildren(...page.getElementById(id).childNodes);
      for (const other of also) byId(other).textContent = page.getElementById(other).textContent;
      history.replaceState(null, "", url);
      tell(byId("error"), "");
    } catch (error) {
      if (mine === newest) tell(byId("error"), error.message);
    } finally {
      clearTimeout(late);
      if (mine === newest) byId(id).removeAttribute("aria-busy");
    }
  };
  const soon = debounce(load, 120);
  form.addEventListener("input", ({ target }) => { if (!("apart" in target.dataset)) soon(); });
  form.addEventListener("submit", (event) => { event.preventDefault(); (onSubmit ?? load)(); });
}
