"""The page of the experiments: what is noted once, and the numbers that it shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from encoder.training.config import RunConfig, load_config
from encoder.training.experiments import base_of, experiment_paths, read_results, run_experiment
from encoder.training.experiments_page import BY_HAND, write_page
from scripts import experiments as command

RECORDS = Path("docs/benchmark")


def _outcome(unseen: float, seed: int) -> dict[str, object]:
    shares = {"unseen_at_1": unseen / 2, "unseen_at_5": unseen, "unseen_means_at_5": 0.5}
    shares |= {"seen_at_5": 0.75, "trained_means_at_5": 0.81, "fresh_means_at_5": 0.8}
    cost = {"seed": seed, "seconds": 60, "samples": 20_000, "parameters": 5_500_000, "loss": 1.0}
    return shares | cost | {"curve": [[10_000, 5.0, 0.3], [20_000, 4.0, unseen]]}


def test_an_experiment_is_noted_once(tmp_path: Path) -> None:
    """The outcome of a run stands in the results by name and seed; a second call trains nothing."""
    ran: list[RunConfig] = []

    def train(config: RunConfig) -> Path:
        ran.append(config)
        outcome = _outcome(0.6, config.seed)
        epochs = [
            {"samples": samples, "loss": loss, "holdout_recall_at_5": share}
            for samples, loss, share in outcome.pop("curve")  # type: ignore[attr-defined]
        ]
        (tmp_path / "outcome.json").write_text(json.dumps(outcome))
        (tmp_path / "metrics.jsonl").write_text("\n".join(map(json.dumps, epochs)))
        return tmp_path

    results = tmp_path / "docs" / "results.json"
    (path,) = experiment_paths(["loss-supcon"])
    assert [run_experiment(path, seed, results, train) for seed in (0, 1, 0)] == [True, True, False]
    assert [(config.loss.kind, config.seed) for config in ran] == [("supcon", 0), ("supcon", 1)]
    assert read_results(results) == {
        f"loss-supcon/{seed}": json.loads(json.dumps(_outcome(0.6, seed))) for seed in (0, 1)
    }


def _written(folder: Path, noted: dict[str, dict[str, object]]) -> list[str]:
    """The lines of the page of those outcomes, written into `folder`; no record but their own."""
    results, page = folder / "experiments" / "results.json", folder / "experiments.md"
    results.parent.mkdir(exist_ok=True)
    results.write_text(json.dumps(noted))
    write_page(results, page, folder / "records")
    return page.read_text().splitlines()


def _cells(lines: list[str], name: str) -> list[dict[str, str]]:
    """The rows of the run `name`, by their tables' headings."""
    found, heads = [], []
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("| --- |"):
            heads = [cell.strip() for cell in before.split("|")[1:-1]]
        if line.startswith(f"| {name} |"):
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            found.append(list(zip(heads, cells, strict=True)))
    return [dict(row) for row in found]


def test_the_page_shows_means_and_spread(tmp_path: Path) -> None:
    """Two seeds of 60 and 64 % are 62.0 +- 2.0, and 9.5 above a base of 50 and 55 %."""
    noted = {f"small/{seed}": _outcome(0.5 + 0.05 * seed, seed) for seed in (0, 1)}
    noted |= {f"loss-supcon/{seed}": _outcome(0.6 + 0.04 * seed, seed) for seed in (0, 1)}
    lines = _written(tmp_path, noted)
    row, means = _cells(lines, "loss-supcon")
    assert row["seeds"] == "0, 1" and row["lines"] == "20,000"
    assert (row["unseen @1"], row["unseen @5"]) == ("31.0 ± 1.0", "62.0 ± 2.0")
    assert row["against base"] == "+9.5"
    assert (row["M"], row["s"]) == ("5.5", "60")
    (path,) = experiment_paths(["loss-supcon"])
    config = load_config(path)
    assert (row["what"], row["why"]) == (config.about, config.why)
    assert row["learned"] == config.learned != ""
    assert list(means.values()) == ["loss-supcon", "81.0 ± 0.0", "80.0 ± 0.0"]
    base, _ = _cells(lines, "small")
    assert base["against base"] == ""
    assert "## Encoders" not in lines and "No learning" not in "".join(lines)
    assert any("find -1.0 points against those of" in line for line in lines)
    for name in ("loss", "means"):
        assert (tmp_path / "experiments" / f"{name}.png").stat().st_size > 5_000


def test_checks_show_how_the_loss_fell(tmp_path: Path) -> None:
    """First and last loss, what was held out, and a plot; no class means of a check."""
    digits = {k: v for k, v in _outcome(0.2, 0).items() if "_at_" not in k}
    noted = {
        "check-digits/0": digits | {"holdout_recall_at_1": 0.975},
        "check-one-batch/0": _outcome(0.1, 0),
    }
    lines = _written(tmp_path, noted)
    (row,) = _cells(lines, "check-digits")
    assert [row[k] for k in ("first loss", "last loss", "held-out @1")] == ["5.00", "4.00", "97.5"]
    (batch,) = _cells(lines, "check-one-batch")
    assert batch["held-out @1"] == "5.0"
    assert (tmp_path / "experiments" / "check.png").stat().st_size > 5_000


def test_what_learns_nothing_comes_from_the_newest_record(tmp_path: Path) -> None:
    """By its date, not its name; the mean over levels."""
    (tmp_path / "records").mkdir()
    for name, date, share in (("seed0-b", "2026-01-02", 0.02), ("seed0-a", "2026-01-03", 0.04)):
        level = {"twin": {"1": share, "5": 2 * share}}
        twice = {"twin": {"1": 2 * share, "5": 3 * share}}
        finders = {"mean pictures": {"word": level, "photo": twice}}
        record = {"seed": 0, "date": date, "baselines": {"families": 9, "finders": finders}}
        (tmp_path / "records" / f"{name}.json").write_text(json.dumps(record))
    (tmp_path / "records" / "seed1-c.json").write_text(json.dumps({"date": "2027-01-01"}))
    (row,) = _cells(_written(tmp_path, {}), "mean pictures")
    assert (row["@1"], row["@5"]) == ("6.0", "10.0")
    assert row["lines"] == "0" and row["learned"]


def test_what_is_written_by_hand_stays(tmp_path: Path) -> None:
    """Everything below the mark, when the page is written again."""
    noted = {"small/0": _outcome(0.5, 0), "loss-clip/0": _outcome(0.4, 0)}
    _written(tmp_path, noted)
    page = tmp_path / "experiments.md"
    page.write_text(page.read_text() + "\n## History\n\nLong ago.\n")
    lines = _written(tmp_path, noted | {"loss-clip/1": _outcome(0.5, 1)})
    assert lines[lines.index(BY_HAND) :] == [BY_HAND, "", "## History", "", "Long ago."]
    assert _cells(lines, "loss-clip")[0]["seeds"] == "0, 1"


def test_the_committed_page_is_that_of_the_committed_results(tmp_path: Path) -> None:
    """Every outcome has its config's words; each baseline of the newest record has some."""
    results = Path("docs/experiments/results.json")
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "results.json").write_bytes(results.read_bytes())
    page = tmp_path / "experiments.md"
    page.write_bytes(Path("docs/experiments.md").read_bytes())
    write_page(tmp_path / "experiments" / "results.json", page, RECORDS)
    committed = Path("docs/experiments.md").read_text()
    assert page.read_text() == committed, "run `python -m scripts.experiments`: a newer record"
    ran = {name.split("/")[0] for name in read_results(results)}
    assert ran == {path.stem for path in experiment_paths()}
    lines = page.read_text().splitlines()
    for name in ("mean pictures", "nearest picture", "the encoder"):
        (row,) = _cells(lines, name)
        assert row["what"] and row["why"] and row["learned"]


@pytest.mark.parametrize("path", experiment_paths(), ids=lambda p: p.stem)
def test_an_experiment_says_what_why_and_what_was_learned(path: Path) -> None:
    """In its own file; numbers stand in the table, where they follow the results."""
    config = load_config(path)
    assert config.about and config.why and config.learned
    assert not re.search(r"\d|%|\bpoints?\b", config.learned)
    assert (base_of(path) is None) == (path.stem == "small")


def test_an_unknown_experiment_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the names that there are."""
    assert command.main(["loss-hinge"]) == 2
    message = capsys.readouterr().err
    assert "loss-hinge" in message and "loss-supcon" in message
