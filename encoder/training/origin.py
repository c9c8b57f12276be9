"""What a run goes on from: the very file that its config means, from git where it is missing."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

from encoder.training.checkpoint import CheckpointError
from encoder.training.config import RunConfig


def take_origin(config: RunConfig) -> None:
    """See that `config.warm_start` has the sha256 that the config states, if it states one.

    Shipping a run writes another encoder over its origin's place, so a path alone would mean
    another encoder from then on. A missing file is taken from `config.warm_start_git`, its card
    too. Raises `CheckpointError`, with what was found and how the right file is had.
    """
    if not config.warm_start or not config.warm_start_sha256:
        return
    path = Path(config.warm_start)
    if not path.exists():
        for target, content in zip(_files(path), _from_git(config), strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f"{target.name}.tmp")
            temporary.write_bytes(content)
            os.replace(temporary, target)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != config.warm_start_sha256:
        raise CheckpointError(
            f"{path} is {_name(path)} with sha256 {found}, but the run goes on from the encoder "
            f"with {config.warm_start_sha256}: {_remedy(config)}; or set warm_start_sha256={found}"
        )


def note_origin(config: RunConfig, path: Path) -> None:
    """Keep in `path`, once, what the card of a warm start's encoder says of its own training."""
    if not config.warm_start or path.exists():
        return
    card_path = Path(config.warm_start).with_suffix(".json")
    if card_path.exists():
        card = json.loads(card_path.read_text())
        origin = {"name": card["name"], "onnx_sha256": card["onnx_sha256"]}
        origin |= {"progress": card["training"]["progress"], "epochs": card["epochs"]}
        origin |= {"origin": card.get("origin")}
        path.write_text(json.dumps(origin, indent=1) + "\n")


def _files(path: Path) -> tuple[Path, Path]:
    """The card last: where an encoder is, its card is."""
    return path.with_suffix(".json"), path


def _sources(config: RunConfig) -> list[str]:
    """What git calls those two files; [] where the config does not say."""
    commit, _, name = (config.warm_start_git or "").partition(":")
    return [f"{commit}:{file.as_posix()}" for file in _files(Path(name))] if name else []


def _from_git(config: RunConfig) -> list[bytes]:
    contents = []
    for source in _sources(config):
        try:
            shown = subprocess.run(["git", "show", source], capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", b"").decode(errors="replace").strip() or error
            raise CheckpointError(
                f"{config.warm_start} does not exist, and git does not give it ({said}): in a "
                f"whole clone (git fetch --unshallow), {_remedy(config)}"
            ) from error
        contents.append(shown.stdout)
    if not contents:
        raise CheckpointError(
            f"{config.warm_start} does not exist: {_remedy(config)} (its sha256 is "
            f"{config.warm_start_sha256}), or set warm_start_git=COMMIT:PATH"
        )
    return contents


def _remedy(config: RunConfig) -> str:
    """How the right file is had by hand."""
    path = Path(str(config.warm_start))
    pairs = [f"git show {a} > {b}" for a, b in zip(_sources(config), _files(path), strict=False)]
    return " && ".join([f"mkdir -p {path.parent}", *pairs]) if pairs else f"put it at {path}"


def _name(path: Path) -> str:
    card = path.with_suffix(".json")
    return str(json.loads(card.read_text()).get("name", "?")) if card.exists() else "a file"
