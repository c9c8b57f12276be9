// An own family in the list: look at it, find it, rename, publish, remove.
import { page, search } from "./addresses.js";
import { call } from "./api.js";
import { make } from "./dom.js";
import { sure } from "./sure.js";
import { authorized } from "./token.js";
import * as words from "./words.js";

const addressOf = (family) => `/v1/families/${encodeURIComponent(family.id)}`;

/** The row, with `tools` for who may write, where the family is theirs; `onChange(text)` after something was changed, `onError(error)` when it was not. */
export function ownRow(family, tools, onChange, onError) {
  const row = make("li", { className: "match", data: { family: family.id } },
    specimen(family.preview_url),
    make("div", { className: "match-head" }, make("h3", {}, make("a", { href: page(family) }, family.name))),
    make("p", { className: "facts" },
      make("span", {}, `${family.faces} ${family.faces === 1 ? "face" : "faces"}`),
      make("span", { className: family.public ? "" : "own" }, family.public ? "everybody finds it" : "only you find it"),
      make("span", { className: "licence" }, words.licence(family.license))));
  if (tools && family.mine) {
    const change = async (text, options) => {
      try {
        await call(addressOf(family), { ...options, headers: { ...authorized(), "Content-Type": "application/json" } });
        onChange(text);
      } catch (error) { onError(error); }
    };
    const patch = (text, body) => change(text, { method: "PATCH", body: JSON.stringify(body) });
    row.append(make("div", { className: "own-tools" },
      make("a", { className: "button quiet", href: search(family.preview_url.split("/")[3]), aria: { label: `Find ${family.name}` } }, "Find it"),
      button("Rename", `Rename ${family.name}`, ({ currentTarget }) => rename(row, family, currentTarget, patch)),
      button(family.public ? "Make private" : "Publish", `${family.public ? "Make private" : "Publish"} ${family.name}`,
        () => patch(`${family.name} is ${family.public ? "private" : "public"} now.`, { public: !family.public })),
      removal(family, () => change(`${family.name} was removed.`, { method: "DELETE" }))));
  }
  return row;
}

/** A picture of a face that keeps its room while it loads. */
function specimen(url) {
  const image = make("img", { className: "specimen", src: url, alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("lost", () => image.replaceWith(make("p", { className: "specimen none" }, "No specimen")));
  return image;
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

const removal = (family, remove) => button("Remove", `Remove ${family.name}`, ({ currentTarget }) => {
  if (sure(currentTarget, "Really remove?", `Really remove ${family.name}?`)) remove();
});
