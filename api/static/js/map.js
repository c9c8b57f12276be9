// The map of all families: pan, zoom, hover, click, find.
import { page, preview } from "./addresses.js";
import { call } from "./api.js";
import { byId, debounce, make, tell } from "./dom.js";
import { MapDrawing } from "./mapdrawing.js";
import { anyToken, showPrivate, token } from "./token.js";
import { askForToken, tokenForm } from "./tokenform.js";

const canvas = byId("map");
const drawing = new MapDrawing(canvas);
const fingers = new Map();
let [moved, spread] = [0, 0];

const squashed = (text) => text.normalize("NFKD").toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
const open = (family) => location.assign(page(family));
const middle = () => drawing.at(canvas.clientWidth / 2, canvas.clientHeight / 2, Infinity);
const legend = [...document.querySelectorAll(".legend [data-category]")];
const words = new Map(legend.map((item) => [item.dataset.category, item.textContent]));

showPrivate();
tokenForm("read", () => start().then(() => canvas.focus()).catch(failed));
start().catch(async (error) => (error.status === 401 && await anyToken() ? start() : Promise.reject(error))).catch(failed);

function failed(error) {
  if (error.status === 401) askForToken(true);
  else tell(byId("error"), error.message);
}

async function start() {
  // What the page has asked for ahead is the public part, and the browser would take it.
  const columns = await call(token() ? "/v1/map?mine" : "/v1/map");
  const own = new Set(columns.own);
  drawing.families = columns.ids.map((id, at) => ({
    id,
    name: columns.names[at],
    category: columns.categories[at],
    x: columns.x[at],
    y: columns.y[at],
    own: own.has(at),
    preview: preview(columns.faces[at] || `${id}-400-normal`),
  }));
  colour();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", colour);
  const wanted = new URLSearchParams(location.search).get("family");
  const family = wanted && drawing.families.find(({ id }) => id === wanted);
  if (family) { drawing.centre(family); show(family); }
  meanOne();
  canvas.dataset.ready = drawing.families.length;
  requestAnimationFrame(() => byId("dots")?.remove()); // after the drawing, which was asked for first
}

/** The dots have the colours of the legend, as the page's scheme has them. */
function colour() {
  const colours = new Map();
  for (const item of legend) {
    colours.set(item.dataset.category, getComputedStyle(item, "::before").backgroundColor);
  }
  const other = getComputedStyle(byId("map-hint")).color;
  for (const family of drawing.families) family.colour = colours.get(family.category) ?? other;
  drawing.redraw();
}

/** Says which family is meant, and in words what its colour says; the name leads to its page. */
function show(family) {
  drawing.chosen = family;
  drawing.redraw();
  canvas.classList.toggle("over", Boolean(family));
  if (!family) { byId("shown").replaceChildren(); return; }
  byId("shown").replaceChildren(
    make("img", { className: "specimen", src: family.preview, alt: "" }),
    make("a", { href: page(family) }, family.name),
    [words.get(family.category), family.own && "your font"].filter(Boolean).map((word) => ` · ${word}`).join(""));
}

/** With the keyboard on the map, some family is meant from the start: Enter opens it. */
function meanOne() {
  if (!drawing.chosen && canvas.matches(":focus-visible")) show(middle());
}

// Finding -----------------------------------------------------------------------------

byId("name").addEventListener("focus", () => {
  byId("names").replaceChildren(...drawing.families.map(({ name }) => make("option", { value: name })));
});
byId("name").addEventListener("input", debounce(find, 120));
byId("find").addEventListener("submit", async (event) => {
  event.preventDefault();
  await find(); // what stands there now, however fast it was typed
  if (drawing.marked.has(drawing.chosen)) open(drawing.chosen);
});

/** Marks the families that are meant, and goes to the best one. */
async function find() {
  const key = squashed(byId("name").value);
  for (const family of drawing.families) family.key ??= squashed(family.name);
  let found = key ? drawing.families.filter((family) => family.key.includes(key)) : [];
  found.sort((a, b) => a.key.indexOf(key) - b.key.indexOf(key) || a.key.length - b.key.length);
  if (key.length > 3 && !found.length) found = await guessed(byId("name").value);
  if (key !== squashed(byId("name").value)) return; // typed on meanwhile
  drawing.marked = new Set(found);
  show(found[0] ?? null);
  if (found.length && (found.length < 5 || found[0].key === key)) drawing.centre(found[0]);
  else drawing.all();
  if (key && !found.length) byId("shown").textContent = "Nobody on the map has this name.";
}

/** The service forgives typos. */
async function guessed(name) {
  const { items } = await call(`/v1/families?${new URLSearchParams({ q: name, limit: 20 })}`).catch(() => ({ items: [] }));
  return items.map(({ id }) => drawing.families.find((family) => family.id === id)).filter(Boolean);
}

// Moving ------------------------------------------------------------------------------

byId("in").addEventListener("click", () => drawing.zoomBy(1.6));
byId("out").addEventListener("click", () => drawing.zoomBy(1 / 1.6));
byId("all").addEventListener("click", () => drawing.all());
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  drawing.zoomBy(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
}, { passive: false });

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
  if (fingers.size === 1) moved = 0;
  spread = apart();
});

canvas.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId);
  if (!last) { show(drawing.at(event.offsetX, event.offsetY)); return; }
  const [dx, dy] = [event.offsetX - last[0], event.offsetY - last[1]];
  fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
  moved += Math.hypot(dx, dy);
  drawing.pan(dx / fingers.size, dy / fingers.size);
  if (fingers.size === 2) {
    const [[ax, ay], [bx, by]] = fingers.values();
    const now = apart();
    if (spread) drawing.zoomBy(now / spread, (ax + bx) / 2, (ay + by) / 2);
    spread = now;
  }
});

for (const kind of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(kind, (event) => {
    const alone = fingers.size === 1;
    fingers.delete(event.pointerId);
    spread = apart();
    if (kind === "pointerup" && alone && moved < 6) click(event);
  });
}

/** A click opens the family; a finger first sees its name, then opens it. */
function click({ offsetX, offsetY, pointerType }) {
  const known = drawing.chosen;
  const family = drawing.at(offsetX, offsetY, pointerType === "mouse" ? undefined : 24);
  show(family);
  if (family && (pointerType === "mouse" || family === known)) open(family);
}

function apart() {
  if (fingers.size !== 2) return 0;
  const [[ax, ay], [bx, by]] = fingers.values();
  return Math.hypot(ax - bx, ay - by);
}

const STEP = 80;
const KEYS = {
  ArrowLeft: () => drawing.pan(STEP, 0), ArrowRight: () => drawing.pan(-STEP, 0),
  ArrowUp: () => drawing.pan(0, STEP), ArrowDown: () => drawing.pan(0, -STEP),
  "+": () => drawing.zoomBy(1.3), "=": () => drawing.zoomBy(1.3), "-": () => drawing.zoomBy(1 / 1.3),
  0: () => drawing.all(),
};
canvas.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && drawing.chosen) { open(drawing.chosen); return; }
  if (!KEYS[event.key] || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  KEYS[event.key]();
  show(middle());
});
canvas.addEventListener("focus", meanOne);
