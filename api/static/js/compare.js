// The picture's line and the same words in a match's face, one over the other.
import { make } from "./dom.js";

const DIFFERS = 0.8; // likeness of a letter below which it is named
const NAMED = 4; // letters at most

/** A closed panel; `name` is the face's, for those who cannot see it. */
export function compare({ picture, drawing, overlay, width, height, letters }, name) {
  const below = image(picture, "Your picture");
  const above = image(drawing, `The same words in ${name}`);
  const both = image(overlay, `Both: red is only in your picture, blue only in ${name}`);
  const stage = make("div", { className: "laid" }, below, above, both, make("i", { aria: { hidden: "true" } }));
  stage.style.aspectRatio = `${width} / ${height}`;
  const slider = make("input", { type: "range", min: 0, max: 100, value: 50,
    aria: { label: `Slide between your picture and ${name}` } });
  const slide = () => { stage.style.setProperty("--at", `${slider.value}%`); stage.classList.remove("both"); toggle.setAttribute("aria-pressed", "false"); };
  const toggle = make("button", { type: "button", className: "button quiet", aria: { pressed: "false" } }, "Lay over");
  toggle.addEventListener("click", () => toggle.setAttribute("aria-pressed", String(stage.classList.toggle("both"))));
  slider.addEventListener("input", slide);
  slide();
  return make("details", { className: "compare" },
    make("summary", {}, "Compare the letters"),
    stage,
    make("div", { className: "laid-tools" }, make("span", {}, "picture"), slider, make("span", {}, "font"), toggle),
    make("p", { className: "hint" }, sentence(letters)));

  function image(source, alt) {
    return make("img", { src: source, alt, width, height, draggable: false });
  }
}

/** Which letters differ, the least alike first. */
export function sentence(letters) {
  const least = new Map();
  for (const { letter, alike } of letters) least.set(letter, Math.min(alike, least.get(letter) ?? 1));
  const apart = [...least].filter(([, alike]) => alike < DIFFERS).sort((a, b) => a[1] - b[1]);
  if (!apart.length) return "No letter differs visibly.";
  const named = apart.slice(0, NAMED).map(([letter]) => `“${letter}”`).join(", ");
  return `Look at ${named}${apart.length > NAMED ? ` and ${apart.length - NAMED} more` : ""}.`;
}
