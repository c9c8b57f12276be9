// Calls of version 1. A problem+json answer becomes an error that says what to do.

import { fetched } from "./token.js";

export class ProblemError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
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
  if (!response.ok) throw new ProblemError(response.status, body);
  return body;
}

/** Searches one after another: only the newest may answer. */
export class Searcher {
  #sequence = 0;
  #controller = null;

  /** The answer, or null when a newer search has begun meanwhile. */
  async search(picture, parameters) {
    const mine = ++this.#sequence;
    this.#controller?.abort();
    this.#controller = new AbortController();
    const form = new FormData();
    form.append("image", picture, "picture");
    try {
      const answer = await call(`/v1/search?${parameters}`, {
        method: "POST", body: form, signal: this.#controller.signal });
      return mine === this.#sequence ? answer : null;
    } catch (error) {
      if (error.name === "AbortError" || mine !== this.#sequence) return null;
      throw error;
    }
  }
}
