"""A record of the benchmark as JSON, as a page of tables and as plots."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from index.benchmark import confusions, kin, plots
from index.benchmark.queries import LEVELS

Json = dict[str, Any]

_NAMES = {
    "strings": "random strings, 5-10 letters",
    "clean": "headlines",
    "word": "single words",
    "body": "body text, 14-20 px",
    "styled": "styled",
    "degraded": "75 % size and JPEG 70",
    "photo": "photo-like",
    "real": "pictures made by others",
    "own": "own fonts, added for the run",
}
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
*AUROC*: how well `known` tells whether the right family is in the catalogue at all. For the
left-out half of the families (by hash), the right family's row is taken out of the answer; own
fonts were asked for before they were added. `known` and the confidence are logistic functions of
the first row's score and of its distance to the second, fitted to seen families, `known` to each
query twice, once without its family; the reliability plot shows unseen ones."""
_HEAD = (
    "| queries | unseen @1 | unseen @5 | unseen @10 | strict @5 | seen @1 | seen @5 | queries |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


_SCENE_NAMES = {
    "page": "web pages, 2 fonts",
    "poster": "posters, 3 fonts over a picture",
    "tilted": "tilted signs, 2 fonts",
}
_SCENE_HEAD = (
    "| pictures | found | right @1 | right @5 | blended | whole pictures right | stray "
    "| seen: right @1 | pictures | p50 ms |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)
_SCENE_NOTE = (
    "Percent of the blocks of text, unseen families. *Found*: a line of the answer lies in the "
    "block, or runs through it and others of its family only; *right*: its rows name the block's "
    "family, and no block in another family has the same rows (*blended*, an error for both). "
    "*Whole pictures*: every family first for its largest block. *Stray*: lines of "
    "the answer that are no text of the picture."
)
_KIN_HOW = (
    "A family is worth 1 as kin when its 62 letters and digits are the same drawing, and less the "
    "further its letters are (scaled to one height of H and laid over each other), 0 from the "
    "50th nearest on: the encoder has no part in that."
)
_KIN_SHOWN = "Ten families and their five nearest, as `/v1/families/{id}/similar` answers:"
_FULL = 250  # queries a level from which a run says something about the encoder


def write(record: Json, folder: Path, fonts: Path, card: Path) -> Path:
    """Write `<name>.json`, `README.md` and the plots into `folder`; the JSON's path.

    `fonts` is where the font files lie that draw the confusions. A full run's recall is also
    noted in the encoder's `card` (.json).
    """
    note_in_card(record, card)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record['name']}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    (folder / "README.md").write_text(markdown(record))
    plots.curves(record, _NAMES, folder / "levels.png")
    plots.reliability(record, folder / "reliability.png")
    plots.bars(record["by_category"], "By category", folder / "categories.png")
    plots.bars(record["by_length"], "By letters of the text", folder / "lengths.png")
    plots.bars(record["by_size"], "By size, pixels to the em", folder / "sizes.png")
    pairs = [(right, wrong, count) for right, wrong, count in record["confusions"]]
    confusions.draw(pairs, fonts).save(folder / "confusions.png", optimize=True)
    kin.draw(record["kin"], fonts).quantize(32).save(folder / "kin.png", optimize=True)
    return path


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


def markdown(record: Json) -> str:
    """The page: the main table, the facts beside it and how the record was made."""
    parts = [
        "# Benchmark",
        _made(record),
        "## The right family among the first k",
        "### As the service answers: vote and proof by drawing",
        table(record["proof"]),
        "### Encoder and vote alone, nothing read",
        table(record),
        _NOTE,
        "### Several fonts in one picture",
        scene_table(record),
        _SCENE_NOTE,
        "## Beside recall",
        _facts(record),
        _SCALE,
        "![reliability](reliability.png)",
    ]
    if record["baselines"]:
        parts += ["## Baselines", baseline_table(record)]
    parts += ["## Kin", _kin(record), "![kin](kin.png)"]
    parts += [_HOW, "## Plots", *(f"![{p}]({p}.png)" for p in _PLOTS)]
    parts += ["## The mistakes that cost most", "![confusions](confusions.png)"]
    return "\n\n".join(parts) + "\n"


_PLOTS = ("levels", "categories", "lengths", "sizes")
_NOTE = (
    "Percent of queries whose family is in the first 1, 5 or 10 rows. *Unseen* families never "
    "entered training. Families that are the same drawing (twins) credit each other, except "
    "in the *strict* column (unseen families)."
)

_SCALE = (
    "The vector index at 60 thousand to 10 million vectors, beside its peers, is measured apart: "
    "`python -m scripts.scale --sizes 60000 1000000 10000000`, see [what it found](scale.md)."
)


def table(part: Json) -> str:
    """Recall, a row a level, of a record (its vote) or of its `proof`."""
    rows = [_row(_NAMES[level], sides) for level, sides in part["levels"].items()]
    return "\n".join([_HEAD, *rows])


def scene_table(record: Json) -> str:
    """Pages, posters and signs, a row a kind."""
    rows = []
    for level, sides in record["scenes"].items():
        side, seen = plots.shown(sides, "scenes"), sides["seen"]
        shares = [side["found"], side["right"]["1"], side["right"]["5"], side["blended"]]
        shares += [side["whole"], side["stray"]]
        cells = [f"{100 * share:.1f}" for share in shares]
        cells.append(f"{100 * seen['right']['1']:.1f}" if seen["scenes"] else "-")
        cells += [str(sides["all"]["scenes"]), f"{side['latency_ms']['p50']:.0f}"]
        rows.append(f"| {_SCENE_NAMES[level]} | " + " | ".join(cells) + " |")
    return "\n".join([_SCENE_HEAD, *rows])


def baseline_table(record: Json) -> str:
    """Recall@1 and recall@5 of every baseline over the reduced references."""
    parts = record["baselines"]
    levels = list(next(iter(parts["finders"].values())))
    head = "| finder | " + " | ".join(f"{_NAMES[level]} @1 / @5" for level in levels) + " |"
    rule = "| --- |" + " ---: |" * len(levels)
    rows = [
        f"| {name} | " + " | ".join(_pair(found[level]) for level in levels) + " |"
        for name, found in parts["finders"].items()
    ]
    note = (
        f"All over the same reduced references: {parts['families']} families, the regular face "
        "alone, one line of each kind drawn by FreeType. Seen and unseen families together, "
        "twin-credited."
    )
    return "\n".join([head, rule, *rows, "", note])


def _kin(record: Json) -> str:
    if not record["baselines"]:
        return _KIN_SHOWN
    found = record["baselines"]["kin"]
    rows = [f"| {name} | {value:.3f} |" for name, value in found["ndcg"].items()]
    head = "| whose kin | nDCG@10 |\n| --- | ---: |"
    note = f"Mean over {found['asked']} families; the references are those of the baselines. "
    return "\n".join([head, *rows, "", note + _KIN_HOW, "", _KIN_SHOWN])


def _row(name: str, sides: Mapping[str, Json]) -> str:
    unseen, seen = sides["unseen"], sides["seen"]
    cells = [_share(unseen, "twin", k) for k in ("1", "5", "10")]
    cells[1] += f" ± {100 * unseen['error']:.1f}" if unseen["n"] else ""
    cells += [_share(unseen, "strict", "5"), _share(seen, "twin", "1"), _share(seen, "twin", "5")]
    return f"| {name} | " + " | ".join([*cells, str(sides["all"]["n"])]) + " |"


def _share(summary: Json, kind: str, k: str) -> str:
    return f"{100 * summary[kind][k]:.1f}" if summary["n"] else "-"


def _pair(summary: Json) -> str:
    return f"{_share(summary, 'twin', '1')} / {_share(summary, 'twin', '5')}"


def _facts(record: Json) -> str:
    sides = [_measures(record["proof"]), _measures(record)]
    lines = [f"| {name} | {value} | {sides[1][name]} |" for name, value in sides[0].items()]
    recall, memory = _plain(record["ann_recall_at_5"]), record["peak_memory_mb"]
    return "\n".join(
        [
            "| measure | with proof | vote alone |",
            "| --- | ---: | ---: |",
            *lines,
            f"| ann_recall@5: the index against exact search | {recall} | {recall} |",
            f"| peak memory of the process, MB | {memory} | |",
        ]
    )


def _measures(part: Json) -> dict[str, str]:
    faces, auroc, milliseconds = part["faces"], part["auroc"], part["latency_ms"]
    return {
        "weight of the best face within 100": _percent(faces.get("weight")),
        "slope of the best face right": _percent(faces.get("slope")),
        'AUROC of "in the catalogue", asked family left out for half': _plain(auroc["left_out"]),
        "the same, headlines alone": _plain(auroc["left_out_clean"]),
        'AUROC of "in the catalogue", against fonts that are not': _plain(auroc["own"]),
        "expected calibration error of confidence, unseen": _plain(
            part["calibration"]["ece_unseen"]
        ),
        "milliseconds a picture, p50 / p99": f"{milliseconds['p50']} / {milliseconds['p99']}",
    }


def _made(record: Json) -> str:
    catalogue, machine = record["catalogue"], record["machine"]
    return (
        f"`OMP_NUM_THREADS=1 python -m scripts.benchmark`, {record['date']}, "
        f"seed {record['seed']}, commit {record['commit']}; encoder {catalogue['encoder'][:12]}; "
        f"{catalogue['families']} families and {catalogue['faces']} faces searched; "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB."
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
