// Ranked families as a list of rows.
import { page } from "./addresses.js";
import { compare } from "./compare.js";
import { make } from "./dom.js";
import { Pair } from "./pair.js";
import { download, use } from "./use.js";
import * as words from "./words.js";

/** The list of an answer; all rows draw the same words. */
export class Rows {
  #pairs = [];

  /** `onSay(words)` when somebody corrects what the picture says. */
  constructor(list, { onSay }) {
    Object.assign(this, { list, words: null });
    this.handlers = { onSay, onWords: (text) => this.draw(text) };
  }

  /** Rows for `matches`; `drawn` maps face ids to differences, `said` and `cut` as for a pair. */
  show(matches, { said, drawn, cut }) {
    const typing = this.#typing();
    this.#pairs = matches.map((match) => new Pair(match, `${match.family.name}, ${words.face(match.face)}`,
      { said, cut, difference: drawn.get(match.face.id) }, this.handlers));
    this.list.replaceChildren(...this.#pairs.map((pair) => row(pair.match, pair)));
    this.draw(this.words);
    this.#resume(typing);
  }

  /** Rows without content, to hold the room of an answer that is on its way. */
  wait(count) {
    this.#pairs = [];
    this.words = null;
    this.list.replaceChildren(...Array.from({ length: count }, () =>
      make("li", { className: "match waiting", aria: { hidden: "true" } },
        make("div", { className: "pair" }), make("div", { className: "match-head" }), make("div", { className: "facts" }))));
  }

  /** Draws these words in every row, the picture's own when null. */
  draw(text) {
    this.words = text;
    for (const pair of this.#pairs) pair.draw(text);
  }

  /** A new answer does not take the pen out of a hand that writes. */
  #typing() {
    const pair = this.#pairs.find(({ field }) => field === document.activeElement);
    return pair && { id: pair.match.family.id, value: pair.field.value, at: pair.field.selectionStart };
  }

  #resume(typing) {
    const pair = typing && (this.#pairs.find(({ match }) => match.family.id === typing.id) ?? this.#pairs[0]);
    if (!pair) return;
    pair.edit();
    pair.field.value = typing.value;
    pair.field.setSelectionRange(typing.at, typing.at);
  }
}

function row(match, pair) {
  const { family, face, twins } = match;
  return make("li", { className: "match", data: { family: family.id } },
    pair.element,
    make("div", { className: "match-head" },
      make("h3", {}, make("a", { href: page(family), target: "_blank" }, family.name)), score(match.score)),
    make("p", { className: "facts" },
      make("span", {}, words.face(face)),
      words.category(family.category) ? make("span", {}, words.category(family.category)) : null,
      family.source === "own" ? make("span", { className: "own" }, "Your font") : null,
      make("span", { className: "licence" }, words.licence(family.license))),
    twins.length ? twinLine(twins) : null,
    make("div", { className: "panels" },
      pair.difference ? compare(pair.difference, pair.name) : null, ...use(match, links(family))));
}

function score(value) {
  const bar = make("i", {});
  bar.style.width = `${Math.round(Math.min(Math.max(value, 0), 1) * 100)}%`;
  return make("p", { className: "score" },
    make("span", {}, words.score(value)),
    make("span", { className: "number" }, value.toFixed(2)),
    make("span", { className: "bar", aria: { hidden: "true" } }, bar));
}

function twinLine(twins) {
  const names = twins.slice(0, 4).flatMap((twin, index) =>
    [index ? ", " : "", make("a", { href: page(twin), target: "_blank" }, twin.name)]);
  const rest = twins.length > 4 ? ` and ${twins.length - 4} more` : "";
  return make("p", { className: "twins" }, "The same drawing: ", ...names, rest);
}

/** Where the family can be had, and where it lives. */
function links(family) {
  const away = (href, text, title) =>
    make("a", { className: "act", href, title, target: "_blank", rel: "noopener noreferrer" }, text);
  const home = family.url?.startsWith("https://") ? new URL(family.url).hostname : "";
  return [
    download(family) && away(download(family), "Download", "All its files as one zip, from Fontsource"),
    home && away(family.url, home === "fonts.google.com" ? "Google Fonts" : home, ""),
  ].filter(Boolean);
}
