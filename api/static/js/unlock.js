// A page that the service shows to nobody without the token: it is asked for, then the page comes.
import { byId } from "./dom.js";
import { anyToken, fetched, showPrivate, token } from "./token.js";
import { askForToken, tokenForm } from "./tokenform.js";

const form = byId("token-form"); // not there where there may be nothing to open

if (form) tokenForm("read", open);
if (await anyToken()) await open();
else if (form) askForToken(true);

/** Asks for this page again, with the token, and puts it in place. */
async function open() {
  const answer = await fetched(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!form && !answer?.ok) return; // as much as is here already
  if (answer?.status === 401) { askForToken(true, "The token that was kept opens nothing any more."); return; }
  if (!answer) { askForToken(true, "The server cannot be reached. Is it still running?"); return; }
  await put(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

async function put(page) {
  const here = new Set([...document.querySelectorAll("style")].map((style) => style.textContent));
  const styles = [...page.querySelectorAll("style")].filter((style) => !here.has(style.textContent));
  document.head.append(...styles.map((style) => document.importNode(style, true)));
  const scripts = [...page.querySelectorAll("script[type=module]")].map(({ src }) => src);
  showPrivate();
  document.title = page.title;
  document.body.dataset.unlocked = "";
  document.body.replaceChildren(...page.body.childNodes);
  for (const src of scripts) if (token()) await import(src);
  const place = byId(decodeURIComponent(location.hash.slice(1))) ?? byId("main");
  place.tabIndex = -1; // the keyboard goes on there
  place.focus({ preventScroll: place.id === "main" });
}
