// How a picture comes in: dropped anywhere, pasted anywhere, chosen, photographed, or a sample.
import { byId } from "./dom.js";

/** Calls `onPicture(blob)` for every picture and `onError(text)` for what is none. */
export function intake(onPicture, onError) {
  const take = (blob) => {
    const problem = refuse(blob);
    if (problem) onError(problem);
    else onPicture(blob);
  };
  for (const id of ["file", "camera"]) {
    const chosen = () => {
      const [file] = byId(id).files;
      byId(id).value = ""; // the same file may be chosen again
      if (file) take(file);
    };
    byId(id).addEventListener("change", chosen);
    chosen(); // on a slow line before this script was there
  }
  drops((files) => take(files[0]),
    () => onError("That was a link, not a picture: copy the image itself and paste it, or save it and drop the file."));
  document.addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (file) {
      event.preventDefault();
      take(file);
    } else if (!event.target.closest?.("input, textarea")) {
      onError("The clipboard holds no picture. Take a screenshot or copy an image, then paste again.");
    }
  });
  byId("samples").addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-sample]");
    if (!button) return;
    const response = await fetch(button.dataset.sample).catch(() => null);
    if (response?.ok) take(await response.blob());
    else onError("The sample cannot be loaded. Is the server still running?");
  });
}

/** Calls `onFiles` with the files that are dropped anywhere on the page, `onNone` for anything else. */
export function drops(onFiles, onNone = () => {}) {
  let depth = 0;
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dragging", depth > 0);
  };
  document.addEventListener("dragenter", () => mark(1));
  document.addEventListener("dragleave", () => mark(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(-depth);
    if (event.dataTransfer.files.length) onFiles([...event.dataTransfer.files]);
    else onNone();
  });
}

function refuse(blob) {
  const problem = unsendable(blob);
  return problem && `This picture cannot be sent: ${problem}${blob.size ? " Crop it or save it smaller." : ""}`;
}

/** Why a file cannot be sent to the field `file` of this page; "" when it can. */
export function unsendable({ size }) {
  const most = Number(byId("file").dataset.most);
  if (!size) return "it is empty.";
  return size > most ? `it has ${megabytes(size)} MB, and at most ${megabytes(most)} MB are read.` : "";
}

/** One digit more than whole ones, rounded up: what is a little too large must not look allowed. */
const megabytes = (bytes) => Math.ceil(10 * bytes / 2 ** 20) / 10;
