// A family in a list, with its specimen.
import { call } from "./api.js";
import { make } from "./dom.js";
import { page, specimen } from "./results.js";
import * as words from "./words.js";

/** A row with the family's facts and `action` (an element) beside them, when there is one. */
export function familyRow(family, action) {
  const picture = make("div", { className: "specimen" });
  whenSeen(picture, async () => {
    const { faces } = await call(`/v1/families/${encodeURIComponent(family.id)}`);
    const face = faces.reduce((a, b) => (far(b) < far(a) ? b : a));
    picture.replaceWith(specimen(face.preview_url, `${family.name}, ${words.face(face)}`));
  });
  return make("li", { className: "match", data: { family: family.id } }, picture,
    make("div", { className: "match-head" },
      make("h3", {}, make("a", { href: page(family) }, family.name)), action || null),
    make("p", { className: "facts" },
      make("span", {}, words.category(family.category)),
      make("span", { className: "licence" }, words.licence(family.license))));
}

/** How far a face is from Regular upright. */
const far = ({ weight, italic }) => Math.abs(weight - 400) + (italic ? 50 : 0);

function whenSeen(element, action) {
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    action().catch(() => element.replaceChildren("No specimen"));
  }, { rootMargin: "200px" });
  watcher.observe(element);
}
