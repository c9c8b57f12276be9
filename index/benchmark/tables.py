"""The tables of the benchmark's page, in Markdown, from its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from index import evaluate
from index.benchmark import plots

Json = dict[str, Any]

NAMES = {
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
_HEAD = (
    "| queries | unseen @1 | unseen @5 | unseen @10 | strict @5 | seen @1 | seen @5 | queries |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


NOTE = (
    "Percent of queries whose family is in the first 1, 5 or 10 rows, ± one standard error: two "
    "numbers that are less than about three of them apart may well be equal. *Unseen* families "
    "never entered training. Families that are the same drawing (twins) credit each other, except "
    "in the *strict* column (unseen families)."
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
SCENE_NOTE = (
    "Percent of the blocks of text, unseen families. *Found*: a line of the answer lies in the "
    "block, or runs through it and others of its family only; *right*: its rows name the block's "
    "family, and no block in another family has the same rows (*blended*, an error for both). "
    "*Whole pictures*: every family first for its largest block. *Stray*: lines of "
    "the answer that are no text of the picture."
)
_REJECTION_HEAD = (
    "| queries | unseen | of other letters | unseen, vote alone | seen | unseen families | in it "
    "| not in it | other letters |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)
REJECTION_NOTE = (
    "Area under the ROC curve of `known`, which is to be high when the picture's family is in the "
    "catalogue and low when it is not; ± its standard error, by a bootstrap over families. Every "
    "picture is asked twice, with its family in the catalogue and without: half of the asked "
    "families, and whatever is their twin, are taken out of a copy of the catalogue and asked for, "
    "then the other half out of another copy. `known` is fitted to seen families, so the unseen "
    "ones are the measure. *Of other letters*: without those absent queries whose letters one of "
    "the five families of the answer draws just so (twins by the letters of the picture alone: "
    "Noto Sans Coptic and Noto Sans Gurmukhi differ in an i), where no picture can tell. The last "
    "row holds unseen families against fonts that Google lacks."
)
_KIN_HOW = (
    "A family is worth 1 as kin when its 62 letters and digits are the same drawing, and less the "
    "further its letters are (scaled to one height of H and laid over each other), 0 from the "
    "50th nearest on: the encoder has no part in that."
)
_KIN_SHOWN = "Ten families and their five nearest, as `/v1/families/{id}/similar` answers:"


def table(part: Json) -> str:
    """Recall, a row a level, of a record (its vote) or of its `proof`."""
    rows = [_row(NAMES[level], sides) for level, sides in part["levels"].items()]
    return "\n".join([_HEAD, *rows])


def seeds_table(records: Sequence[Json]) -> str:
    """Recall with the proof by seed and of all seeds together, a row a level; unseen families.

    Pictures made by others are the same for every seed and have no row.
    """
    parts = {f"seed {each['seed']}": each["proof"]["levels"] for each in records}
    head = [f"{name} {k}" for name in (*parts, "together") for k in ("@1", "@5")]
    lines = [f"| queries | {' | '.join(head)} | unseen queries |"]
    lines.append("| --- |" + " ---: |" * (len(head) + 1))
    for level in (name for name in NAMES if name != "real"):
        sides = [part[level]["unseen"] for part in parts.values() if level in part]
        if len(sides) < len(parts) or not all(side["n"] for side in sides):
            continue
        count = sum(side["n"] for side in sides)
        cells = [_with_error(side["twin"][k], side["n"]) for side in sides for k in ("1", "5")]
        for k in ("1", "5"):
            mean = sum(side["twin"][k] * side["n"] for side in sides) / count
            cells.append(_with_error(mean, count))
        lines.append(f"| {NAMES[level]} | {' | '.join(cells)} | {count} |")
    return "\n".join(lines)


def rejection_table(record: Json) -> str:
    """How well absent families are told, a row a level, then all, then fonts never added."""
    proof, vote = record["proof"]["auroc"], record["auroc"]
    rows = [
        [
            NAMES.get(level, "**all levels**"),
            sides["unseen"],
            _unlike(sides["unseen"]),
            vote["levels"][level]["unseen"],
            sides["seen"],
        ]
        for level, sides in proof["levels"].items()
    ]
    own = proof["own"]
    rows.append(["own fonts before they are added", own, _unlike(own), vote["own"], None])
    lines = []
    for name, *cells in rows:
        first, unlike, *_ = cells
        counts = [first["families"], first["present"], first["absent"]] if first else ["-"] * 3
        counts.append(unlike["absent"] if unlike else "-")
        written = [_area(cell) for cell in cells] + [str(count) for count in counts]
        lines.append(f"| {name} | " + " | ".join(written) + " |")
    return "\n".join([_REJECTION_HEAD, *lines])


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
    head = "| finder | " + " | ".join(f"{NAMES[level]} @1 / @5" for level in levels) + " |"
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


def kin_table(record: Json) -> str:
    """How good kin are, where baselines were asked, and what the picture of kin shows."""
    if not record["baselines"]:
        return _KIN_SHOWN
    found = record["baselines"]["kin"]
    rows = [f"| {name} | {value:.3f} |" for name, value in found["ndcg"].items()]
    head = "| whose kin | nDCG@10 |\n| --- | ---: |"
    note = f"Mean over {found['asked']} families; the references are those of the baselines. "
    return "\n".join([head, *rows, "", note + _KIN_HOW, "", _KIN_SHOWN])


def _row(name: str, sides: Mapping[str, Json]) -> str:
    unseen, seen = sides["unseen"], sides["seen"]
    cells = [
        _with_error(unseen["twin"][k], unseen["n"]) if unseen["n"] else "-"
        for k in ("1", "5", "10")
    ]
    cells += [_share(unseen, "strict", "5"), _share(seen, "twin", "1"), _share(seen, "twin", "5")]
    return f"| {name} | " + " | ".join([*cells, str(sides["all"]["n"])]) + " |"


def _with_error(share: float, count: int) -> str:
    return f"{100 * share:.1f} ± {100 * evaluate.share_error(share, count):.1f}"


def _share(summary: Json, kind: str, k: str) -> str:
    return f"{100 * summary[kind][k]:.1f}" if summary["n"] else "-"


def _pair(summary: Json) -> str:
    return f"{_share(summary, 'twin', '1')} / {_share(summary, 'twin', '5')}"


def facts(record: Json) -> str:
    """What else was measured, with the proof and by the vote alone."""
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
    faces, milliseconds = part["faces"], part["latency_ms"]
    return {
        "weight of the best face within 100": _percent(faces.get("weight")),
        "slope of the best face right": _percent(faces.get("slope")),
        "expected calibration error of confidence, unseen": _plain(
            part["calibration"]["ece_unseen"]
        ),
        "milliseconds a picture, p50 / p99": f"{milliseconds['p50']} / {milliseconds['p99']}",
    }


def _unlike(found: Json | None) -> Json | None:
    return found and found.get("unlike")  # records before 2026-11-26 have none


def _area(found: Json | None) -> str:
    return f"{found['auroc']:.3f} ± {found['error']:.3f}" if found else "-"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
