// The fonts of a picture: its lines, grouped by the font that they are set in.
import { make } from "./dom.js";
import * as words from "./words.js";

const READABLE = 0.5; // confidence below which a text may be no text at all
const NAMED = 0.6; // confidence from which a font is called by its name

const area = ({ box: [x0, y0, x1, y1] }) => (x1 - x0) * (y1 - y0);
const sum = (regions) => regions.reduce((total, region) => total + area(region), 0);

/** Does the line hold words? Rules and ornaments are found too, and read as a letter at most. */
export const legible = ({ text, text_confidence: sure }) => sure >= READABLE && /[\p{L}\p{N}].*[\p{L}\p{N}]/u.test(text);

/** [{regions, lead, matches}] of an answer: the font with most of the picture first, its most
 *  prominent line as `lead`. Lines that nobody can read make no font when others can be read. */
export function fontsOf({ regions }) {
  const read = regions.filter(legible);
  const groups = new Map();
  for (const region of read.length ? read : regions) {
    const [first] = region.matches;
    if (!first) continue;
    const key = first.face.id;
    groups.set(key, [...(groups.get(key) ?? []), region]);
  }
  return [...groups.values()].sort((a, b) => sum(b) - sum(a)).map((own) => {
    const lead = own.reduce((a, b) => (area(b) > area(a) ? b : a));
    return { regions: own, lead, matches: lead.matches };
  });
}

/** What the list is called. */
export function title({ regions }, fonts) {
  const many = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  const lines = many(regions.filter(legible).length || regions.length, "line");
  return `${lines} in ${many(fonts.length, "font")}`;
}

/** A button for each font; `onChoose(font)`. `current` is the one whose rows are shown. */
export function fontButtons(fonts, current, onChoose) {
  const names = fonts.map(({ matches: [{ family }] }) => family.name);
  return fonts.map((font, index) => {
    const [{ family, face, confidence }] = font.matches;
    const shared = names.filter((name) => name === family.name).length > 1;
    const name = shared ? `${family.name} ${words.face(face)}` : family.name;
    const button = make("button", { type: "button", className: "font", aria: { pressed: String(font === current) } },
      make("b", {}, confidence >= NAMED ? name : `like ${name}`),
      font.lead.text ? make("span", {}, `“${font.lead.text}”`) : null);
    button.addEventListener("click", () => onChoose(font, index));
    return make("li", {}, button);
  });
}
