// Numbers and codes in words.
import { byId } from "./dom.js";

// The page brings what its server calls the codes of the catalogue (api/words.py).
const SAID = JSON.parse(byId("main").dataset.words);
const WEIGHTS = {
  100: "Thin", 200: "Extra Light", 300: "Light", 400: "Regular", 500: "Medium",
  600: "Semi Bold", 700: "Bold", 800: "Extra Bold", 900: "Black",
};

export const licence = (code) => SAID.licences[code] ?? code;

/** Empty for a family that nobody has sorted. */
export const category = (code) => SAID.categories[code] ?? code;

/** "Bold 700 Italic" */
export function face({ weight, italic }) {
  const word = WEIGHTS[weight];
  return [word, weight, italic ? "Italic" : ""].filter(Boolean).join(" ");
}

// Least score of each word.
const SCORES = [[0.91, "the same letters"], [0.85, "very close"], [0.65, "similar"], [0, "distant kin"]];

export const score = (value) => SCORES.find(([least]) => value >= least)[1];

const CLOSE = SCORES[1][0];
const KNOWN = 0.3; // chance below which a font is perhaps not in the catalogue, as the service has it

/** The headline of a search that failed. */
export const failure = ({ status, problem }) =>
  status === 401 ? "This server asks for a token"
  : status ? problem.title ?? "That did not work" : "No answer from the server";

/** The headline of an answer and the sentence below it; `filtered` if it leaves families out. */
export function verdict(answer, filtered) {
  const [best] = answer.matches;
  switch (answer.verdict) {
    case "no_text":
      return ["No text found", "Crop closer to a line of letters, or try a sharper picture."];
    case "match": {
      const close = best.score >= CLOSE;
      if (filtered && !close) return ["No certain match", "These families come closest among those that pass the filters."];
      const sure = close && best.confidence >= 0.85 ? "This is" : "Most likely";
      return [`${sure} ${best.family.name}`, `Its closest face: ${face(best.face)}.`];
    }
    case "similar":
      return answer.known < KNOWN
        ? ["Perhaps not in the catalogue", "These are its kin: the closest families that are."]
        : ["No certain match", "These families come closest."];
    default:
      return best
        ? ["Not in the catalogue", "These are its kin: the closest families that are."]
        : ["Nothing passes the filters", "Take a filter away to see more families."];
  }
}
