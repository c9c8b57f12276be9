"""What runs cost, by machine: counted step by step, summed over a chain by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from encoder.machine import processor
from encoder.training.config import ScheduleConfig
from encoder.training.cost import Progress, chain, this_machine, total

_CPU = {"device": "A", "cores": 2, "memory_gb": 24}
_GPU = {"device": "B", "cores": 16, "memory_gb": None}


def _run(name: str, *parts: dict[str, Any]) -> dict[str, Any]:
    progress = {"samples": sum(part["samples"] for part in parts), "machines": list(parts)}
    return {"name": name, "progress": progress, "epochs": [{"samples": 1}], "origin": None}


def test_a_run_on_two_machines_counts_each() -> None:
    """Two steps on one, one on another, one more on the first; what comes again is not drawn."""
    progress = Progress()
    progress.add(_CPU, 2.0, drawn=8)
    progress.add(_CPU, 3.0, drawn=8)
    progress.add(_GPU, 0.5, again=8)
    # As it comes out of a checkpoint.
    progress = Progress(**vars(progress))
    progress.add(dict(_CPU), 1.0, drawn=4)
    assert (progress.step, progress.samples, progress.replayed) == (4, 20, 8)
    assert progress.seconds == 6.5
    assert progress.machines == [
        _CPU | {"samples": 20, "seconds": 6.0},
        _GPU | {"samples": 0, "seconds": 0.5},
    ]
    assert progress.share(ScheduleConfig(samples=40)) == 0.7
    assert progress.share(ScheduleConfig(samples=None, minutes=0.13)) == pytest.approx(6.5 / 7.8)


def test_a_run_begins_without_a_machine() -> None:
    """No list is shared between runs."""
    Progress().add(_CPU, 1.0, drawn=1)
    assert Progress().machines == []


def test_the_chain_goes_back_to_nothing() -> None:
    """Three runs, the first one first, the one without epochs still counted."""
    first = {"name": "first", "progress": {"samples": 300}, "origin": None}
    second = _run("second", _CPU | {"samples": 250, "seconds": 1.0}) | {"origin": first}
    third = {"name": "third", "training": {"progress": {"samples": 200}}, "epochs": []}
    found = [
        (run["name"], run["progress"]["samples"], len(run["epochs"]))
        for run in chain(third | {"origin": second})
    ]
    assert found == [("first", 300, 0), ("second", 250, 1), ("third", 200, 0)]


def test_the_total_is_by_machine() -> None:
    """5,400 and 1,800 seconds on one machine are two hours; the other has its own row."""
    first = _run("first", _CPU | {"samples": 100, "seconds": 5400.0})
    second = _run("second", _GPU | {"samples": 900, "seconds": 390.0}) | {"origin": first}
    own = _run("third", _CPU | {"samples": 50, "seconds": 1800.0})["progress"]
    card = {"name": "third", "training": {"progress": own}, "epochs": [], "origin": second}
    assert total(card) == [
        _CPU | {"samples": 150, "hours": 2.0},
        _GPU | {"samples": 900, "hours": 0.11},
    ]
    assert own["machines"][0]["samples"] == 50  # the card itself is left alone


def test_this_machine_is_named() -> None:
    """Without a GPU by its processor, with one by that; cores and memory are the host's."""
    found = this_machine(torch.device("cpu"))
    assert (found["device"], found["cores"]) == (processor(), os.cpu_count())
    kilobytes = int(Path("/proc/meminfo").read_text().split()[1])  # MemTotal comes first
    assert found["memory_gb"] == pytest.approx(kilobytes / 2**20, abs=1)


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what the driver calls it."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU of {device}")
    assert this_machine(torch.device("cuda"))["device"] == "GPU of cuda"
