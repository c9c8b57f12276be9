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
  const here = new Set([...document.styleSheets].map(({ href }) => href));
  const styles = [...page.querySelectorAll("link[rel=stylesheet]")].filter(({ href }) => !here.has(href));
  await Promise.all(styles.map((style) => new Promise((done) => {
    const own = document.importNode(style);
    own.onload = own.onerror = done;
    document.head.append(own);
  })));
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
