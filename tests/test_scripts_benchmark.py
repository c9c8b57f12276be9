"""The command line of the benchmark: what it passes on, prints and returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from index.benchmark import report, runner
from scripts import benchmark
from scripts.terminal import run


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[runner.Plan]:
    """Every plan that is run; the run itself is replaced."""
    seen: list[runner.Plan] = []

    def fake_run(settings: Any, plan: runner.Plan, *, embedder: Any, progress: Any):
        seen.append(plan)
        progress("asking", 1, 2)
        progress("asking", 2, 2)
        return {"name": "record", "seed": plan.seed, "levels": {}}, ["a notice"]

    monkeypatch.setenv("FONTKIN_DATA", str(tmp_path))
    monkeypatch.setattr(benchmark.Embedder, "from_files", lambda path: None)
    monkeypatch.setattr(runner, "run", fake_run)
    monkeypatch.setattr(report, "write", lambda record, out, fonts, card: out / "record.json")
    return seen


def test_arguments_become_the_plan(plans: list[runner.Plan], tmp_path: Path):
    """Families, seed and levels arrive; pictures are kept in the data folder."""
    args = ["--families", "7", "--seed", "3", "--levels", "word", "--own", "a", "--baselines"]
    assert benchmark.benchmark(benchmark.parse_arguments(args)) == 0
    (plan,) = plans
    assert (plan.families, plan.seed, list(plan.levels)) == (7, 3, ["word"])
    assert (list(plan.own), plan.baselines) == ([Path("a")], True)
    assert (plan.cache, plan.fonts) == (tmp_path / "queries", tmp_path / "fonts")


def test_quick_asks_twenty_families(plans: list[runner.Plan]):
    """Whatever the number of families was."""
    benchmark.benchmark(benchmark.parse_arguments(["--quick"]))
    assert plans[0].families == 20


def test_json_is_all_that_is_printed(plans: list[runner.Plan], capsys: Any):
    """Notices and the record's path go to stderr, the record to stdout."""
    benchmark.benchmark(benchmark.parse_arguments(["--json", "--seed", "9", "--out", "x"]))
    out, err = capsys.readouterr()
    assert json.loads(out)["seed"] == 9
    assert "a notice" in err and "x/record.json" in err


@pytest.mark.parametrize("wrong", [["--families", "0"], ["--levels", "fancy"], ["--own"]])
def test_wrong_arguments_exit_with_2(wrong: list[str]):
    """Before anything is drawn."""
    with pytest.raises(SystemExit) as caught:
        benchmark.parse_arguments(wrong)
    assert caught.value.code == 2


def test_nothing_to_ask_exits_with_1(
    plans: list[runner.Plan], monkeypatch: pytest.MonkeyPatch, capsys: Any
):
    """With the reason in one line."""

    def fail(*_: Any, **__: Any) -> None:
        raise runner.NothingToAskError("nothing to ask: fetch fonts")

    monkeypatch.setattr(runner, "run", fail)
    args = benchmark.parse_arguments([])
    assert run("benchmark", lambda: benchmark.benchmark(args)) == 1
    assert "nothing to ask" in capsys.readouterr().err
