// The start page: a picture in, ranked families out.
import { Searcher } from "./api.js";
import { Crop } from "./crop.js";
import { byId, debounce, tell } from "./dom.js";
import { intake } from "./intake.js";
import { lines, reading, row, skeleton } from "./results.js";
import { verdict } from "./words.js";

const SPINNER_AFTER = 150; // milliseconds
const [FIRST, MOST] = [5, 20];
const COMPARED = 10; // rows at most that can be laid over the picture
const searcher = new Searcher();
// `text` is what the user says that the picture reads; null while nothing was corrected.
const state = { picture: null, url: "", size: null, k: FIRST, regions: [], text: null };

const crop = new Crop(byId("frame"), byId("crop"), {
  onChange: () => { byId("whole").disabled = !crop.box; state.text = null; searchSoon(); },
  onClick: (x, y) => chooseLine(x, y),
});

intake(show, (text) => tell(byId("intake-error"), text));
byId("another").addEventListener("click", () => byId("file").click());
byId("crop-button").addEventListener("click", () => (crop.box ? byId("crop").focus() : crop.start()));
byId("whole").addEventListener("click", () => { crop.set(null); byId("crop-button").focus(); });
byId("filters").addEventListener("change", () => { state.k = FIRST; search(); });
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("more").addEventListener("click", () => { state.k = MOST; search(); });
addEventListener("resize", fitFrame);

byId("said").addEventListener("input", debounce(correct, 300));
byId("says").addEventListener("submit", (event) => { event.preventDefault(); correct(); });

const searchSoon = debounce(search, 120);

/** Shows `blob` at once and searches it. */
function show(blob) {
  tell(byId("intake-error"), "");
  URL.revokeObjectURL(state.url);
  Object.assign(state, { picture: blob, url: URL.createObjectURL(blob), size: null, k: FIRST, regions: [], text: null });
  byId("says").hidden = true;
  byId("lines").replaceChildren();
  byId("matches").replaceChildren(...skeleton(FIRST));
  byId("main").dataset.state = "ready";
  byId("drop").classList.add("visually-hidden");
  byId("tools").hidden = byId("answer").hidden = false;
  const image = byId("shown");
  image.onload = () => measured(image.naturalWidth, image.naturalHeight);
  image.onerror = () => unseen();
  image.src = state.url;
  byId("whole").disabled = true;
  crop.reset(1, 1);
  scrollTo({ top: 0 });
  search();
}

function measured(width, height) {
  state.size = [width, height];
  byId("frame").hidden = byId("crop-button").hidden = byId("whole").hidden = false;
  byId("no-preview").hidden = true;
  crop.reset(width, height);
  fitFrame();
  drawLines();
}

function unseen() {
  byId("frame").hidden = byId("crop-button").hidden = byId("whole").hidden = true;
  byId("no-preview").hidden = false;
}

/** The largest frame in the stage with the picture's shape; small pictures grow at most 3x. */
function fitFrame() {
  if (!state.size) return;
  const { clientWidth, clientHeight } = byId("stage");
  const [width, height] = state.size;
  const scale = Math.min(clientWidth / width, clientHeight / height, 3);
  byId("frame").style.width = `${width * scale}px`;
  byId("frame").style.height = `${height * scale}px`;
}

function drawLines() {
  if (!state.size) return;
  byId("lines").replaceChildren(...lines(state.regions, state.size, (box) => crop.set(box)));
}

function chooseLine(x, y) {
  const hit = state.regions.find(({ box: [x0, y0, x1, y1] }) => x >= x0 && x < x1 && y >= y0 && y < y1);
  if (hit && !crop.box) crop.set(hit.box);
}

/** Searches again with the words as the user has corrected them. */
function correct() {
  const said = byId("said").value.trim();
  state.text = said || null;
  search();
}

function parameters() {
  const query = new URLSearchParams({ k: state.k, differences: Math.min(state.k, COMPARED) });
  for (const [key, value] of new FormData(byId("filters"))) if (value) query.append(key, value);
  if (crop.box) query.set("crop", crop.box.join(","));
  if (state.text) query.set("text", state.text);
  return query;
}

async function search() {
  if (!state.picture) return;
  const timer = setTimeout(() => { byId("progress").hidden = false; }, SPINNER_AFTER);
  byId("answer").setAttribute("aria-busy", "true");
  try {
    const answer = await searcher.search(state.picture, parameters());
    if (!answer) { clearTimeout(timer); return; }
    tell(byId("answer-error"), "");
    render(answer);
  } catch (error) {
    failed(error);
  }
  clearTimeout(timer);
  byId("progress").hidden = true;
  byId("answer").removeAttribute("aria-busy");
}

function render(answer) {
  const [title, text] = verdict(answer);
  byId("verdict").textContent = title;
  byId("aside").textContent = text;
  byId("answer").dataset.verdict = answer.verdict;
  const said = reading(answer);
  byId("says").hidden = !answer.regions.length;
  if (document.activeElement !== byId("said")) byId("said").value = said;
  const drawn = new Map(answer.differences.map((each) => [each.face_id, each]));
  byId("matches").replaceChildren(...answer.matches.map((match) => row(match, said, drawn.get(match.face.id))));
  byId("more").hidden = state.k >= MOST || answer.matches.length < state.k;
  if (!crop.box) state.regions = answer.regions;
  drawLines();
}

function failed(error) {
  byId("verdict").textContent = "That did not work";
  byId("aside").textContent = "";
  byId("matches").replaceChildren();
  byId("more").hidden = true;
  tell(byId("answer-error"), error.message);
}
