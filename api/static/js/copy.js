// Buttons that copy: one with `data-copy` copies the code that stands beside or below it.

export function copying() {
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
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}
