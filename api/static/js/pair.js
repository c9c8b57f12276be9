// The user's words drawn in a candidate, at the same size above the same words in the picture.
import { debounce, make } from "./dom.js";
import { authorized } from "./token.js";

const PREVIEW_SIZE = 72; // pixels to the em of a preview, as the service draws it
const MOST = 80; // characters of a preview

/** Both for a match. `said` is what the picture reads, `difference` the two made alike, where the
 *  service has them, and `cut` ({url, box, size}) the words' place in the picture.
 *  `onWords(words | null)` for other words to draw, `onSay(words)` for a correction to search with. */
export class Pair {
  #request = null;

  constructor(match, name, { said, difference, cut }, { onWords, onSay }) {
    Object.assign(this, { match, name, said, difference });
    this.image = make("img", { alt: "", decoding: "async" });
    this.note = make("p", { className: "hint" });
    this.field = make("input", { type: "text", maxLength: MOST, autocomplete: "off", spellcheck: false,
      aria: { label: "Words to draw in these fonts" } });
    this.say = make("button", { type: "submit", className: "button quiet", hidden: true }, "The picture says this");
    this.form = make("form", { className: "words", hidden: true }, this.field, this.say);
    this.pencil = make("button", { type: "button", className: "pencil", title: "Draw other words",
      aria: { label: "Draw other words", expanded: "false" } });
    this.drawn = make("div", { className: "drawn" }, this.image);
    this.element = make("div", { className: "pair" }, this.form, this.drawn, this.pencil, this.note);
    const yours = difference ? strip(difference) : cut && cutOut(cut);
    if (yours) this.element.append(make("div", { className: "yours" }, yours));
    this.pencil.addEventListener("click", () => (this.form.hidden ? this.edit() : this.close()));
    this.drawn.addEventListener("click", () => this.edit());
    this.field.addEventListener("input", debounce(() => onWords(this.field.value.trim() || null), 150));
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { onWords(null); this.close(); }
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.submitter === this.say) onSay(this.field.value.trim());
      this.close();
    });
  }

  /** Opens the field, the words in it marked. */
  edit() {
    this.form.hidden = false;
    this.pencil.setAttribute("aria-expanded", "true");
    if (!this.field.value) this.field.value = this.words ?? this.said;
    this.field.focus();
    this.field.select();
  }

  close() {
    this.form.hidden = true;
    this.pencil.setAttribute("aria-expanded", "false");
    this.pencil.focus();
  }

  /** Draws these words instead of the picture's, or the picture's when null. */
  async draw(words) {
    this.words = words;
    const own = words !== null && words !== this.said;
    this.say.hidden = !own;
    if (document.activeElement !== this.field) this.field.value = words ?? this.said;
    const text = words ?? this.said;
    this.image.alt = text ? `“${text}” in ${this.name}` : this.name;
    this.#request?.abort();
    if (this.difference && !own) this.#lay(this.difference);
    else await this.#preview(text, own);
  }

  /** As in the picture: the service has put the drawing on the same lines. */
  #lay({ drawing, width, height }) {
    this.drawn.className = "drawn as-strip";
    this.image.style.cssText = "";
    this.image.style.setProperty("--wide", width);
    Object.assign(this.image, { src: drawing, width, height });
    this.note.textContent = "";
  }

  async #preview(text, own) {
    const { match, difference, image, drawn } = this;
    const request = this.#request = new AbortController();
    const query = text ? `?text=${encodeURIComponent(text.slice(0, MOST))}` : "";
    try {
      const response = await fetch(match.preview_url + query, { headers: authorized(), signal: request.signal });
      if (!response.ok) throw new Error(response.statusText);
      const url = URL.createObjectURL(await response.blob());
      const loaded = make("img", { src: url, alt: image.alt });
      await loaded.decode().finally(() => URL.revokeObjectURL(url));
      if (request.signal.aborted) return;
      drawn.className = "drawn";
      // The stored specimen, a WebP, shows the family's name.
      const named = response.headers.get("Content-Type") === "image/webp";
      this.note.textContent = named && text ? "Its name: the font file is not here to draw your words." : "";
      if (own && difference && !named) {
        const shown = this.element.querySelector(".yours img").getBoundingClientRect().width / difference.width;
        const wide = (loaded.naturalWidth * difference.size * shown) / PREVIEW_SIZE;
        loaded.style.width = `${wide}px`;
        drawn.classList.add("sized");
      }
      image.replaceWith(loaded);
      this.image = loaded;
    } catch (error) {
      if (error.name !== "AbortError") this.note.textContent = "No specimen";
    }
  }
}

/** The picture's line, made level, dark on light. */
function strip({ picture, width, height }) {
  const image = make("img", { className: "strip", src: picture, width, height, alt: "The same words in your picture" });
  image.style.setProperty("--wide", width);
  return image;
}

/** The box as it is in the picture. */
function cutOut({ url, box: [x0, y0, x1, y1], size: [width, height] }) {
  const image = make("img", { src: url, alt: "The same words in your picture" });
  const cut = make("div", { className: "cut" }, image);
  cut.style.aspectRatio = `${x1 - x0} / ${y1 - y0}`;
  cut.style.setProperty("--shape", (x1 - x0) / (y1 - y0));
  image.style.width = `${(100 * width) / (x1 - x0)}%`;
  image.style.left = `${(-100 * x0) / (x1 - x0)}%`;
  image.style.top = `${(-100 * y0) / (y1 - y0)}%`;
  return cut;
}
