"""What a run has cost, and all the runs behind an encoder: lines drawn, seconds, which machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from encoder.machine import describe
from encoder.training.config import ScheduleConfig

Json = dict[str, Any]
_MACHINE = ("device", "cores", "memory_gb")


@dataclass
class Progress:
    """How far a run is; saved with the checkpoint. `seconds` counts training only.

    `samples` were drawn, `replayed` came again. `machines` hold the part of each machine that
    the run was on: what `this_machine` says of it, its samples and seconds.
    """

    step: int = 0
    samples: int = 0
    replayed: int = 0
    seconds: float = 0.0
    machines: list[Json] = field(default_factory=list)

    def share(self, schedule: ScheduleConfig) -> float:
        """0 at the start, 1 at the end of the budget."""
        if schedule.samples is not None:
            return min(1.0, (self.samples + self.replayed) / schedule.samples)
        return min(1.0, self.seconds / (60 * (schedule.minutes or 1)))

    def add(self, machine: Json, seconds: float, *, drawn: int = 0, again: int = 0) -> None:
        """One step more, on `machine`, of so many pictures."""
        self.step += 1
        self.samples += drawn
        self.replayed += again
        self.seconds += seconds
        part = _part_of(self.machines, machine)
        part["samples"] += drawn
        part["seconds"] += seconds


def this_machine(device: torch.device) -> Json:
    """`{"device", "cores", "memory_gb"}`, the device by the GPU's name or by the processor's."""
    found = describe()
    gpu = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if gpu else found["processor"]
    return {"device": name, "cores": found["cores"], "memory_gb": found["memory_gb"]}


def chain(card: Json) -> list[Json]:
    """`{"name", "progress", "epochs"}` of every run behind the encoder, the first one first."""
    runs: list[Json] = []
    run: Json | None = card | {"progress": card["training"]["progress"]}
    while run:
        epochs = run.get("epochs", [])
        runs.append({"name": run["name"], "progress": run["progress"], "epochs": epochs})
        run = run.get("origin")
    return runs[::-1]


def total(card: Json) -> list[Json]:
    """What all runs behind an encoder cost, by machine, in the order in which they were used.

    `{"device", "cores", "memory_gb", "samples", "hours"}`; what a run did before it noted its
    machines is not in it.
    """
    machines: list[Json] = []
    for run in chain(card):
        for each in run["progress"].get("machines", []):
            part = _part_of(machines, {key: each[key] for key in _MACHINE})
            part["samples"] += each["samples"]
            part["seconds"] += each["seconds"]
    return [part | {"hours": round(part.pop("seconds") / 3600, 2)} for part in machines]


def _part_of(machines: list[Json], machine: Json) -> Json:
    """The entry of `machine`, a new one at the end where there is none."""
    for part in machines:
        if all(part[key] == machine[key] for key in _MACHINE):
            return part
    machines.append({**machine, "samples": 0, "seconds": 0.0})
    return machines[-1]
