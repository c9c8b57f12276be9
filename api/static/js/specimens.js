// All specimens of a page in the reader's own text.
import { byId, debounce } from "./dom.js";

const show = () => {
  const text = byId("said").value.trim();
  for (const image of document.querySelectorAll("img[data-preview]")) {
    const plain = image.dataset.preview;
    image.src = text ? `${plain}?text=${encodeURIComponent(text)}` : plain;
  }
};

byId("said").addEventListener("input", debounce(show, 250));
byId("specimens").addEventListener("submit", (event) => { event.preventDefault(); show(); });
