// Own fonts: a token, files on their way, and what is there.
import { call } from "./api.js";
import { byId, tell } from "./dom.js";
import { drops } from "./intake.js";
import { ownRow } from "./ownrow.js";
import { authorized, forget, keep, token } from "./token.js";
import { Upload } from "./upload.js";

const writable = byId("main").dataset.writable === "yes";

if (writable) {
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    use(byId("token").value.trim(), byId("remember").checked);
  });
  byId("forget").addEventListener("click", () => drop(""));
  byId("file").addEventListener("change", ({ target }) => {
    addAll([...target.files]);
    target.value = "";
  });
  drops((files) => (token() ? addAll(files) : tell(byId("token-error"), "A token is needed first.")));
  if (token()) check(token()).catch((error) => drop(error.message));
}
refresh();

/** What the token opens; throws for one that opens nothing, or only reading. */
async function check(text) {
  const grant = await call("/v1/token", { headers: { Authorization: `Bearer ${text}` } });
  if (!grant.scopes.includes("write")) throw new Error("This token may only read: one with the scope “write” is needed.");
  const who = grant.name ? `You are here as ${grant.name}` : "You are here with the server’s own token";
  byId("who").textContent = grant.expires ? `${who}, until ${grant.expires}.` : `${who}.`;
}

async function use(text, onThisComputer) {
  try {
    await check(text);
  } catch (error) {
    tell(byId("token-error"), error.message);
    byId("token").select();
    return;
  }
  keep(text, onThisComputer);
  byId("token").value = "";
  await refresh();
  byId("file").focus();
}

function drop(reason) {
  forget();
  refresh();
  tell(byId("token-error"), reason);
  byId("token").focus();
}

function refresh() {
  if (writable) {
    byId("token-form").hidden = Boolean(token());
    byId("add").hidden = !token();
    tell(byId("token-error"), "");
  }
  return list();
}

/** One file after the other, so that each shows its own progress and its own reason. */
async function addAll(files) {
  const say = (text) => { byId("progress").textContent = text; };
  const uploads = files.map((file) => new Upload(file, say));
  byId("uploads").prepend(...uploads.map(({ row }) => row));
  for (const upload of uploads) {
    if (!token()) { upload.skip("not sent: the token is missing"); continue; }
    try {
      await upload.send();
      await list();
    } catch (error) {
      drop(error.message);
    }
  }
}

async function list() {
  try {
    const { items } = await call("/v1/families?source=own&limit=200", { headers: authorized() });
    byId("own").replaceChildren(...items.map((family) => ownRow(family, changed, failed)));
    byId("own-empty").hidden = items.length > 0;
    tell(byId("own-error"), "");
  } catch (error) {
    if (error.status !== 401 || !writable) tell(byId("own-error"), error.message);
  }
  byId("own").removeAttribute("aria-busy");
}

function changed(text) {
  byId("own-status").textContent = text;
  return list();
}

function failed(error) {
  if (error.status === 401) drop(error.message);
  else tell(byId("own-error"), error.message);
}
