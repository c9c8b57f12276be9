// The calls: lines to copy follow the forms, and a form can be sent.
import { copying } from "./copy.js";
import { byId, make } from "./dom.js";
import { follow } from "./part.js";
import { sure } from "./sure.js";
import { authorized, forget, keep, token } from "./token.js";

const MOST = 20_000; // characters of an answer that are shown

copying();
byId("token").value = token();
byId("token").addEventListener("change", takeToken);
byId("token-form").addEventListener("submit", (event) => { event.preventDefault(); takeToken(); });

for (const section of document.querySelectorAll(".call")) {
  const form = section.querySelector("form");
  follow(form, `${section.id}-code`, [], () => { if (meant(section, form)) send(section, form); });
  needSome(form, Number(section.dataset.least ?? 0));
  form.addEventListener("invalid", ({ target }) => { // what is wrong must be seen to be told
    const folded = target.closest("details");
    if (folded) folded.open = true;
  }, true);
}

/** Keeps what the field holds, and says so: the field looks the same before and after. */
function takeToken() {
  const text = byId("token").value.trim();
  if (text) keep(text); else forget();
  byId("token-kept").textContent = text ? "The token is kept." : "No token is kept.";
}

/** Keeps a form from being sent until `least` of its body's fields are filled in, no matter which. */
function needSome(form, least) {
  const fields = [...form.querySelectorAll("[data-json]")];
  const say = () => fields[0]?.setCustomValidity(fields.filter(({ value }) => value).length >= least ? ""
    : `Fill in ${least} of these: ${fields.map(({ name }) => name).join(", ")}`);
  form.addEventListener("input", say);
  say();
}

/** Whether the form may be sent: what removes something asks first, and names it. */
function meant(section, form) {
  if (section.dataset.method !== "DELETE") return true;
  const [address] = request(section, form);
  return sure(form.querySelector("button"), "Really delete?", `Really delete ${address}?`);
}

/** Sends the form. How it went is announced, the answer is not read out: it may be long. */
async function send(section, form) {
  const [status, answer] = section.querySelector(".reply").children;
  const say = (className, textContent) => Object.assign(status, { className, textContent });
  say("hint", "Waiting…");
  answer.replaceChildren();
  const started = performance.now();
  try {
    const response = await fetch(...request(section, form));
    const body = await shown(response);
    const facts = [`${response.status} ${response.statusText}`, `${Math.round(performance.now() - started)} ms`,
      response.headers.get("Content-Type") ?? ""].filter(Boolean).join(" · ");
    answer.replaceChildren(...body);
    say(response.ok ? "good" : "bad", facts);
  } catch {
    say("bad", "The server cannot be reached. Is it still running?");
  }
}

/** The address and options of fetch that the form stands for. */
function request(section, form) {
  const { method, path, body } = section.dataset;
  const query = new URLSearchParams();
  const [files, json] = [new FormData(), {}];
  let address = path;
  for (const field of form.elements) {
    if (!field.name || field.name === "call" || !field.value) continue;
    if (field.type === "file") for (const file of field.files) files.append(field.name, file, file.name);
    else if (field.dataset.json) json[field.name] = field.dataset.json === "string" ? field.value : JSON.parse(field.value);
    else if (path.includes(`{${field.name}}`)) address = address.replace(`{${field.name}}`, encodeURIComponent(field.value));
    else query.append(field.name, field.value);
  }
  const headers = { ...authorized() };
  if (body === "json") headers["Content-Type"] = "application/json";
  return [query.size ? `${address}?${query}` : address, { method, headers,
    body: body === "files" ? files : body === "json" ? JSON.stringify(json) : undefined }];
}

async function shown(response) {
  if (response.headers.get("Content-Type")?.startsWith("image/")) {
    const image = make("img", { alt: "The answer" });
    image.src = URL.createObjectURL(await response.blob());
    return [image];
  }
  const text = await response.text();
  if (!text) return [];
  let pretty = text;
  try { pretty = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is no JSON: as it came */ }
  const cut = pretty.length > MOST ? `${pretty.slice(0, MOST)}\n… ${pretty.length - MOST} characters more` : pretty;
  return [make("pre", { tabIndex: 0, aria: { label: "Answer" } }, make("code", {}, cut))];
}
