// Buttons that copy a text.
import { make } from "./dom.js";

/** A button that copies what `text()` gives at that moment; `what` names it for a screen reader. */
export function copyButton(what, text) {
  const button = make("button", { type: "button", className: "button quiet copy", aria: { label: `Copy ${what}` } }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      // Without a safe connection the clipboard is closed: the text is marked, Ctrl+C takes it.
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return button;
}
