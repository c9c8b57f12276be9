// The map on its canvas: dots, names, specimens. Draws what it is told; knows no events.
import { privately } from "./token.js";

const SIDE = 10_000; // the map's side in the units of its places
const [LEAST, MOST] = [0.7, 60];
const NAMES_FROM = 3; // zoom from which families are named
const SPECIMENS_FROM = 7; // ... and shown in their own letters
const REACH = 14; // pixels from a dot that still mean it
const STRETCH = 1.6; // how much longer one side of the map may be drawn than the other
const AT_ONCE = 6; // specimens that are fetched at a time

export class MapDrawing {
  #canvas;
  #pen;
  #view = { x: SIDE / 2, y: SIDE / 2, zoom: 0.92 };
  #waiting = false;
  #specimens = new Map();
  #queue = [];
  #loading = 0;
  families = [];
  chosen = null;
  marked = new Set();

  constructor(canvas) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
    new ResizeObserver(() => this.redraw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.#specimens.clear(); this.redraw(); });
  }

  get zoom() { return this.#view.zoom; }

  /** Everything in sight. */
  all() { Object.assign(this.#view, { x: SIDE / 2, y: SIDE / 2, zoom: 0.92 }); this.redraw(); }

  /** The family in the middle, near enough for its neighbours to be seen. */
  centre(family, zoom = 10) {
    Object.assign(this.#view, { x: family.x, y: family.y, zoom: Math.max(zoom, this.#view.zoom) });
    this.redraw();
  }

  pan(dx, dy) {
    const [wide, high] = this.#units();
    this.#view.x = clamp(this.#view.x - dx / wide, 0, SIDE);
    this.#view.y = clamp(this.#view.y - dy / high, 0, SIDE);
    this.redraw();
  }

  /** Closer by `factor`; the point x, y of the canvas stays where it is. */
  zoomBy(factor, x = this.#canvas.clientWidth / 2, y = this.#canvas.clientHeight / 2) {
    const before = this.#units();
    this.#view.zoom = clamp(this.#view.zoom * factor, LEAST, MOST);
    const after = this.#units();
    const [dx, dy] = [x - this.#canvas.clientWidth / 2, y - this.#canvas.clientHeight / 2];
    this.#view.x = clamp(this.#view.x + dx / before[0] - dx / after[0], 0, SIDE);
    this.#view.y = clamp(this.#view.y + dy / before[1] - dy / after[1], 0, SIDE);
    this.redraw();
  }

  /** The family whose dot is nearest to a point; null when none is within reach. */
  at(x, y, reach = REACH) {
    let [best, least] = [null, reach * reach];
    for (const family of this.families) {
      const [fx, fy] = this.place(family);
      const far = (fx - x) ** 2 + (fy - y) ** 2;
      if (far < least) [best, least] = [family, far];
    }
    return best;
  }

  /** Where a family's dot is on the canvas, in CSS pixels. */
  place({ x, y }) {
    const [wide, high] = this.#units();
    return [(x - this.#view.x) * wide + this.#canvas.clientWidth / 2,
      (y - this.#view.y) * high + this.#canvas.clientHeight / 2];
  }

  redraw() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => { this.#waiting = false; this.#draw(); });
  }

  /** Pixels a unit of the map, across and down: a wide window stretches it, but not beyond all. */
  #units() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = this.#view.zoom / SIDE;
    return [Math.min(width, STRETCH * height) * scale, Math.min(height, STRETCH * width) * scale];
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const dense = devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * dense), Math.round(height * dense)];
    if (this.#canvas.width !== wide || this.#canvas.height !== high) {
      Object.assign(this.#canvas, { width: wide, height: high });
    }
    const pen = this.#pen;
    const style = getComputedStyle(this.#canvas.parentElement);
    const ink = style.color;
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = `13px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    const inSight = this.families.filter((family) => {
      const [x, y] = this.place(family);
      return x > -200 && y > -30 && x < width + 30 && y < height + 30;
    });
    const strong = (family) => family === this.chosen || this.marked.has(family);
    const radius = clamp(1.8 + this.#view.zoom / 3, 2, 4.5);
    this.#queue = [];
    inSight.sort((a, b) => strong(b) - strong(a));
    const ringed = (family) => family.own || strong(family);
    pen.globalAlpha = this.marked.size ? 0.25 : 1;
    this.#dots(inSight.filter((family) => !ringed(family)), radius);
    pen.strokeStyle = ink;
    pen.lineWidth = 1.5;
    for (const family of inSight.filter(ringed)) {
      const [x, y] = this.place(family);
      pen.globalAlpha = this.marked.size && !strong(family) ? 0.25 : 1;
      pen.fillStyle = family.colour;
      pen.beginPath();
      pen.arc(x, y, strong(family) ? radius + 2.5 : radius, 0, 7);
      pen.fill();
      pen.stroke();
    }
    const few = this.marked.size <= 30;
    const named = (family) => this.#view.zoom >= NAMES_FROM || family === this.chosen || (few && this.marked.has(family));
    const [taken, paper] = [[], style.getPropertyValue("background-color")];
    for (const family of inSight.filter(named)) this.#label(family, ink, paper, taken);
    pen.globalAlpha = 1;
    this.#fetch();
  }

  /** Dots of a colour are filled as one: a fill costs more than a dot. */
  #dots(families, radius) {
    const paths = new Map();
    for (const family of families) {
      const [x, y] = this.place(family);
      if (!paths.has(family.colour)) paths.set(family.colour, new Path2D());
      paths.get(family.colour).moveTo(x + radius, y);
      paths.get(family.colour).arc(x, y, radius, 0, 7);
    }
    for (const [colour, path] of paths) {
      this.#pen.fillStyle = colour;
      this.#pen.fill(path);
    }
  }

  /** The family's specimen or name beside its dot, where nothing else stands yet. */
  #label(family, ink, paper, taken) {
    const [x, y] = this.place(family);
    const picture = this.#view.zoom >= SPECIMENS_FROM ? this.#specimen(family, ink) : null;
    const width = picture ? picture.width / 2 : this.#pen.measureText(family.name).width;
    const height = picture ? picture.height / 2 : 16;
    const box = [x + 8, y - height / 2, x + 12 + width, y + height / 2];
    if (taken.some((t) => box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3])) return;
    taken.push(box);
    this.#pen.globalAlpha = 0.8;
    this.#pen.fillStyle = paper;
    this.#pen.fillRect(box[0] - 1, box[1], width + 2, height);
    this.#pen.globalAlpha = this.marked.size && !this.marked.has(family) && family !== this.chosen ? 0.35 : 1;
    if (picture) {
      this.#pen.drawImage(picture, box[0], box[1], width, height);
    } else {
      this.#pen.fillStyle = ink;
      this.#pen.fillText(family.name, box[0], y);
    }
  }

  /** A canvas with the family's letters in `ink`; null until it is there. */
  #specimen(family, ink) {
    const known = this.#specimens.get(family);
    if (known === undefined) this.#queue.push([family, ink]);
    return known ?? null;
  }

  #fetch() {
    while (this.#loading < AT_ONCE && this.#queue.length) {
      const [family, ink] = this.#queue.shift();
      if (this.#specimens.has(family)) continue;
      this.#specimens.set(family, null);
      this.#loading += 1;
      const image = new Image();
      const done = () => { this.#loading -= 1; this.redraw(); };
      image.onload = () => { this.#specimens.set(family, inked(image, ink)); done(); };
      image.onerror = async () => {
        image.onerror = done;
        const mine = await privately(family.preview);
        if (mine) image.src = mine;
        else done();
      };
      image.src = family.preview;
    }
  }
}

/** Dark letters on white become letters in `ink` on nothing, twice as large as they are shown. */
function inked(image, ink) {
  const scale = Math.min(1, 44 / image.naturalHeight, 320 / image.naturalWidth);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  const pixels = pen.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < pixels.data.length; at += 4) pixels.data[at + 3] = 255 - pixels.data[at];
  pen.putImageData(pixels, 0, 0);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = ink;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
