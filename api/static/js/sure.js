// What is done for good is asked for twice, with the same button.
const asking = new WeakMap(); // button -> how it was before

/** Whether `button` has asked already; if not it asks now, with a text and a name that says of what,
 *  until it loses the focus. */
export function sure(button, text, name) {
  const undo = asking.get(button);
  if (undo) { undo(); return true; }
  const { textContent, ariaLabel } = button;
  asking.set(button, () => {
    asking.delete(button);
    delete button.dataset.sure;
    Object.assign(button, { textContent, ariaLabel });
  });
  button.dataset.sure = "yes";
  Object.assign(button, { textContent: text, ariaLabel: name });
  button.focus(); // not every browser does so at a click
  button.addEventListener("blur", () => asking.get(button)?.(), { once: true });
  return false;
}
