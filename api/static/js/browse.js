// All families: the list follows the form, and grows when its end comes near.
import { byId, tell } from "./dom.js";
import { addressOf, follow, pageAt } from "./part.js";
import { specimens } from "./specimens.js";
import { showPrivate, token } from "./token.js";

const MOST = 200; // rows that an address can ask for
const form = byId("search");
byId("said").dataset.apart = "";
follow(form, "results", ["count"]);
specimens();
showPrivate();
// A page is asked for without the token: what only its holder sees comes with the script.
if (token() && !("unlocked" in document.body.dataset)) form.requestSubmit();

const watcher = new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) more();
}, { rootMargin: "800px" });
const watch = () => { watcher.disconnect(); if (byId("more")) watcher.observe(byId("more")); };
new MutationObserver(watch).observe(byId("results"), { childList: true });
watch();

byId("results").addEventListener("click", (event) => {
  if (!event.target.closest("#more")) return;
  event.preventDefault();
  more();
});

/** Puts the next rows below the last one; nothing above moves. */
async function more() {
  const button = byId("more");
  if (!button || button.ariaBusy) return;
  button.ariaBusy = "true";
  try {
    const page = await pageAt(button.getAttribute("href"));
    if (!button.isConnected) return; // the form has changed meanwhile
    const list = document.querySelector("#results .families");
    const focused = document.activeElement === button;
    const rows = [...page.querySelectorAll("#results .match")];
    list.append(...rows);
    const next = page.getElementById("more");
    if (next) button.replaceWith(next);
    else button.remove();
    if (focused) rows[0]?.querySelector("h2 a").focus();
    const url = new URL(addressOf(form), location.origin);
    url.searchParams.set("limit", Math.min(list.children.length, MOST));
    history.replaceState(null, "", url);
  } catch (error) {
    button.ariaBusy = null;
    watcher.disconnect(); // the button is there to try again
    tell(byId("error"), error.message);
  }
}
