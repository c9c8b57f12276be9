"""Short real runs: they log, stop, resume, warm-start and export."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from encoder.fontfile import FaceRef
from encoder.glyphs import LETTERS, signature
from encoder.heldout import is_heldout
from encoder.machine import processor
from encoder.prepare import HEIGHT, WIDTH
from encoder.training import checkpoint
from encoder.training.batches import Batch, DrawnBatches, draw_window
from encoder.training.config import DataConfig, ModelConfig, RunConfig, ScheduleConfig
from encoder.training.export import export
from encoder.training.faces import load_faces, training_split, twin_groups
from encoder.training.holdout import embed
from encoder.training.loop import train
from encoder.training.model import FontEncoder
from encoder.training.text import draw_text
from encoder.training.whiten import POWER, SHRINKAGE
from tests.tiny_training import terminated

pytestmark = pytest.mark.slow
FONTS = Path(__file__).with_name("fonts")


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test fonts in a folder of their own: reading them writes a cache beside them."""
    target = tmp_path_factory.mktemp("training") / "fonts"
    shutil.copytree(FONTS, target)
    return target


@pytest.fixture(scope="module")
def config(fonts: Path) -> RunConfig:
    """A run of four batches with the smallest net."""
    return RunConfig(
        name="tiny",
        data=DataConfig(fonts=str(fonts), families_per_batch=3, workers=0),
        model=ModelConfig(backbone="resnet10t", head=32, dim=16),
        schedule=ScheduleConfig(samples=24, epoch_samples=12, coarse_until=0.5),
    )


@pytest.fixture(scope="module")
def run(config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the finished run."""
    return train(config, tmp_path_factory.mktemp("runs"))


def test_a_run_leaves_its_records(run: Path) -> None:
    """Two epochs in the JSON lines with loss, rate and samples; config and checkpoint beside."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["samples"] for line in lines] == [12, 24]
    assert all(np.isfinite(line["loss"]) and line["epoch_seconds"] > 0 for line in lines)
    assert json.loads((run / "config.json").read_text())["model"]["backbone"] == "resnet10t"
    families = json.loads((run / "families.json").read_text())
    assert families == sorted(
        p.name for p in FONTS.iterdir() if p.is_dir() and not is_heldout(p.name)
    )


def test_a_finished_run_does_nothing_more(config: RunConfig, run: Path) -> None:
    """The same command again trains no step and keeps the weights."""
    before = (run / "checkpoint.safetensors").read_bytes()
    train(config, run.parent)
    assert (run / "checkpoint.safetensors").read_bytes() == before


def test_a_resumed_run_equals_an_uninterrupted_one(
    config: RunConfig, tmp_path: Path, run: Path
) -> None:
    """Stopped by SIGTERM after half its batches and started again: the same weights."""
    folder = train(config, tmp_path, on_epoch=terminated)
    with safe_open(folder / "checkpoint.safetensors", "pt") as stored:
        progress = json.loads(stored.metadata()["progress"])
    assert progress["samples"] == progress["machines"][0]["samples"] == 12
    assert progress["seconds"] > 0
    assert progress["machines"][0]["seconds"] == pytest.approx(progress["seconds"])
    train(config, tmp_path)
    # What the first half logged stays; without a checkpoint a run begins a new file.
    assert len((folder / "metrics.jsonl").read_text().splitlines()) >= 2
    begun_anew = replace(config, keep_weights=False)
    (folder / "checkpoint.safetensors").rename(tmp_path / "kept.safetensors")
    train(begun_anew, tmp_path)
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == len(
        (run / "metrics.jsonl").read_text().splitlines()
    )
    (tmp_path / "kept.safetensors").rename(folder / "checkpoint.safetensors")
    whole, resumed = FontEncoder(config.model), FontEncoder(config.model)
    checkpoint.load_weights(run / "checkpoint.safetensors", whole)
    checkpoint.load_weights(folder / "checkpoint.safetensors", resumed)
    for left, right in zip(whole.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(left, right, atol=1e-4, rtol=1e-3)


def test_the_export_gives_the_nets_vectors(run: Path, tmp_path: Path) -> None:
    """ONNX Runtime agrees with torch within the float16 of the stored weights, at any batch."""
    card = export(run, tmp_path / "encoder.onnx")
    folder = str(Path(__file__).resolve().parent.parent)
    assert folder.encode() not in (tmp_path / "encoder.onnx").read_bytes()  # where it was made
    model = FontEncoder(ModelConfig(**card["training"]["model"]))
    checkpoint.load_weights(run / "checkpoint.safetensors", model)
    model.eval()
    session = onnxruntime.InferenceSession(str(tmp_path / "encoder.onnx"))
    for count in (1, 5):
        windows = np.random.default_rng(0).random((count, 1, HEIGHT, WIDTH), dtype=np.float32)
        found = session.run(["vectors"], {"windows": windows})[0]
        with torch.no_grad():
            expected = model(torch.from_numpy(windows)).numpy()
        np.testing.assert_allclose(found, expected, atol=3e-3)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_an_export_may_be_the_mean_of_two(run: Path, tmp_path: Path) -> None:
    """Half-way between two encoders, within float16; with itself it is itself; the card says so."""
    first = export(run, tmp_path / "first.onnx")
    config = ModelConfig(**first["training"]["model"])
    other = tmp_path / "other"
    shutil.copytree(run, other)
    with safe_open(run / "checkpoint.safetensors", "pt") as stored:
        metadata = stored.metadata()
        tensors = {k: stored.get_tensor(k) for k in stored.keys()}  # noqa: SIM118
    moved = {k: v + 0.25 if v.is_floating_point() else v for k, v in tensors.items()}
    save_file(moved, other / "checkpoint.safetensors", metadata=metadata)
    card = export(other, tmp_path / "mean.onnx", tmp_path / "first.onnx")
    assert card["averaged_with"] == {k: first[k] for k in ("name", "onnx_sha256")}
    assert first["averaged_with"] is None
    export(run, tmp_path / "same.onnx", tmp_path / "first.onnx")
    plain, mean, same = (FontEncoder(config) for _ in range(3))
    for model, name in ((plain, "first"), (mean, "mean"), (same, "same")):
        checkpoint.warm_start(tmp_path / f"{name}.onnx", model)
    for name, value in plain.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(mean.state_dict()[name], value + 0.125, atol=4e-3, rtol=2e-3)
            torch.testing.assert_close(same.state_dict()[name], value, atol=1e-3, rtol=1e-3)


def test_an_export_may_be_whitened(run: Path, config: RunConfig, tmp_path: Path) -> None:
    """Only the last layer changes: its rows are mixed by one matrix, as its bias is."""
    card = export(run, tmp_path / "white.onnx", whitened=True)
    assert card["whitened"] == {"power": POWER, "shrinkage": SHRINKAGE}
    assert export(run, tmp_path / "plain.onnx")["whitened"] is None
    plain, white = (FontEncoder(config.model) for _ in range(2))
    for model, name in ((plain, "plain"), (white, "white")):
        checkpoint.warm_start(tmp_path / f"{name}.onnx", model)
    before, after = (
        torch.cat([m.project.weight, m.project.bias[:, None]], dim=1).detach().double()
        for m in (plain, white)
    )
    matrix = torch.linalg.lstsq(before.T, after.T).solution.T
    torch.testing.assert_close(matrix @ before, after, atol=5e-3, rtol=5e-2)
    torch.testing.assert_close(matrix, matrix.T, atol=0.1 * float(matrix.abs().max()), rtol=0)
    assert (after - before).abs().max() > 0.01
    for name, value in plain.state_dict().items():
        if not name.startswith("project."):
            assert torch.equal(white.state_dict()[name], value)


def test_the_runtime_folds_every_norm(run: Path, tmp_path: Path) -> None:
    """What ONNX Runtime makes of the file holds convolutions, no norm and no widening."""
    export(run, tmp_path / "encoder.onnx")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    onnxruntime.InferenceSession(str(tmp_path / "encoder.onnx"), options)
    before, after = (
        Counter(node.op_type for node in onnx.load(str(tmp_path / name)).graph.node)
        for name in ("encoder.onnx", "optimised.onnx")
    )
    assert before["BatchNormalization"] > 10 and before["Cast"] > 10
    assert after["BatchNormalization"] == 0 and after["Cast"] <= 1
    assert after["Conv"] + after["FusedConv"] == before["Conv"]


def test_an_exported_encoder_can_be_trained_on(run: Path, tmp_path: Path) -> None:
    """`warm_start` from the .onnx fills every weight, within float16."""
    export(run, tmp_path / "encoder.onnx")
    config = json.loads((run / "config.json").read_text())
    original, warm = (FontEncoder(ModelConfig(**config["model"])) for _ in range(2))
    checkpoint.load_weights(run / "checkpoint.safetensors", original)
    checkpoint.warm_start(tmp_path / "encoder.onnx", warm)
    for name, value in original.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(warm.state_dict()[name], value, atol=1e-3, rtol=1e-3)


def test_a_warm_start_places_the_proxies(config: RunConfig, run: Path, tmp_path: Path) -> None:
    """Before its first step every proxy points at the mean of pictures of its own face.

    The card says what the run started from, and what that had cost.
    """
    first = export(run, tmp_path / "encoder.onnx")
    schedule = ScheduleConfig(samples=6, learning_rate=0.0)
    warm = dataclasses.replace(
        config, name="warm", warm_start=str(tmp_path / "encoder.onnx"), schedule=schedule
    )
    folder = train(warm, tmp_path)
    model = FontEncoder(config.model)
    checkpoint.warm_start(tmp_path / "encoder.onnx", model)
    seen, _ = training_split(load_faces(Path(config.data.fonts)))
    rng = np.random.default_rng((config.seed, 0x9012))
    with safe_open(folder / "checkpoint.safetensors", "pt") as stored:
        proxies = stored.get_tensor("loss.0.proxies").numpy()
    origin = export(folder, tmp_path / "second.onnx")["origin"]
    assert (origin["onnx_sha256"], origin["origin"]) == (first["onnx_sha256"], None)
    assert origin["progress"]["samples"] == 24
    both = json.loads((tmp_path / "second.json").read_text())["cost"]
    (own,) = first["cost"]
    assert both == [own | {"samples": 24 + 6, "hours": both[0]["hours"]}]
    assert (own["device"], own["samples"]) == (processor(), 24)
    assert [epoch["samples"] for epoch in origin["epochs"]] == [12, 24]
    assert len(proxies) == len(seen)
    for face, proxy in zip(seen, proxies, strict=True):
        windows = np.stack([draw_window(face, rng, config.data) for _ in range(2)])[:, None]
        mean = embed(model, windows, torch.device("cpu")).mean(axis=0)
        np.testing.assert_allclose(proxy, mean / np.linalg.norm(mean), atol=2e-2)


def test_a_foreign_checkpoint_is_refused(run: Path) -> None:
    """Weights of another net are an error that names the file."""
    other = FontEncoder(ModelConfig(backbone="resnet10t", head=16, dim=16))
    with pytest.raises(checkpoint.CheckpointError, match="checkpoint.safetensors"):
        checkpoint.load_weights(run / "checkpoint.safetensors", other)


def test_batch_numbers_are_reproducible(fonts: Path, config: RunConfig) -> None:
    """Batch 7 is the same whoever draws it, its groups distinct, its pictures not blank."""
    faces = load_faces(fonts)
    first, second = (DrawnBatches(faces, config.data, seed=3).draw(7) for _ in range(2))
    assert torch.equal(first.windows, second.windows)
    assert torch.equal(first.faces, second.faces)
    assert not torch.equal(first.windows, DrawnBatches(faces, config.data, 3).draw(8).windows)
    per_group = torch.bincount(first.groups)
    assert set(per_group[per_group > 0].tolist()) == {config.data.samples_per_family}
    assert first.windows.float().std(dim=(1, 2, 3)).min() > 5


def test_minutes_begin_with_the_first_batch(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that take longer to start than the whole run do not end it, nor skip its warm-up."""
    draw, shares = DrawnBatches.draw, []

    def slow(self: DrawnBatches, number: int) -> Batch:
        time.sleep(4 if number == 0 else 0)
        return draw(self, number)

    monkeypatch.setattr(DrawnBatches, "draw", slow)
    schedule = ScheduleConfig(samples=None, minutes=3 / 60)
    run = dataclasses.replace(config, name="minutes", schedule=schedule)
    train(run, tmp_path, on_step=lambda share, loss: shares.append(share))
    assert len(shares) > 1
    assert shares[0] == 0 and shares[1] < 1


def test_held_out_families_and_their_twins_are_never_seen(fonts: Path) -> None:
    """A family that is the twin of a held-out one is in neither half."""
    face = load_faces(fonts)[0]
    names = [f"family-{i}" for i in range(100)]
    held = [n for n in names if is_heldout(n)]
    seen = [n for n in names if not is_heldout(n)]
    twin = dataclasses.replace(face, family=seen[0], group=1)
    groups = [1, *range(2, len(held) + 1)]
    faces = [
        dataclasses.replace(face, family=n, group=g) for n, g in zip(held, groups, strict=True)
    ]
    others = [dataclasses.replace(face, family=n, group=200 + i) for i, n in enumerate(seen[1:])]
    train_on, watch = training_split([twin, *faces, *others])
    assert [f.family for f in train_on] == seen[1:]
    assert [f.family for f in watch] == held


def test_twin_groups_join_equal_drawings(sans_path: Path, serif_path: Path) -> None:
    """Equal drawings share a number, others do not, and numbers have no gap."""
    drawn = [signature(FaceRef(p), frozenset(LETTERS)) for p in (sans_path, serif_path, sans_path)]
    assert twin_groups([d for d in drawn if d is not None]) == [0, 1, 0]


def test_text_keeps_to_the_coverage() -> None:
    """Only covered characters are drawn, and the texts of 200 draws hardly repeat."""
    rng = np.random.default_rng(0)
    coverage = frozenset("abcdefghijklmnopqrstuvwxyz")
    texts = [draw_text(rng, coverage) for _ in range(200)]
    assert set("".join(texts)) <= coverage | {" "}
    assert len(set(texts)) > 190
    assert draw_text(rng, frozenset()) == ""
