"""What finds fonts without learning, on the experiments' page: copied from the benchmark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from encoder.training import experiments_plots as plots
from encoder.training.experiments import Json

_BASELINES = {
    "mean pictures": (
        "Distance between a window and the mean of a family's windows.",
        "The simplest thing that could work.",
        "Next to nothing: another word moves every pixel.",
    ),
    "nearest picture": (
        "Distance between a window and each of a family's windows.",
        "Whether the mean was what blurred it.",
        "It was not.",
    ),
    "PCA of pixels, 256 numbers": (
        "The same along the top eigenvectors of the covariance of seen families' windows.",
        "As many numbers as the encoder's, had without a label.",
        "What pictures differ in most is what is written, not the font.",
    ),
    "ImageNet features (EfficientNet-lite0)": (
        "A net that learned to name things in photographs, as it is.",
        "Whether fonts need a net of their own.",
        "Far ahead of pixels and far behind what learned fonts.",
    ),
    "the encoder": (
        "What ships, by its pooled vector alone, over these reduced references.",
        "The measure of the others.",
        "Learning is nearly all of it.",
    ),
}


def no_learning(records: Path, shown: plots.Folder) -> list[str]:
    """The page's lines on the baselines of the newest of the benchmark's `records` (seed*.json).

    Means over its levels; [] where there is no record.
    """
    dated = [(json.loads(path.read_text()), path.stem) for path in records.glob("seed*.json")]
    with_them = [(r, name) for r, name in dated if "baselines" in r]
    if not with_them:
        return []
    record, name = max(with_them, key=lambda some: some[0]["date"])
    finders: Json = record["baselines"]["finders"]
    means = {
        finder: [float(np.mean([100 * v["twin"][k] for v in by.values()])) for k in ("1", "5")]
        for finder, by in finders.items()
    }
    plots.baselines(means, shown.folder / "none.png")
    heads = ["run", "what", "why", "seeds", "lines", "@1", "@5", "learned"]
    rows = []
    for finder, shares in means.items():
        what, why, learned = _BASELINES.get(finder, ("", "", ""))
        drawn = "-" if finder == "the encoder" else "0"
        numbers = [str(record["seed"]), drawn, *(f"{share:.1f}" for share in shares)]
        rows.append([finder, what, why, *numbers, learned])
    levels = len(next(iter(finders.values())))
    said = f"""
## No learning at all

Copied from the benchmark's newest record, `{name}.json` ({record["date"]}): all
{record["baselines"]["families"]:,} families are searched, by the regular face alone and one line of
each kind; asked are seen and unseen families together, mean of {levels} levels, each by itself
[there](benchmark/README.md#baselines). The class means of a classifier's features are the column
*means* of `loss-softmax`, below.
"""
    return [said, *table(heads, rows), "", shown.image("none", "No learning at all")]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Markdown; words to the left, numbers to the right."""
    words = {"run", "what", "why", "learned"}
    rule = ["---" if head in words else "---:" for head in heads]
    return [f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows)]
