"""What a run goes on from: the file its config means, from git, or a refusal that helps."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from pathlib import Path

import pytest

from encoder.training.checkpoint import CheckpointError
from encoder.training.config import ConfigError, RunConfig, ScheduleConfig, load_config
from encoder.training.origin import note_origin, take_origin

OLD = b"the fifth's weights"
CONFIGS = Path("encoder/training/configs")
CHAIN = ("first", "second", "third", "fourth", "fifth", "sixth")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    """A repository whose last commit ships another encoder; the config means the one before."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    weights = tmp_path / "weights"
    weights.mkdir()
    for name, content in (("fifth", OLD), ("sixth", b"newer")):
        (weights / "net.onnx").write_bytes(content)
        training = {"progress": {"samples": 7}}
        card = {"name": name, "onnx_sha256": hashlib.sha256(content).hexdigest()}
        card |= {"training": training, "epochs": []}
        (weights / "net.json").write_text(json.dumps(card))
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        for words in (["add", "-A"], [*who, "commit", "-qm", name]):
            subprocess.run(["git", *words], check=True)
    return RunConfig(
        name="next",
        warm_start="build/fifth.onnx",
        warm_start_sha256=hashlib.sha256(OLD).hexdigest(),
        warm_start_git="HEAD~1:weights/net.onnx",
        schedule=ScheduleConfig(samples=1),
    )


def test_a_missing_origin_comes_from_git(config: RunConfig, tmp_path: Path) -> None:
    """The older file with its own card, which the run then notes."""
    take_origin(config)
    assert (tmp_path / "build" / "fifth.onnx").read_bytes() == OLD
    note_origin(config, tmp_path / "origin.json")
    noted = json.loads((tmp_path / "origin.json").read_text())
    assert (noted["name"], noted["progress"]) == ("fifth", {"samples": 7})
    assert sorted(p.name for p in (tmp_path / "build").iterdir()) == ["fifth.json", "fifth.onnx"]


def test_another_file_in_its_place_is_refused(config: RunConfig, tmp_path: Path) -> None:
    """What was found and what is meant by name and hash; the remedy, run as it is, helps."""
    (tmp_path / "build").mkdir()
    for suffix in ("json", "onnx"):
        path = tmp_path / "build" / f"fifth.{suffix}"
        path.write_bytes((tmp_path / "weights" / f"net.{suffix}").read_bytes())
    with pytest.raises(CheckpointError) as refused:
        take_origin(config)
    said = str(refused.value)
    for part in ("is sixth", hashlib.sha256(b"newer").hexdigest(), hashlib.sha256(OLD).hexdigest()):
        assert part in said
    remedy = said[said.index("mkdir") : said.index("; or set")]
    assert shlex.split(remedy)[:3] == ["mkdir", "-p", "build"]
    subprocess.run(remedy, shell=True, check=True)
    take_origin(config)
    assert (tmp_path / "build" / "fifth.onnx").read_bytes() == OLD


def test_a_clone_that_lacks_the_commit_says_so(config: RunConfig) -> None:
    """Git's own words, and how to have a whole clone; nothing is left half-way."""
    lacking = RunConfig(
        **{key: getattr(config, key) for key in ("name", "warm_start", "warm_start_sha256")},
        warm_start_git="0123abc:weights/net.onnx",
        schedule=config.schedule,
    )
    with pytest.raises(CheckpointError, match=r"0123abc.*git fetch --unshallow.*git show 0123abc:"):
        take_origin(lacking)
    assert not Path("build").exists()


def test_a_missing_origin_that_git_is_not_asked_for(config: RunConfig) -> None:
    """The message says what belongs where."""
    keys = ("name", "warm_start", "warm_start_sha256", "schedule")
    plain = RunConfig(**{key: getattr(config, key) for key in keys})
    with pytest.raises(CheckpointError, match=r"put it at build/fifth\.onnx"):
        take_origin(plain)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"warm_start_sha256": "00"}, "warm_start_sha256 needs warm_start"),
        ({"warm_start": "x", "warm_start_git": "a:b"}, "'a:b' needs warm_start_sha256"),
    ],
)
def test_half_a_statement_is_refused(settings: dict[str, str], said: str) -> None:
    """A hash of nothing; a place without a hash."""
    with pytest.raises(ConfigError, match=said):
        RunConfig(name="x", schedule=ScheduleConfig(samples=1), **settings)  # type: ignore[arg-type]


def test_the_shipped_encoders_are_a_chain() -> None:
    """Each goes on from the one before, by the hashes that the newest card's origins state."""
    stated, card = {}, json.loads(Path("encoder/weights/fontkin.json").read_text())["origin"]
    for name in reversed(CHAIN):
        stated[name], card = card["onnx_sha256"], card["origin"]
    for before, after in zip(CHAIN, (*CHAIN[1:], "seventh"), strict=True):
        config = load_config(CONFIGS / f"{after}.toml")
        assert config.warm_start_sha256 == stated[before]
        assert Path(str(config.warm_start)).stem == before
