// The picture with the lines found over it, and the field that says what the chosen one reads.
import { Crop, place } from "./crop.js";
import { byId, make } from "./dom.js";
import { legible } from "./fontlist.js";

const LARGEST = 3; // times a small picture grows
const UNSEEN = 1e6; // pixels that a picture has at most which the browser cannot show
const GAP = 10; // pixels of the screen between a box and its words

const same = (one, other) => Boolean(one && other) && one.every((value, i) => value === other[i]);
const inside = (x, y, [x0, y0, x1, y1]) => x >= x0 && x < x1 && y >= y0 && y < y1;
const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);

export class Stage {
  /** `onCrop(box | null)` for every change of the crop, `onLine(region)` for a line that is chosen. */
  constructor({ onCrop, onLine }) {
    Object.assign(this, { onLine, size: null, regions: [], lit: [], lead: null, at: -1 });
    this.crop = new Crop(byId("frame"), byId("crop"), {
      onChange: (box) => { this.#mark(); onCrop(box); },
      onClick: (x, y) => this.#click(x, y),
    });
    byId("lines").addEventListener("keydown", (event) => this.#key(event));
    byId("crop").addEventListener("keydown", () => { if (!this.crop.box) this.#refocus(); });
    addEventListener("resize", () => this.fit());
  }

  /** Shows the picture at `url`; resolves once it is seen, or is known not to be showable. */
  async show(url) {
    const image = byId("shown");
    this.crop.set(null, { quiet: true });
    byId("lines").replaceChildren();
    image.src = url;
    const seen = await image.decode().then(() => true, () => false);
    if (image.getAttribute("src") !== url) return;
    this.size = seen ? [image.naturalWidth, image.naturalHeight] : null;
    byId("frame").hidden = byId("crop-button").hidden = !seen;
    byId("no-preview").hidden = seen;
    this.at = -1;
    this.crop.reset(...(this.size ?? [UNSEEN, UNSEEN]));
    this.draw([], [], null);
  }

  /** The lines found, those of the shown font `lit`, and the box whose words are in the field. */
  draw(regions, lit, lead) {
    Object.assign(this, { regions, lit, lead });
    const first = regions.findIndex(({ box }) => same(box, lead));
    if (!regions[this.at]) this.at = regions.length ? Math.max(0, first) : -1;
    const focused = [...byId("lines").children].indexOf(document.activeElement);
    byId("lines").replaceChildren(...(this.size ? regions.map((region, index) => this.#line(region, index)) : []));
    if (focused >= 0) byId("lines").children[focused]?.focus();
    this.fit();
  }

  /** The largest frame with the picture's shape that the stage has room for. */
  fit() {
    const stage = byId("stage");
    if (this.size && !byId("frame").hidden) {
      const style = getComputedStyle(stage);
      const padding = (...sides) => sides.reduce((total, side) => total + parseFloat(style[`padding${side}`]), 0);
      const [width, height] = this.size;
      const across = stage.clientWidth - padding("Left", "Right");
      const down = parseFloat(style.maxHeight) - padding("Top", "Bottom");
      const scale = Math.min(across / width, down / height, LARGEST);
      byId("frame").style.width = `${width * scale}px`;
      byId("frame").style.height = `${height * scale}px`;
    }
    this.#mark();
  }

  #line(region, index) {
    const { box, text } = region;
    const what = text ? `Line ${index + 1}, “${text}”` : `Line ${index + 1}`;
    const button = make("button", { type: "button", className: "line", tabIndex: index === this.at ? 0 : -1,
      aria: { label: `${what}: search this line only` } });
    button.classList.toggle("lit", this.lit.includes(region));
    button.classList.toggle("faint", !legible(region));
    place(button, box, this.size);
    button.addEventListener("click", (event) => {
      if (event.detail === 0) this.#choose(region); // a real click is a gesture of the crop
    });
    return button;
  }

  /** Which line is chosen, and the field beside its box. */
  #mark() {
    const chosen = this.crop.box ?? this.lead;
    this.regions.forEach((region, index) => {
      byId("lines").children[index]?.classList.toggle("chosen", same(region.box, chosen));
    });
    const read = byId("read");
    read.classList.toggle("loose", !this.size || !chosen);
    if (read.hidden || !this.size || !chosen) return;
    const [stage, frame] = [byId("stage"), byId("frame")].map((element) => element.getBoundingClientRect());
    const scale = frame.width / this.size[0];
    const [x0, y0, x1, y1] = chosen.map((value) => value * scale);
    const left = frame.left - stage.left, top = frame.top - stage.top;
    const { offsetWidth: width, offsetHeight: height } = read;
    const room = stage.width - width - 4;
    const at = Math.max(4, Math.min(left + x0, room));
    const lowest = stage.height - height - 4;
    const places = [top + y1 + GAP, top + y0 - GAP - height, lowest].filter((y) => y >= 2 && y <= lowest);
    const covered = (y) => this.regions.reduce((total, { box }) => total + overlap(
      [at - left, y - top, at - left + width, y - top + height], box.map((value) => value * scale)), 0);
    const best = places.sort((a, b) => covered(a) - covered(b))[0];
    read.style.left = `${at}px`;
    read.style.top = `${best}px`;
  }

  #click(x, y) {
    const hits = this.regions.filter(({ box }) => inside(x, y, box) && !same(box, this.crop.box));
    const hit = hits.sort((a, b) => area(a.box) - area(b.box))[0];
    if (hit) this.#choose(hit);
    else if (this.crop.box && !inside(x, y, this.crop.box)) this.crop.set(null);
  }

  #choose(region) {
    this.#stop(this.regions.indexOf(region));
    this.onLine(region);
  }

  /** One stop of the Tab key for all lines; arrows go from one to the next. */
  #key(event) {
    const all = [...byId("lines").children];
    const at = all.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    this.#stop(Math.max(0, Math.min(all.length - 1, to)));
    all[this.at].focus();
  }

  #stop(at) {
    this.at = at;
    [...byId("lines").children].forEach((each, index) => { each.tabIndex = index === at ? 0 : -1; });
  }

  /** Where the keyboard goes on once the crop is gone. */
  #refocus() {
    (byId("lines").children[this.at] ?? byId("crop-button")).focus();
  }
}

function overlap(one, other) {
  const across = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const down = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  return across > 0 && down > 0 ? across * down : 0;
}
