// Buttons that copy: one with `data-copy` copies the code that stands beside or below it.
import { byId, make } from "./dom.js";

const status = make("p", { className: "visually-hidden", aria: { role: "status" } }); // as a button's name stays

export function copying() {
  byId("main").append(status);
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-copy]");
    if (button) copy(button, button.closest(".snippet, .code").querySelector("code"));
  });
}

async function copy(button, code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    // Without a safe connection the clipboard is closed: the text is marked, Ctrl+C takes it.
    getSelection().selectAllChildren(code);
    button.textContent = "Press Ctrl+C";
  }
  status.textContent = button.textContent;
  setTimeout(() => { button.textContent = "Copy"; status.textContent = ""; }, 2000);
}
