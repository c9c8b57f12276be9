// The start page: a picture in, ranked families out.
import { preview } from "./addresses.js";
import { Searcher } from "./api.js";
import { byId, debounce, tell } from "./dom.js";
import { fontButtons, fontsOf, title } from "./fontlist.js";
import { intake } from "./intake.js";
import { Rows } from "./results.js";
import { Stage } from "./stage.js";
import { anyToken, fetched } from "./token.js";
import { askForToken, tokenForm } from "./tokenform.js";
import { failure, verdict } from "./words.js";

const SPINNER_AFTER = 150; // milliseconds
const [FIRST, MOST] = [5, 20];
const WORD = "Hamburgefonstiv"; // with which a face is searched
const COMPARED = 10; // rows at most that can be laid over the picture
const searcher = new Searcher(), overviewer = new Searcher();
const same = (one, other) => String(one) === String(other);

// `text` is what the user says that the picture reads, null while nothing was corrected; `whole`
// is the answer to the picture without a crop, found with the filters `wholeFilters`.
const fresh = () => ({ k: FIRST, text: null, whole: null, wholeFilters: null });
const state = { picture: null, url: "", ...fresh() };

const searchSoon = debounce(search, 120);
const rows = new Rows(byId("matches"), { onSay: correct });
const stage = new Stage({
  onCrop: (box) => {
    byId("whole").disabled = !box;
    Object.assign(state, { text: null, k: FIRST });
    rows.words = null;
    searchSoon();
  },
  onLine: choose,
});

byId("another").addEventListener("click", () => byId("file").click());
byId("crop-button").addEventListener("click", () => (stage.crop.box ? byId("crop").focus() : stage.crop.start()));
byId("whole").addEventListener("click", () => { stage.crop.set(null); byId("crop-button").focus(); });
byId("filters").addEventListener("change", () => { state.k = FIRST; search(); });
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("more").addEventListener("click", () => { state.k = MOST; search(); });
byId("again").addEventListener("click", search);
tokenForm("read", search);
addEventListener("online", () => { if (!byId("again").hidden) search(); });
byId("said").addEventListener("input", debounce(() => correct(byId("said").value), 300));
byId("read").addEventListener("submit", (event) => { event.preventDefault(); correct(byId("said").value); });
if (/Mac|iP(hone|ad)/.test(navigator.userAgent)) byId("paste-key").textContent = "⌘";

/** Shows `blob` at once and searches it. */
async function show(blob) {
  tell(byId("intake-error"), "");
  URL.revokeObjectURL(state.url);
  const url = URL.createObjectURL(blob);
  Object.assign(state, { picture: blob, url, ...fresh() });
  waiting();
  const shown = stage.show(url);
  search();
  await shown;
  if (state.url !== url) return;
  byId("main").dataset.state = "ready";
  byId("drop").hidden = byId("camera-button").hidden = true;
  byId("tools").hidden = byId("answer").hidden = false;
  byId("whole").disabled = true;
  if (state.whole) render(state.whole); // it came before the picture was drawn
  stage.fit();
  // What had the focus, a sample or the chooser, is gone: the keyboard goes on at the lines.
  if (!document.activeElement.checkVisibility() || document.activeElement === document.body) byId("stage").focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

/** Searches with a word that is set in a face, as anybody's picture would be. */
async function showFace(id) {
  await anyToken();
  const drawn = await fetched(preview(id, WORD)).catch(() => null);
  if (drawn?.ok) show(await drawn.blob());
  else refuse("This font cannot be drawn: it is not here, or only for those who have its token.");
}

/** The room of an answer that is on its way. */
function waiting() {
  rows.wait(FIRST);
  byId("verdict").textContent = "Looking…";
  byId("aside").textContent = "";
  byId("found-title").textContent = "Looking for lines…";
  byId("fonts").replaceChildren();
  byId("read").hidden = byId("more").hidden = byId("again").hidden = true;
  delete byId("answer").dataset.verdict;
  byId("found").hidden = false;
  tell(byId("answer-error"), "");
}

function refuse(text) {
  tell(byId("intake-error"), text);
  byId("intake-error").scrollIntoView({ block: "nearest" });
}

/** The line's rows at once, as far as they are known; the search of the line alone follows. */
function choose(region) {
  stage.crop.set(region.box);
  byId("crop").focus({ preventScroll: true });
  if (!region.matches.length) return;
  rows.show(region.matches, { said: region.text ?? "", drawn: new Map(), cut: cut(region.box) });
  say(region.text ?? "");
}

/** Searches again with the words as the user has corrected them. */
function correct(said) {
  state.text = said.trim() || null;
  rows.words = null;
  search();
}

const filters = () => [...new FormData(byId("filters"))].filter(([, value]) => value);

function parameters() {
  const query = new URLSearchParams({ k: state.k, differences: Math.min(state.k, COMPARED) });
  for (const [key, value] of filters()) query.append(key, value);
  if (stage.crop.box) query.set("crop", stage.crop.box.join(","));
  if (state.text) query.set("text", state.text);
  return query;
}

async function search() {
  if (!state.picture) return;
  const timer = setTimeout(() => { byId("progress").hidden = false; }, SPINNER_AFTER);
  byId("answer").setAttribute("aria-busy", "true");
  const asked = String(filters());
  if (stage.crop.box && state.wholeFilters !== asked) survey(asked);
  try {
    const query = String(parameters());
    const answer = await searcher.search(state.picture, query);
    // What was asked has changed meanwhile, by a key or a drag: the next search is about to begin.
    if (!answer || query !== String(parameters())) { clearTimeout(timer); return; }
    tell(byId("answer-error"), "");
    byId("again").hidden = byId("token-form").hidden = true;
    if (!stage.crop.box) Object.assign(state, { whole: answer, wholeFilters: asked });
    render(answer);
  } catch (error) {
    failed(error);
  }
  clearTimeout(timer);
  byId("progress").hidden = true;
  byId("answer").removeAttribute("aria-busy");
}

/** All lines of the picture and their fonts, while the answer is about a part of it. */
async function survey(asked) {
  state.wholeFilters = asked;
  const query = new URLSearchParams([["k", FIRST], ...filters()]);
  try {
    const answer = await overviewer.search(state.picture, query);
    if (!answer || !stage.crop.box) return;
    state.whole = answer;
    overview(answer);
  } catch { // the search beside this one says what is wrong
    state.wholeFilters = null;
  }
}

function render(answer) {
  const [headline, text] = verdict(answer, filters().length > 0);
  byId("verdict").textContent = headline;
  byId("aside").textContent = text;
  byId("answer").dataset.verdict = answer.verdict;
  const lead = answer.regions[answer.lead];
  const said = lead?.text ?? "";
  const box = lead?.box ?? stage.crop.box;
  rows.show(answer.matches, { said, drawn: new Map(answer.differences.map((each) => [each.face_id, each])), cut: cut(box) });
  byId("more").hidden = state.k >= MOST || answer.matches.length < state.k;
  byId("read").hidden = !answer.regions.length;
  say(said);
  overview(state.whole ?? answer);
}

/** The fonts of an answer, the one that its rows are about first and led by the line that was compared. */
function leading(answer) {
  const lead = answer.regions[answer.lead];
  const fonts = fontsOf(answer).map((font) => (font.regions.includes(lead) ? { ...font, lead } : font));
  return fonts.sort((a, b) => (b.lead === lead) - (a.lead === lead));
}

/** The lines over the picture and the list of its fonts. */
function overview(answer) {
  const fonts = leading(answer);
  const box = stage.crop.box, lead = answer.regions[answer.lead];
  const current = fonts.find((font) => box ? font.regions.some((region) => same(region.box, box)) : font.lead === lead);
  byId("found").hidden = !fonts.length;
  byId("found-title").textContent = title(answer, fonts);
  byId("fonts").replaceChildren(...fontButtons(fonts, current, (font, index) => {
    choose(font.lead);
    byId("fonts").querySelectorAll("button")[index]?.focus();
  }));
  stage.draw(answer.regions, current?.regions ?? [], lead?.box ?? null);
}

const cut = (box) => box && stage.size && { url: state.url, box, size: stage.size };

/** Writes what the picture says into its field, unless somebody is writing there. */
function say(text) {
  if (document.activeElement !== byId("said")) byId("said").value = text;
}

async function failed(error) {
  const asked = error.status === 401;
  if (asked && await anyToken()) { search(); return; }
  byId("verdict").textContent = failure(error);
  byId("aside").textContent = "";
  byId("answer").dataset.verdict = "failed";
  byId("matches").replaceChildren();
  byId("more").hidden = true;
  byId("found").hidden = !state.whole;
  byId("again").hidden = error.status > 0 && error.status < 500 && !asked;
  tell(byId("answer-error"), asked ? "" : error.message);
  if (asked) askForToken(true);
}

// Last, as a picture may be there already.
intake((picture) => { history.replaceState(null, "", "/"); show(picture); }, refuse);
if (new URLSearchParams(location.search).has("face")) showFace(new URLSearchParams(location.search).get("face"));
