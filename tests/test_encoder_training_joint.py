"""Short real runs that train net and column head together, and what is made of them."""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from encoder.embed import OUTPUTS, Embedder, MismatchError
from encoder.training import checkpoint
from encoder.training.batches import Batch, DrawnBatches
from encoder.training.checkpoint import CheckpointError, load_column_head
from encoder.training.config import (
    FEWEST_REPLAYED,
    ConfigError,
    DataConfig,
    LossConfig,
    ModelConfig,
    RunConfig,
    ScheduleConfig,
)
from encoder.training.export import export
from encoder.training.loop import train
from encoder.training.model import ColumnHead, FontEncoder
from encoder.training.onnxfile import read_column_head
from encoder.training.quantise import quantise
from scripts import export_encoder
from tests.tiny_training import terminated

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(fonts_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """Six batches of four pictures, a narrow head; two families where they may be listed."""
    fonts = tmp_path_factory.mktemp("joint") / "fonts"
    for family in ("abril-fatface", "courier-prime"):  # each face costs seconds, in every run
        shutil.copytree(fonts_dir / family, fonts / family)
    data = DataConfig(fonts=str(fonts), families_per_batch=2, workers=0, variants=0.5, neighbours=1)
    return RunConfig(
        name="joint",
        data=data,
        model=ModelConfig(backbone="resnet18", head=32, dim=16),
        loss=LossConfig(columns=8),
        schedule=ScheduleConfig(samples=24, epoch_samples=12),
    )


@pytest.fixture(scope="module")
def run(config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the finished run."""
    return train(config, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def encoders(run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The run's encoder in float and in 8 bits."""
    folder = tmp_path_factory.mktemp("encoders")
    exact, served = folder / "float" / "fontkin.onnx", folder / "fontkin.onnx"
    assert export_encoder.main([str(run), "--to", str(exact)]) == 0
    quantise(exact, served, np.random.default_rng(0).random((16, 1, 64, 256), np.float32))
    return exact, served


def lines(run: Path) -> list[dict[str, float]]:
    """The run's metrics."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_run_says_how_often_columns_are_right(run: Path) -> None:
    """A share above nothing after some batches; nothing came again; the lines were drawn."""
    assert [line["samples"] for line in lines(run)] == [12, 24]
    assert all(line["replayed"] == 0 for line in lines(run))
    assert 0 < lines(run)[-1]["late_right"] <= 1


def test_proxies_begin_where_the_catalogues_lines_are(config: RunConfig, tmp_path: Path) -> None:
    """Faces and the faces made from them have one each, and the head learns with the net."""
    still = replace(config.schedule, samples=4, learning_rate=0.0)
    folder = train(replace(config, name="still", schedule=still), tmp_path)
    tensors = load_file(folder / "checkpoint.safetensors")
    torch.manual_seed(config.seed)
    model = FontEncoder(config.model)
    assert torch.equal(tensors["model.project.weight"], model.project.weight)
    proxies = tensors["loss.0.proxies"]
    faces = {
        p
        for family in json.loads((folder / "families.json").read_text())
        for p in (Path(config.data.fonts) / family).glob("*.woff2")
    }
    assert len(proxies) == 6 * len(faces)
    torch.testing.assert_close(proxies.norm(dim=1), torch.ones(len(proxies)))
    # Random ones would point anywhere; those of a net's own vectors lie close together.
    assert (proxies @ proxies.T).min() > 0.5


def test_a_resumed_run_equals_an_uninterrupted_one(
    config: RunConfig, run: Path, tmp_path: Path
) -> None:
    """Stopped by SIGTERM after half its batches and started again: the same net and head."""
    folder = train(config, tmp_path, on_epoch=terminated)
    assert lines(folder)[-1]["samples"] == 12
    train(config, tmp_path)
    whole, resumed = (load_file(f / "checkpoint.safetensors") for f in (run, folder))
    assert any(".head." in name for name in whole)
    for name, values in whole.items():
        if not name.startswith("optimiser."):
            torch.testing.assert_close(resumed[name], values, atol=1e-4, rtol=1e-3)


def test_what_was_drawn_comes_again(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While drawing waits, steps go on with what came before; a stopped run goes on."""
    again = threading.Event()
    draw = DrawnBatches.draw

    def waiting(self: DrawnBatches, number: int) -> Batch:
        if number == FEWEST_REPLAYED:
            assert again.wait(300)
        return draw(self, number)

    monkeypatch.setattr(DrawnBatches, "draw", waiting)
    steps: list[float] = []

    def count(share: float, loss: float) -> None:
        steps.append(loss)
        if len(steps) == FEWEST_REPLAYED + 5:
            again.set()

    data = replace(config.data, replayed=4 * FEWEST_REPLAYED)
    budget = 4 * (FEWEST_REPLAYED + 10)
    schedule = ScheduleConfig(samples=budget, epoch_samples=10_000)
    model = replace(config.model, backbone="conv1x16")
    replaying = replace(config, name="again", data=data, model=model, schedule=schedule)
    folder = train(replaying, tmp_path, on_step=count)
    (last,) = lines(folder)
    assert last["samples"] >= 4 * FEWEST_REPLAYED and last["replayed"] >= 4 * 5
    assert last["samples"] + last["replayed"] == 4 * len(steps) == budget
    assert np.isfinite(steps).all()
    more = replace(replaying, schedule=replace(schedule, samples=budget + 8))
    train(more, tmp_path)
    assert lines(folder)[-1]["samples"] + lines(folder)[-1]["replayed"] == budget + 8
    assert lines(folder)[-1]["replayed"] >= last["replayed"]


def test_both_encoders_have_the_runs_head(
    config: RunConfig, run: Path, encoders: tuple[Path, Path]
) -> None:
    """They open, their columns are the torch head's, and the two belong together."""
    windows = np.random.default_rng(1).random((3, 1, 64, 256), np.float32)
    net, head = FontEncoder(config.model), ColumnHead(config.model.head, 8)
    checkpoint.load_weights(run / "checkpoint.safetensors", net)
    head.load_state_dict(load_column_head(run / "checkpoint.safetensors"))
    with torch.no_grad():
        seen, weights = net.eval().features(torch.from_numpy(windows))
        vectors = net.pooled(seen, weights).numpy()
        expected, shares = (part.numpy() for part in head(seen))
    for path, least in zip(encoders, (0.999, 0.9), strict=True):
        embedder = Embedder.from_files(path)
        assert embedder.column_dim == 8
        pooled, columns, counted = next(embedder._run(OUTPUTS, windows))
        assert (pooled * vectors).sum(axis=1).min() > least
        assert (expected * columns[:, ::2]).sum(axis=2).min() > least
        second = counted[:, ::2] / counted[:, ::2].sum(axis=1, keepdims=True)
        np.testing.assert_allclose(second, shares, atol=0.02)
    exact, served = (json.loads(path.with_suffix(".json").read_text()) for path in encoders)
    assert served["float_sha256"] == exact["onnx_sha256"]


def test_a_head_is_read_back(run: Path, encoders: tuple[Path, Path]) -> None:
    """From both files bit by bit."""
    expected = load_column_head(run / "checkpoint.safetensors")
    assert set(expected) == set(ColumnHead(32, 8).state_dict())
    for path in encoders:
        found = read_column_head(path)
        assert set(found) == set(expected)
        assert all(torch.equal(found[name], values) for name, values in expected.items())


def test_a_run_without_a_head_gives_an_encoder_without_one(run: Path, tmp_path: Path) -> None:
    """Though its backbone may have a part of that name. It cannot serve, and says so."""
    headless = tmp_path / "headless"
    shutil.copytree(run, headless)
    path = headless / "checkpoint.safetensors"
    with safe_open(path, "pt") as stored:
        metadata = stored.metadata()
    tensors = {k: v for k, v in load_file(path).items() if ".head." not in k}
    save_file(tensors, path, metadata=metadata)
    card = export(headless, tmp_path / "headless.onnx")
    assert "column_dim" not in card and read_column_head(tmp_path / "headless.onnx") == {}
    with pytest.raises(MismatchError, match=r"column_dim; .*train with loss\.columns=64"):
        Embedder.from_files(tmp_path / "headless.onnx")
    save_file(tensors | {"model.backbone.head.norm.weight": torch.ones(4)}, path)
    assert load_column_head(path) == {}
    with pytest.raises(CheckpointError, match="none"):
        load_column_head(tmp_path / "none.safetensors")


def test_a_warm_start_takes_the_head_along(
    config: RunConfig, run: Path, encoders: tuple[Path, Path], tmp_path: Path
) -> None:
    """A run from an encoder with a head starts with that head."""
    still = ScheduleConfig(samples=4, learning_rate=0.0)
    warm = replace(config, name="warm", warm_start=str(encoders[0]), schedule=still)
    found = load_column_head(train(warm, tmp_path) / "checkpoint.safetensors")
    for name, values in load_column_head(run / "checkpoint.safetensors").items():
        assert torch.equal(found[name], values)


def test_a_net_that_cannot_look_between_its_columns_is_refused(
    config: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that halves its width last by a pool: exit code 2, the remedy, and no file."""
    model = replace(config.model, backbone="resnet10t")
    quick = ScheduleConfig(samples=4)
    run = train(replace(config, name="pools", model=model, schedule=quick), tmp_path)
    target = tmp_path / "exported" / "pools.onnx"
    assert export_encoder.main([str(run), "--to", str(target)]) == 2
    said = capsys.readouterr().err
    assert "pools" in said and "resnet18" in said
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("part", "settings", "said"),
    [
        ("data", {"variants": 1.0}, r"data\.variants = 1\.0"),
        ("data", {"variants": -0.1}, r"data\.variants = -0\.1"),
        ("data", {"neighbours": 25}, r"data\.neighbours = 25: 0 to 24"),
        ("loss", {"columns": 0}, r"data\.neighbours = 1 needs loss\.columns"),
        ("data", {"source": "digits"}, r"loss\.columns needs fonts"),
        ("data", {"replayed": 127}, r"data\.replayed = 127: 128 "),
    ],
)
def test_settings_that_cannot_be_are_refused(
    config: RunConfig, part: str, settings: dict, said: str
) -> None:
    """By name, value and remedy."""
    with pytest.raises(ConfigError, match=said):
        replace(config, **{part: dataclasses.replace(getattr(config, part), **settings)})
