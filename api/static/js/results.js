// Ranked families as a list; nothing here fetches.
import { compare } from "./compare.js";
import { make } from "./dom.js";
import { use } from "./use.js";
import * as words from "./words.js";

/** What the most prominent line in the answer's font says; "" when nothing could be read. */
export function reading({ matches, regions }) {
  const first = matches[0]?.family.id;
  const area = ({ box: [x0, y0, x1, y1] }) => (x1 - x0) * (y1 - y0);
  const own = regions.filter((region) => region.text && region.matches[0]?.family.id === first);
  return own.sort((a, b) => area(b) - area(a))[0]?.text ?? "";
}

/** One row of the answer, its specimen showing `text` where the font can be drawn here.
 *  `difference` lays the match's face over the picture, where it was drawn. */
export function row(match, text, difference) {
  const { family, face, twins } = match;
  const url = text ? `${match.preview_url}?text=${encodeURIComponent(text.slice(0, 80))}` : match.preview_url;
  const item = make("li", { className: "match", data: { family: family.id } },
    specimen(url, `${family.name}, ${words.face(face)}`),
    make("div", { className: "match-head" }, name(family), score(match.score)),
    make("p", { className: "facts" },
      make("span", {}, words.category(family.category)),
      make("span", {}, `best: ${words.face(face)}`),
      make("span", { className: "licence" }, words.licence(family.license)),
      family.source === "own" ? make("span", { className: "own" }, "Your font") : null,
      make("span", {}, make("a", { href: page(family), target: "_blank" }, "faces and kin"))),
  );
  if (twins.length) item.append(twinLine(twins));
  const panels = [difference && compare(difference, `${family.name}, ${words.face(face)}`), use(match)];
  item.append(make("div", { className: "panels" }, ...panels.filter(Boolean)));
  return item;
}

/** A picture of the face that keeps its room while it loads. */
export function specimen(url, alt) {
  const image = make("img", { className: "specimen", src: url, alt, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => {
    image.replaceWith(make("p", { className: "specimen none" }, "No specimen"));
  });
  return image;
}

/** Where all of a family is shown. */
export const page = (family) => `/families/${encodeURIComponent(family.id)}`;

/** The family's name, linked to its own page when it has one. */
function name(family) {
  const title = family.url?.startsWith("https://")
    ? make("a", { href: family.url, target: "_blank", rel: "noopener noreferrer" }, family.name)
    : family.name;
  return make("h3", {}, title);
}

function score(value) {
  const bar = make("i", {});
  bar.style.width = `${Math.round(Math.min(Math.max(value, 0), 1) * 100)}%`;
  return make("p", { className: "score" },
    make("span", {}, words.score(value)),
    make("span", { className: "number" }, value.toFixed(2)),
    make("span", { className: "bar", aria: { hidden: "true" } }, bar));
}

function twinLine(twins) {
  const names = twins.map((twin) => twin.name);
  const shown = names.slice(0, 4).join(", ");
  const rest = names.length > 4 ? ` and ${names.length - 4} more` : "";
  return make("p", { className: "twins" }, `The same drawing: ${shown}${rest}`);
}

/** Outlines of the lines that were found; `onChoose(box)` when one is chosen by keyboard. */
export function lines(regions, [width, height], onChoose) {
  return regions.map(({ box, text }, index) => {
    const [x0, y0, x1, y1] = box;
    const what = text ? `Line ${index + 1}, “${text}”` : `Line ${index + 1}`;
    const button = make("button", { type: "button", className: "line",
      aria: { label: `${what}: search this line only` } });
    button.style.left = `${(x0 / width) * 100}%`;
    button.style.top = `${(y0 / height) * 100}%`;
    button.style.width = `${((x1 - x0) / width) * 100}%`;
    button.style.height = `${((y1 - y0) / height) * 100}%`;
    button.addEventListener("click", (event) => {
      if (event.detail === 0) onChoose(box); // a real click is a gesture of the crop
    });
    return button;
  });
}

/** Rows without content, to hold the room of an answer that is on its way. */
export function skeleton(count) {
  return Array.from({ length: count }, () =>
    make("li", { className: "match waiting", aria: { hidden: "true" } },
      make("div", { className: "specimen" }), make("div", { className: "match-head" })));
}
