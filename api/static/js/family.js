// A family's page: a text tried at several sizes, the kin that pass the filters, lines to copy.
import { copying } from "./copy.js";
import { byId, make } from "./dom.js";
import { follow } from "./part.js";
import { said, specimens } from "./specimens.js";
import { showPrivate } from "./token.js";
import { snippets } from "./use.js";

copying();
showPrivate();
follow(byId("kin-form"), "kin", ["kin-count"]);
specimens(tryIt);
byId("face").addEventListener("change", tryIt);
tell();
if (byId("use")) byId("use").append(...lines(JSON.parse(byId("use").dataset.match)));

/** What puts the family on a page or into a project, each line with a button to copy it. */
function lines(match) {
  return snippets(match).map(([what, code]) =>
    make("p", { className: "snippet" }, make("span", {}, what), make("code", {}, code),
      make("button", { type: "button", className: "button quiet", data: { copy: "" }, aria: { label: `Copy ${what}` } }, "Copy")));
}

/** Draws the text at every size; a picture stays until the new one is there. */
function tryIt() {
  tell();
  const fall = byId("waterfall");
  if (!fall) return;
  const text = encodeURIComponent(said() || fall.dataset.sample);
  for (const row of fall.children) {
    const size = Number(row.dataset.size);
    const url = `${byId("face").value}?text=${text}&size=`;
    row.querySelector("img").srcset = `${url}${size} 1x, ${url}${Math.min(2 * size, 200)} 2x`;
  }
}

/** Says which characters of the text the family does not have. */
function tell() {
  const has = new Set(byId("lacking").dataset.characters);
  const lacking = new Set([...said()].filter((c) => !/\s/.test(c) && !has.has(c)));
  byId("lacking").textContent = lacking.size ? `Not in this font: ${[...lacking].join(" ")}` : "";
}
