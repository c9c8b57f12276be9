// A rectangle on the picture, in pixels of the picture: by mouse, touch and keyboard.

const LEAST = 8; // pixels of the picture
const CLICK = 5; // pixels of the screen: less is a click, not a drag
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export class Crop {
  /** `onChange(box | null)` after every change; `onClick(x, y)` for a click without a drag. */
  constructor(frame, element, { onChange, onClick }) {
    Object.assign(this, { frame, element, onChange, onClick, box: null, size: [1, 1] });
    frame.addEventListener("pointerdown", (event) => this.#begin(event));
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** A new picture of `width` x `height` pixels, uncropped. */
  reset(width, height) {
    this.size = [width, height];
    this.set(null, { quiet: true });
  }

  /** Moves the crop to `box`, or away when it is null. */
  set(box, { quiet = false } = {}) {
    this.box = box && this.#fit(box);
    this.#draw();
    if (!quiet) this.onChange(this.box);
  }

  /** A crop over the middle, to start from with the keyboard. */
  start() {
    const [width, height] = this.size;
    this.set([width * 0.1, height * 0.3, width * 0.9, height * 0.7]);
    this.element.focus();
  }

  #fit([x0, y0, x1, y1]) {
    const [width, height] = this.size;
    const left = clamp(Math.round(Math.min(x0, x1)), 0, Math.max(0, width - LEAST));
    const top = clamp(Math.round(Math.min(y0, y1)), 0, Math.max(0, height - LEAST));
    const right = clamp(Math.round(Math.max(x0, x1)), Math.min(width, left + LEAST), width);
    const bottom = clamp(Math.round(Math.max(y0, y1)), Math.min(height, top + LEAST), height);
    return [left, top, right, bottom];
  }

  #moved([x0, y0, x1, y1], dx, dy) {
    const [width, height] = this.size;
    const right = clamp(Math.round(dx), -x0, width - x1);
    const down = clamp(Math.round(dy), -y0, height - y1);
    return [x0 + right, y0 + down, x1 + right, y1 + down];
  }

  #draw() {
    const { element, box, size } = this;
    element.hidden = !box;
    this.frame.classList.toggle("cropped", Boolean(box));
    if (!box) return;
    place(element, box, size);
    const [x0, y0, x1, y1] = box;
    const text = `Crop: ${x1 - x0} by ${y1 - y0} pixels, ${x0} from the left, ${y0} from the top`;
    element.setAttribute("aria-label", text);
  }

  #point(event) {
    const area = this.frame.getBoundingClientRect();
    const [width, height] = this.size;
    return [
      clamp((event.clientX - area.left) / area.width, 0, 1) * width,
      clamp((event.clientY - area.top) / area.height, 0, 1) * height,
    ];
  }

  #begin(event) {
    if (event.button > 0 || !event.isPrimary) return;
    const before = this.box;
    const change = this.#gesture(event);
    const start = this.#point(event);
    let dragged = false;
    this.frame.setPointerCapture(event.pointerId);
    const move = (now) => {
      const far = Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY);
      dragged ||= far >= CLICK;
      this.frame.classList.toggle("dragged", dragged);
      if (dragged) this.set(change(start, this.#point(now)));
    };
    const end = ({ type }) => {
      this.frame.classList.remove("dragged");
      this.frame.removeEventListener("pointermove", move);
      this.frame.removeEventListener("pointerup", end);
      this.frame.removeEventListener("pointercancel", end);
      // A finger that scrolls the page begins like one that drags.
      if (type === "pointercancel") { if (dragged) this.set(before); }
      else if (!dragged) this.onClick(...start);
      else this.onChange(this.box);
    };
    this.frame.addEventListener("pointermove", move);
    this.frame.addEventListener("pointerup", end);
    this.frame.addEventListener("pointercancel", end);
  }

  /** What a drag from `event` does: (from, to) -> box. */
  #gesture(event) {
    const before = this.box;
    const edge = event.target.dataset?.edge;
    if (edge && before) {
      return (from, to) => resized(before, edge, to[0] - from[0], to[1] - from[1]);
    }
    if (before && event.target === this.element) {
      return (from, to) => this.#moved(before, to[0] - from[0], to[1] - from[1]);
    }
    return (from, to) => [...from, ...to];
  }

  #key(event) {
    if (!this.box) return;
    if (["Escape", "Delete", "Backspace"].includes(event.key)) {
      event.preventDefault();
      this.set(null);
      return;
    }
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const step = event.altKey ? 1 : Math.max(1, Math.round(Math.max(...this.size) / 100));
    const [dx, dy] = arrow.map((direction) => direction * step);
    const edge = event.target.dataset.edge ?? (event.shiftKey ? "se" : "");
    const box = this.#fit(edge ? resized(this.box, edge, dx, dy) : this.#moved(this.box, dx, dy));
    if (String(box) !== String(this.box)) this.set(box); // at the picture's edge it stays
  }
}

/** Puts `element` over `box` of a picture of `width` x `height` pixels. */
export function place(element, [x0, y0, x1, y1], [width, height]) {
  element.style.left = `${(x0 / width) * 100}%`;
  element.style.top = `${(y0 / height) * 100}%`;
  element.style.width = `${((x1 - x0) / width) * 100}%`;
  element.style.height = `${((y1 - y0) / height) * 100}%`;
}

function resized([x0, y0, x1, y1], edge, dx, dy) {
  return [
    edge.includes("w") ? Math.min(x0 + dx, x1 - LEAST) : x0,
    edge.includes("n") ? Math.min(y0 + dy, y1 - LEAST) : y0,
    edge.includes("e") ? Math.max(x1 + dx, x0 + LEAST) : x1,
    edge.includes("s") ? Math.max(y1 + dy, y0 + LEAST) : y1,
  ];
}
