"""A record of the benchmark as JSON, as a page of tables and as plots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.benchmark import confusions, kin, plots, tables
from index.benchmark.queries import LEVELS

Json = dict[str, Any]

_HOW = """## How it is measured

Chromium draws every picture anew from (seed, family, level), with words that no sample of the
catalogue shows, in the regular, bold, italic or bold italic face of the family at random. Half
of the families are unseen: `sha1(id) mod 100 < 15`, fixed for good.

- *random strings*: 5 to 10 letters, 14 to 72 px, lower, upper, title and mixed case
- *headlines*: 2 to 4 words, 40 to 72 px; *single words*: 24 to 72 px
- *body text*: two lines, 14 to 20 px
- *styled*: colours; tracking, gradients, shadow, a turn or skew up to 4 degrees for some
- *75 % size and JPEG 70*: strings and words of 5 to 10 letters, a third also blurred or noisy
- *photo-like*: perspective, texture, uneven light, blur, noise, JPEG 85
- *pictures made by others*: type specimens, web pages, posters, photographs
- *own fonts*: fonts of Debian that Google Fonts lacks, added without retraining, all levels

With the proof the service reads the line itself (it is not told the text) and draws its words in
the candidates, whose font files are all here; see [how it works](../how-it-works.md).

Weight and slope are those of the best face, where the right family is among the first five.
`known` and the confidence are logistic functions of the first row's score, of its distance to the
second and of what the verifier says of it, fitted to seen families; the reliability plot shows
unseen ones."""
_SCALE = (
    "The vector index at 60 thousand to 10 million vectors, beside its peers, is measured apart: "
    "`python -m scripts.scale --sizes 60000 1000000 10000000`, see [what it found](scale.md)."
)
_SEEDS = (
    "Unseen families, with the proof. A seed chooses families, texts, sizes and looks; a family "
    "may be asked for by several seeds, in other pictures. The tables above and all that follows "
    "are of seed {seed}."
)
_PLOTS = ("levels", "categories", "lengths", "sizes")
_FULL = 250  # queries a level from which a run says something about the encoder


def write(record: Json, folder: Path, fonts: Path, card: Path) -> Path:
    """Write `<name>.json`, `README.md` and the plots into `folder`; the JSON's path.

    Records there of the same encoder with other seeds are shown on the page too. `fonts` is where
    the font files lie that draw the confusions. A full run's recall is also noted in the encoder's
    `card` (.json).
    """
    note_in_card(record, card)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record['name']}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    (folder / "README.md").write_text(markdown(record, _of_other_seeds(record, folder)))
    plots.curves(record, tables.NAMES, folder / "levels.png")
    plots.reliability(record, folder / "reliability.png")
    proof = record["proof"]
    plots.groups(proof["by_category"], "By category", folder / "categories.png")
    plots.groups(proof["by_length"], "By letters of the text", folder / "lengths.png")
    plots.groups(proof["by_size"], "By size, pixels to the em", folder / "sizes.png")
    pairs = [confusions.Confusion(**pair) for pair in record["confusions"]]
    confusions.draw(pairs, fonts).save(folder / "confusions.png", optimize=True)
    kin.draw(record["kin"], fonts).quantize(32).save(folder / "kin.png", optimize=True)
    return path


def _of_other_seeds(record: Json, folder: Path) -> list[Json]:
    encoder = record["name"].removeprefix(f"seed{record['seed']}-")
    paths = [p for p in folder.glob(f"seed*-{encoder}.json") if p.stem != record["name"]]
    return [json.loads(path.read_text()) for path in paths]


def note_in_card(record: Json, card: Path) -> None:
    """Put `{"benchmark": {name, date, levels: {level: {unseen, seen}}}}` into the card.

    Shares in 0..1, twin-credited recall@1 and @5. Nothing is done after a partial run, without
    a card, or for the card of another encoder than the one that was measured.
    """
    if not card.exists():
        return
    asked = [sides["all"]["n"] for level, sides in record["levels"].items() if level in LEVELS]
    stated = json.loads(card.read_text())
    measured = stated["onnx_sha256"] == record["catalogue"]["encoder"]
    if not measured or len(asked) < len(LEVELS) or min(asked) < _FULL:
        return
    levels = {
        level: {
            side: {f"recall_at_{k}": sides[side]["twin"][k] for k in ("1", "5")}
            for side in ("unseen", "seen")
            if sides[side]["n"]
        }
        for level, sides in record["levels"].items()
    }
    note = {"name": record["name"], "date": record["date"], "levels": levels}
    temporary = card.with_suffix(".tmp")
    temporary.write_text(json.dumps(stated | {"benchmark": note}, indent=1) + "\n")
    temporary.replace(card)


def markdown(record: Json, others: Sequence[Json] = ()) -> str:
    """The page: the main table, the facts beside it and how the record was made.

    `others` are records of the same encoder with other seeds.
    """
    seeds = sorted([record, *others], key=lambda each: int(each["seed"]))
    parts = [
        "# Benchmark",
        _made(record),
        "## The right family among the first k",
        "### As the service answers: vote and proof by drawing",
        tables.table(record["proof"]),
        "### Encoder and vote alone, nothing read",
        tables.table(record),
        tables.NOTE,
    ]
    if others:
        said = _SEEDS.format(seed=record["seed"])
        parts += ["### Other pictures", tables.seeds_table(seeds), said]
    parts += [
        "### Several fonts in one picture",
        tables.scene_table(record),
        tables.SCENE_NOTE,
        "## Is the family in the catalogue at all?",
        tables.rejection_table(record),
        tables.REJECTION_NOTE,
        "## Beside recall",
        tables.facts(record),
        _SCALE,
        "![reliability](reliability.png)",
    ]
    if record["baselines"]:
        parts += ["## Baselines", tables.baseline_table(record)]
    parts += ["## Kin", tables.kin_table(record), "![kin](kin.png)"]
    parts += [_HOW, "## Plots", *(f"![{p}]({p}.png)" for p in _PLOTS)]
    parts += ["## The mistakes that cost most", confusions.SHOWN, "![confusions](confusions.png)"]
    return "\n\n".join(parts) + "\n"


def _made(record: Json) -> str:
    catalogue, machine = record["catalogue"], record["machine"]
    return (
        f"`OMP_NUM_THREADS=1 python -m scripts.benchmark`, {record['date']}, "
        f"seed {record['seed']}, commit {record['commit']}; encoder {catalogue['encoder'][:12]}; "
        f"{catalogue['families']} families and {catalogue['faces']} faces searched; "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB."
    )
