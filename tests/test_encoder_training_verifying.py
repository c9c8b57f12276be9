"""Pairs to tell apart, and a verifier that learns to, over the test fonts."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from encoder import browser
from encoder.embed import Embedder
from encoder.prepare import prepare
from encoder.reference import draw_reference, reference_lines
from encoder.training import checkpoint
from encoder.training.browser_lines import BrowserLines
from encoder.training.faces import TrainingFace, load_faces
from encoder.training.nearest import nearest_faces
from encoder.training.pairs import DrawnPairs
from encoder.training.verifier import Verifier, loss
from encoder.training.verifier_export import export_verifier
from encoder.training.verifying import VerifierConfig, logits_of, step, train_verifier
from encoder.verify import Verifier as Served
from index.settings import Settings
from scripts import train_verifier as train_verifier_command

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def faces(fonts_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[TrainingFace]:
    """The eight test faces, read from a folder of their own."""
    fonts = tmp_path_factory.mktemp("pairs") / "fonts"
    shutil.copytree(fonts_dir, fonts)
    return load_faces(fonts)


def _pairs(faces: list[TrainingFace], near: np.ndarray, **more: int) -> DrawnPairs:
    given = {"batch": 12, "others": 2, "seed": 3} | more
    return DrawnPairs(faces, near, BrowserLines(Path("nowhere")), browser_share=0.0, **given)


def _near(faces: list[TrainingFace]) -> np.ndarray:
    """Three faces of other families for each."""
    groups = [[j for j, o in enumerate(faces) if o.group != f.group] for f in faces]
    return np.array([some[:3] for some in groups])


def test_pairs_are_a_line_and_its_words(faces: list[TrainingFace]) -> None:
    """Shapes and types; the drawing in the line's own face coincides best, nearly always."""
    batch = _pairs(faces, _near(faces)).draw(0)
    assert batch.lines.shape == (12, 1, 64, 256) and batch.lines.dtype == torch.uint8
    assert batch.drawings.shape == (12, 3, 64, 256) and batch.told.shape == (12, 3)
    assert len(batch) == 12 and not batch.again
    ink = 1 - batch.lines.float().flatten(1)[:, None] / 255
    drawn = 1 - batch.drawings.float().flatten(2) / 255
    alike = functional.cosine_similarity(ink, drawn, dim=2).masked_fill(~batch.told, -1)
    assert (alike.argmax(dim=1) == 0).float().mean() > 0.8


def test_a_batch_is_its_number(faces: list[TrainingFace]) -> None:
    """The same number is the same pictures; another is not."""
    pairs = _pairs(faces, _near(faces), batch=3)
    assert torch.equal(pairs.draw(5).lines, pairs.draw(5).lines)
    assert not torch.equal(pairs.draw(5).lines, pairs.draw(6).lines)


def test_the_same_letters_are_not_to_be_told(faces: list[TrainingFace]) -> None:
    """A face beside itself under another family's name counts for nothing; the others count."""
    lora = next(f for f in faces if f.ref.path.stem == "lora-latin-400-normal")
    twin = replace(lora, family="other", group=99)
    other = next(f for f in faces if f.family == "cantarell")
    batch = _pairs([lora, twin, other], np.array([[1, 2], [0, 2], [0, 1]]), batch=16).draw(1)
    own = [i for i in range(16) if batch.told[i].sum() == 2]
    assert 6 <= len(own) < 16  # lines in Lora: one of two others is to be told


def test_the_loss_by_hand() -> None:
    """Two lines; the second one's last drawing cannot be told, and a blank line is no line."""
    logits = torch.tensor([[2.0, -1.0, 0.5], [1.0, 0.0, 9.0], [5.0, 5.0, 5.0]])
    told = torch.tensor([[True, True, True], [True, True, False], [False, False, False]])
    right = (np.log1p(np.exp(-2)) + np.log1p(np.exp(-1))) / 2
    wrong = (np.log1p(np.exp(-1)) + np.log1p(np.exp(0.5)) + np.log(2)) / 3
    first = -2 + np.log(np.exp(2) + np.exp(-1) + np.exp(0.5))
    second = -1 + np.log(np.exp(1) + 1)
    assert float(loss(logits, told)) == pytest.approx(
        right + wrong + (first + second) / 2, abs=1e-5
    )


def test_one_batch_is_learned(faces: list[TrainingFace]) -> None:
    """Six lines, seen again and again: the loss falls below a tenth of what it was."""
    torch.manual_seed(1)
    batch = _pairs(faces, _near(faces), batch=6).draw(2)
    model = Verifier()
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    losses = [float(step(model, optimiser, batch, CPU)[0]) for _ in range(30)]
    assert losses[-1] < 0.1 * losses[0]


@pytest.mark.slow
def test_a_run_goes_on_and_serves(faces: list[TrainingFace], tmp_path: Path) -> None:
    """A longer run goes on where the shorter one was; the exported file says what the net says."""
    near, lines = _near(faces), BrowserLines(tmp_path)
    config = VerifierConfig(steps=4, batch=4, others=2, workers=0, replayed=512)
    train_verifier(faces, near, lines, config, tmp_path / "run", device=CPU)
    done = json.loads((tmp_path / "run" / "outcome.json").read_text())
    config = replace(config, steps=6)
    kept = train_verifier(faces, near, lines, config, tmp_path / "run", device=CPU)
    more = json.loads((tmp_path / "run" / "outcome.json").read_text())
    assert (done["step"], more["step"]) == (4, 6)
    assert more["batches"] > done["batches"] > 0 and more["seconds"] > done["seconds"]
    model = Verifier()
    checkpoint.load_weights(kept, model)
    model.eval()
    batch = _pairs(faces, near, batch=1, seed=77).draw(0)
    export_verifier(tmp_path / "run", tmp_path / "verifier.onnx")
    served = Served.from_files(tmp_path / "verifier.onnx")
    strips = 1 - (1 - batch.drawings[0].numpy() / np.float32(255))
    (line,) = batch.lines[0].numpy() / np.float32(255)
    with torch.no_grad():
        exact = logits_of(model, batch, CPU)[0]
    assert served.logits(line, list(strips)) == pytest.approx(exact.numpy(), abs=0.02)


def test_the_nearest_are_of_other_families(faces: list[TrainingFace]) -> None:
    """Each face's list holds faces of other groups once, by the cosines of their mean vectors."""
    embedder = Embedder.from_files(Settings().encoder)
    near = nearest_faces(faces, embedder)
    most = max(sum(f.group == g.group for f in faces) for g in faces)
    assert near.shape == (len(faces), len(faces) - most)
    means = []
    for face in faces:
        pictures = [draw_reference(face.ref, line) for line in reference_lines(face.coverage)]
        windows = np.concatenate([line.windows for p in pictures for line in prepare(p)])
        mean = embedder.embed_windows(windows).mean(axis=0)
        means.append(mean / np.linalg.norm(mean))
    alike = np.stack(means) @ np.stack(means).T
    for number, row in enumerate(near):
        groups = [faces[other].group for other in row]
        assert faces[number].group not in groups and len(set(row.tolist())) == len(row)
        found = alike[number, row]
        assert (np.diff(found) < 0.02).all()  # these lines are found anew, within a few grey levels


@pytest.mark.slow
@pytest.mark.skipif(not browser.available(), reason="no Chromium here")
def test_the_command(
    faces: list[TrainingFace], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From font files to a verifier that serves; without fonts it says so and exits with 2."""
    fonts = faces[0].ref.path.parent.parent
    run, target = tmp_path / "run", tmp_path / "verifier.onnx"
    given = ["--fonts", str(fonts), "--run", str(run), "--steps", "2", "--workers", "0", "--json"]
    given += ["--batch", "4"]
    assert train_verifier_command.main([*given, "--to", str(target)]) == 0
    assert json.loads(capsys.readouterr().out)["step"] == 2
    assert Served.from_files(target).logits(np.ones((64, 256), np.float32), []).shape == (0,)
    (tmp_path / "none").mkdir()
    assert train_verifier_command.main(["--fonts", str(tmp_path / "none")]) == 2
    assert "fetch_fonts" in capsys.readouterr().err
