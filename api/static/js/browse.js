// All families by name, a page at a time.
import { call } from "./api.js";
import { byId, debounce, tell } from "./dom.js";
import { familyRow } from "./family.js";

let sequence = 0;
let cursor = null;

async function load({ more = false } = {}) {
  const mine = ++sequence;
  const query = new URLSearchParams({ limit: 30 });
  for (const [key, value] of new FormData(byId("search"))) if (value) query.set(key, value);
  if (more) query.set("cursor", cursor);
  try {
    const page = await call(`/v1/families?${query}`);
    if (mine !== sequence) return;
    const rows = page.items.map((family) => familyRow(family));
    if (more) byId("families").append(...rows);
    else byId("families").replaceChildren(...rows);
    cursor = page.next_cursor;
    byId("more").hidden = !cursor;
    const shown = byId("families").children.length;
    byId("count").textContent = shown ? `${shown}${cursor ? " of more" : ""} shown` : "No family has this in its name.";
    tell(byId("error"), "");
  } catch (error) {
    if (mine === sequence) tell(byId("error"), error.message);
  }
}

byId("search").addEventListener("input", debounce(() => load(), 150));
byId("search").addEventListener("submit", (event) => { event.preventDefault(); load(); });
byId("more").addEventListener("click", () => load({ more: true }));
load();
