// One font file on its way: sent, read, and what became of it.
import { page, search } from "./addresses.js";
import { ProblemError } from "./api.js";
import { make } from "./dom.js";
import { authorized } from "./token.js";

/** A row for a file, with its progress; `say` is what a screen reader hears. */
export class Upload {
  constructor(file, say) {
    this.file = file;
    this.say = say;
    this.bar = make("progress", { max: 1, value: 0, aria: { label: `Progress of ${file.name}` } });
    this.status = make("span", { className: "status" }, "waiting");
    this.row = make("li", { className: "upload" }, make("b", {}, file.name), this.status);
  }

  /** Sends the file; the families that were added. Throws ProblemError for a token that is none. */
  async send() {
    this.row.dataset.state = "busy";
    this.row.append(this.bar);
    try {
      const report = await post(this.file, (part) => this.#sent(part));
      this.#end("added", outcome(report));
      return report.added;
    } catch (error) {
      this.#end(error.status === 409 ? "there" : "refused", reasons(error));
      if (error.status === 401 || error.status === 403) throw error;
      return [];
    } finally {
      clearInterval(this.clock);
      this.bar.remove();
    }
  }

  skip(text) { this.#end("refused", [text]); }

  #sent(part) {
    this.bar.value = part;
    this.status.textContent = `sending, ${Math.round(100 * part)} %`;
    if (part < 1 || this.clock) return;
    this.bar.removeAttribute("value"); // how long reading and drawing takes nobody knows
    const started = performance.now();
    const tell = () => {
      const seconds = Math.round((performance.now() - started) / 1000);
      this.status.textContent = `reading and indexing${seconds ? `, ${seconds} s` : "…"}`;
    };
    tell();
    this.clock = setInterval(tell, 1000);
  }

  #end(state, lines) {
    this.row.dataset.state = state;
    this.status.replaceChildren(...lines.map((line) => make("span", {}, ...[line].flat())));
    this.say(`${this.file.name}: ${this.status.textContent}`);
  }
}

/** `fetch` tells nobody how much of a body was sent. */
function post(file, onPart) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/fonts");
    for (const [name, value] of Object.entries(authorized())) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onPart(total ? loaded / total : 0);
    request.upload.onload = () => onPart(1);
    request.onerror = () => reject(new ProblemError(0, { detail: "The server cannot be reached. Is it still running?" }));
    request.onload = () => {
      let body = {};
      try { body = JSON.parse(request.responseText); } catch { /* a proxy's page */ }
      if (request.status < 300) resolve(body);
      else reject(new ProblemError(request.status, body));
    };
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}

/** What became of a file, or of each file of an archive. */
function outcome({ added, duplicates, refused }) {
  return [
    ...added.map(({ family, faces }) => ["added: ", make("a", { href: page(family) }, family.name),
      `, ${faces.length} ${faces.length === 1 ? "face" : "faces"} · `,
      make("a", { href: search(faces[0].id), aria: { label: `Find ${family.name}` } }, "Find it")]),
    ...duplicates.map(({ name }) => `${name} is in the catalogue already`),
    ...refused.map(({ name, reason }) => `${name} was refused: ${reason}`),
  ];
}

/** Why nothing was added. */
function reasons(error) {
  const { duplicates = [], refused = [] } = error.problem ?? {};
  if (duplicates.length + refused.length > 1) return outcome({ added: [], duplicates, refused });
  if (refused.length) return [`refused: ${refused[0].reason}`];
  if (!duplicates.length) return [error.message];
  const [{ family_id: id }] = duplicates;
  return [["in the catalogue already: ", make("a", { href: page({ id }) }, id)]];
}
