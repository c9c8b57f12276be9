// Calls of version 1. A problem+json answer becomes an error that says what to do.

import { fetched } from "./token.js";

const TRIES = 4; // of a search that the server has no room for

export class ProblemError extends Error {
  /** `wait`: seconds after which the server may have room for the same call. */
  constructor(status, problem, wait = 0) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    Object.assign(this, { status, problem, wait });
  }
}

/** The JSON of an answer, null for 204; throws ProblemError, or AbortError when aborted. Sent with
 *  the token, unless the options bring a header of their own for it. */
export async function call(path, options = {}) {
  let response;
  try {
    response = await (options.headers?.Authorization ? fetch : fetched)(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ProblemError(0, { detail: "The server cannot be reached. Is it still running?" });
  }
  if (response.status === 204) return null;
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const wait = response.status === 503 ? Number(response.headers.get("Retry-After")) : 0;
  throw new ProblemError(response.status, body, wait);
}

/** Searches one after another: only the newest may answer. The server may still be at older ones,
 *  which it cannot see given up: when it has no room, the newest is sent again after its time. */
export class Searcher {
  #sequence = 0;
  #controller = null;

  /** The answer, or null when a newer search has begun meanwhile. */
  async search(picture, parameters) {
    const mine = ++this.#sequence;
    this.#controller?.abort();
    const { signal } = this.#controller = new AbortController();
    const body = new FormData();
    body.append("image", picture, "picture");
    for (let left = TRIES - 1; ; left--) {
      try {
        const answer = await call(`/v1/search?${parameters}`, { method: "POST", body, signal });
        return mine === this.#sequence ? answer : null;
      } catch (error) {
        if (error.name === "AbortError" || mine !== this.#sequence) return null;
        if (!error.wait || !left) throw error;
        await new Promise((done) => { setTimeout(done, 1000 * error.wait); });
        if (mine !== this.#sequence) return null;
      }
    }
  }
}
