// An own family in the list: look at it, find it, rename, publish, remove.
import { call } from "./api.js";
import { make } from "./dom.js";
import { page, specimen } from "./results.js";
import { authorized, token } from "./token.js";
import * as words from "./words.js";

const WORD = "Hamburgefonstiv"; // what it is searched with
const addressOf = (family) => `/v1/families/${encodeURIComponent(family.id)}`;

/** The row; `onChange(text)` after something was changed, `onError(error)` when it was not. */
export function ownRow(family, onChange, onError) {
  const found = make("p", { className: "found hint", role: "status" });
  const row = make("li", { className: "match", data: { family: family.id } },
    specimen(family.preview_url, ""),
    make("div", { className: "match-head" }, make("h3", {}, make("a", { href: page(family) }, family.name))),
    make("p", { className: "facts" },
      make("span", {}, `${family.faces} ${family.faces === 1 ? "face" : "faces"}`),
      make("span", {}, words.licence(family.license)),
      make("span", { className: family.public ? "" : "own" }, family.public ? "everybody finds it" : "only you find it")));
  if (token()) {
    const change = async (text, options) => {
      try {
        await call(addressOf(family), { ...options, headers: { ...authorized(), "Content-Type": "application/json" } });
        onChange(text);
      } catch (error) { onError(error); }
    };
    const patch = (text, body) => change(text, { method: "PATCH", body: JSON.stringify(body) });
    row.append(make("div", { className: "own-tools" },
      button("Find it", `Find ${family.name}`, () => find(family, found).catch(onError)),
      button("Rename", `Rename ${family.name}`, ({ currentTarget }) => rename(row, family, currentTarget, patch)),
      button(family.public ? "Make private" : "Publish", `${family.public ? "Make private" : "Publish"} ${family.name}`,
        () => patch(`${family.name} is ${family.public ? "private" : "public"} now.`, { public: !family.public })),
      removal(family, () => change(`${family.name} was removed.`, { method: "DELETE" }))), found);
  }
  return row;
}

const button = (text, label, action) => {
  const made = make("button", { type: "button", className: "button quiet", aria: { label } }, text);
  made.addEventListener("click", action);
  return made;
};

/** A field in place of the name; Enter renames, Escape leaves it. */
function rename(row, family, opener, patch) {
  const heading = row.querySelector("h3");
  const field = make("input", { type: "text", value: family.name, maxLength: 120, required: true, aria: { label: `New name of ${family.name}` } });
  const form = make("form", { className: "rename" }, field, make("button", { className: "button quiet" }, "Save"));
  const close = () => { form.replaceWith(heading); opener.focus(); };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = field.value.trim();
    if (name && name !== family.name) patch(`${family.name} is called ${name} now.`, { name });
    else close();
  });
  field.addEventListener("keydown", ({ key }) => { if (key === "Escape") close(); });
  heading.replaceWith(form);
  field.select();
}

/** "Remove", and the same button again to be sure. */
function removal(family, remove) {
  const made = button("Remove", `Remove ${family.name}`, () => {
    if (made.dataset.sure) { remove(); return; }
    made.dataset.sure = "yes";
    made.textContent = "Really remove?";
    made.setAttribute("aria-label", `Really remove ${family.name}?`);
  });
  made.addEventListener("blur", () => {
    delete made.dataset.sure;
    made.textContent = "Remove";
    made.setAttribute("aria-label", `Remove ${family.name}`);
  });
  return made;
}

/** Searches with a word that is set in the family, as anybody's picture would be. */
async function find(family, found) {
  found.textContent = "Searching…";
  const answer = await fetch(`${family.preview_url}?text=${WORD}`, { headers: authorized() });
  const form = new FormData();
  form.append("image", await answer.blob(), "word.png");
  const { matches } = await call("/v1/search?k=10", { method: "POST", body: form, headers: authorized() });
  const at = matches.findIndex((match) => match.family.id === family.id || match.twins.some(({ id }) => id === family.id));
  const others = matches.filter((_, rank) => rank !== at).slice(0, 3).map((match) =>
    make("a", { href: page(match.family) }, match.family.name));
  found.replaceChildren(
    at < 0 ? `Not among the first ten for “${WORD}”. ` : `Found: number ${at + 1} for “${WORD}”, ${words.score(matches[at].score)} (${matches[at].score.toFixed(2)}). `,
    others.length ? "Its kin: " : "", ...others.flatMap((link, i) => (i ? [", ", link] : [link])));
}
