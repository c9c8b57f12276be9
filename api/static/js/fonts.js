// Own fonts: add with the token, see what was read or refused and why, remove.
import { call } from "./api.js";
import { byId, make, tell } from "./dom.js";
import { drops } from "./intake.js";
import { page, specimen } from "./results.js";
import * as words from "./words.js";

const KEY = "fontkin-token";
const writable = byId("main").dataset.writable === "yes";
const token = () => sessionStorage.getItem(KEY) || "";
const authorized = () => ({ Authorization: `Bearer ${token()}` });

if (writable) {
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, byId("token").value.trim());
    byId("token").value = "";
    refresh();
    byId("file").focus();
  });
  byId("forget").addEventListener("click", () => forget(""));
  byId("file").addEventListener("change", ({ target }) => {
    addAll([...target.files]);
    target.value = "";
  });
  drops((files) => token() && addAll(files));
}
refresh();

function forget(reason) {
  sessionStorage.removeItem(KEY);
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
  const rows = files.map((file) => {
    const status = make("span", { className: "status" }, "waiting");
    const row = make("li", { className: "upload" }, make("b", {}, file.name), status);
    byId("uploads").prepend(row);
    return { file, row, status };
  });
  for (const entry of rows) {
    if (token()) await add(entry);
    else entry.status.textContent = "not sent: the token is missing";
  }
  await list();
}

async function add({ file, row, status }) {
  status.textContent = "reading…";
  row.dataset.state = "busy";
  const form = new FormData();
  form.append("file", file, file.name);
  try {
    const report = await call("/v1/fonts", { method: "POST", body: form, headers: authorized() });
    row.dataset.state = "added";
    status.textContent = outcome(report);
  } catch (error) {
    row.dataset.state = error.status === 409 ? "there" : "refused";
    status.textContent = error.status === 409 ? "in the catalogue already" : reason(error);
    if (error.status === 401) forget(error.message);
  }
}

/** What became of a file, or of the files of an archive. */
function outcome({ added, duplicates, refused }) {
  return [
    ...added.map(({ family, faces }) => `added: ${family.name}, ${faces.length} ${faces.length === 1 ? "face" : "faces"}`),
    ...duplicates.map(({ name }) => `${name} is in the catalogue already`),
    ...refused.map(({ name, reason: why }) => `${name} was refused: ${why}`),
  ].join("; ");
}

const reason = (error) => {
  const [first] = error.problem?.refused ?? [];
  return first ? `refused: ${first.reason}` : error.message;
};

async function list() {
  try {
    const { items } = await call("/v1/families?source=own&limit=200", { headers: token() ? authorized() : {} });
    byId("own").replaceChildren(...items.map((family) => familyRow(family, token() && removal(family))));
    byId("own-empty").hidden = items.length > 0;
    tell(byId("own-error"), "");
  } catch (error) {
    tell(byId("own-error"), error.message);
  }
}

function familyRow(family, action) {
  return make("li", { className: "match", data: { family: family.id } },
    specimen(family.preview_url, family.name),
    make("div", { className: "match-head" },
      make("h3", {}, make("a", { href: page(family) }, family.name)), action || null),
    make("p", { className: "facts" }, make("span", { className: "licence" }, words.licence(family.license))));
}

/** "Remove", and the same button again to be sure. */
function removal(family) {
  const button = make("button", { type: "button", className: "button quiet",
    aria: { label: `Remove ${family.name}` } }, "Remove");
  button.addEventListener("blur", () => { delete button.dataset.sure; button.textContent = "Remove"; });
  button.addEventListener("click", async () => {
    if (!button.dataset.sure) {
      button.dataset.sure = "yes";
      button.textContent = "Really remove?";
      button.setAttribute("aria-label", `Really remove ${family.name}?`);
      return;
    }
    try {
      await call(`/v1/families/${encodeURIComponent(family.id)}`, { method: "DELETE", headers: authorized() });
      byId("own-status").textContent = `${family.name} was removed.`;
    } catch (error) {
      if (error.status === 401) forget(error.message);
      else tell(byId("own-error"), error.message);
    }
    await list();
  });
  return button;
}
