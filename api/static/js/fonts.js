// Own fonts: a token, files on their way, and what is there.
import { call } from "./api.js";
import { byId, tell } from "./dom.js";
import { drops, unsendable } from "./intake.js";
import { ownRow } from "./ownrow.js";
import { anyToken, forget, showPrivate, token } from "./token.js";
import { askForToken, granted, tokenForm } from "./tokenform.js";
import { Upload } from "./upload.js";

const writable = byId("main").dataset.writable === "yes";
let grant = null; // what the token opens; null without one that may write
let newest = 0; // of the lists that were asked for

showPrivate();
if (writable) {
  tokenForm("write", async (given) => {
    use(given);
    await list();
    byId("file").focus();
  });
  byId("forget").addEventListener("click", () => drop(""));
  byId("file").addEventListener("change", ({ target }) => {
    addAll([...target.files]);
    target.value = "";
  });
  drops((files) => (grant ? addAll(files) : tell(byId("token-error"), "A token is needed first.")));
}
start();

async function start() {
  if (!writable) return list();
  byId("token-form").hidden = Boolean(token());
  if (!await anyToken()) return list();
  if (grant) return; // given in the form meanwhile, which lists
  try {
    use(await granted(token(), "write"));
  } catch (error) {
    if (error.status === 401) return drop(error.message);
    use(null);
    tell(byId("token-error"), error.message); // one that may only read is good for other pages
  }
  return list();
}

/** The form, or room for files, as the token allows. */
function use(given) {
  grant = given;
  byId("token-form").hidden = Boolean(grant);
  byId("add").hidden = !grant;
  if (!grant) return;
  const who = grant.name ? `You are here as ${grant.name}` : "You are here with the server’s own token";
  byId("who").textContent = grant.expires ? `${who}, until ${grant.expires}.` : `${who}.`;
}

function drop(reason) {
  forget();
  use(null);
  list();
  askForToken(true, reason);
}

/** One file after the other, so that each shows its own progress and its own reason. */
async function addAll(files) {
  const say = (text) => { byId("progress").textContent = text; };
  const uploads = files.map((file) => new Upload(file, say));
  byId("uploads").prepend(...uploads.map(({ row }) => row));
  for (const upload of uploads) {
    const problem = grant ? unsendable(upload.file) : "the token is missing";
    if (problem) { upload.skip(`not sent: ${problem}`); continue; }
    try {
      if ((await upload.send()).length) await list();
    } catch (error) {
      drop(error.message);
    }
  }
}

/** Every own family, however many pages that takes; an older list never replaces a newer one. */
async function list() {
  const mine = ++newest;
  try {
    const items = await ownFamilies();
    if (mine !== newest) return;
    byId("own").replaceChildren(...items.map((family) => ownRow(family, Boolean(grant), changed, failed)));
    byId("own-empty").hidden = items.length > 0;
    tell(byId("own-total"), items.length && `${items.length} ${items.length === 1 ? "family" : "families"}.`);
    tell(byId("own-error"), "");
  } catch (error) {
    if (mine !== newest) return;
    if (error.status !== 401 || !writable) tell(byId("own-error"), error.message);
  }
  byId("own").removeAttribute("aria-busy");
}

async function ownFamilies() {
  const items = [];
  let cursor = "";
  while (cursor !== null) {
    const part = await call(`/v1/families?source=own&limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    items.push(...part.items);
    cursor = part.next_cursor;
  }
  return items;
}

function changed(text) {
  byId("own-status").textContent = text;
  return list();
}

function failed(error) {
  if (error.status === 401) drop(error.message);
  else tell(byId("own-error"), error.message);
}
