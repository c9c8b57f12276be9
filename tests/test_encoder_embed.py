"""The Embedder, with a network so small that its vectors can be computed by hand."""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from PIL import Image, ImageDraw

from encoder import prepare
from encoder.embed import Embedder, MismatchError, NoInkError

DIM = 16


def write_network(path: Path) -> None:
    """Means over 64 x 16 columns of the ink (1 - paper), then L2: 16 numbers a window.

    Its 16 columns are the means of the upper and the lower half, L2, and count by their ink.
    """
    nodes = [
        helper.make_node("Sub", ["one", "windows"], ["ink"]),
        helper.make_node(
            "AveragePool", ["ink"], ["cells"], kernel_shape=[64, 16], strides=[64, 16]
        ),
        helper.make_node("Flatten", ["cells"], ["flat"], axis=1),
        helper.make_node("LpNormalization", ["flat"], ["vectors"], axis=1, p=2),
        helper.make_node(
            "AveragePool", ["ink"], ["halves"], kernel_shape=[32, 16], strides=[32, 16]
        ),
        helper.make_node("Squeeze", ["halves", "first"], ["pairs"]),
        helper.make_node("Transpose", ["pairs"], ["rows"], perm=[0, 2, 1]),
        helper.make_node("LpNormalization", ["rows"], ["columns"], axis=2, p=2),
        helper.make_node("LpNormalization", ["flat"], ["shares"], axis=1, p=1),
    ]
    shape = ["N", 1, prepare.HEIGHT, prepare.WIDTH]
    graph = helper.make_graph(
        nodes,
        "columns",
        [helper.make_tensor_value_info("windows", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["N", DIM]),
            helper.make_tensor_value_info("columns", TensorProto.FLOAT, ["N", DIM, 2]),
            helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["N", DIM]),
        ],
        [
            helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
            helper.make_tensor("first", TensorProto.INT64, [1], [1]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_card(path: Path, **changes: Any) -> None:
    card = {
        "name": "columns",
        "dim": DIM,
        "column_dim": 2,
        "height": prepare.HEIGHT,
        "width": prepare.WIDTH,
        "prepare_version": prepare.VERSION,
        "onnx_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps({**card, **changes}))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "columns.onnx"
    write_network(path)
    write_card(path)
    return path


def by_hand(windows: np.ndarray) -> np.ndarray:
    """What the network computes, in numpy and one window after the other."""
    rows = []
    for window in windows:
        columns = (1 - window[0]).reshape(64, 16, 16).mean(axis=(0, 2))
        rows.append(columns / np.linalg.norm(columns))
    return np.array(rows, np.float32).reshape(-1, DIM)


def columns_by_hand(windows: np.ndarray, every: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Those with 8 % of an equal share of their window's ink, and their shares of the line."""
    columns, shares = [], []
    for window in windows:
        halves = (1 - window[0]).reshape(2, 32, 16, 16).mean(axis=(1, 3)).T[::every]
        share = halves.sum(axis=1) / halves.sum()
        kept = share >= 0.08 * every / 16
        columns.append(halves[kept])
        shares.append(share[kept])
    rows, counted = np.concatenate(columns), np.concatenate(shares)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), counted / counted.sum()


def page(*tops: int) -> np.ndarray:
    """White paper with lines of different bars, each 20 pixels high."""
    image = Image.new("RGB", (400, 240), "white")
    draw = ImageDraw.Draw(image)
    for top in tops:
        for i in range(14):
            draw.rectangle((20 + 22 * i, top, 24 + 22 * i + (i * top) % 11, top + 19), "black")
    return np.asarray(image)


def test_vectors_are_what_the_network_computes(weights: Path) -> None:
    """Any number of windows, over the batch size too, gives the rows computed by hand."""
    embedder = Embedder.from_files(weights)
    windows = np.random.default_rng(0).random((70, 1, 64, 256), np.float32)
    for count in (1, 31, 32, 33, 70):
        np.testing.assert_allclose(
            embedder.embed_windows(windows[:count]), by_hand(windows[:count]), atol=1e-6
        )


def test_no_windows_give_no_rows(weights: Path) -> None:
    """N = 0 returns float32 [0, D]."""
    vectors = Embedder.from_files(weights).embed_windows(np.empty((0, 1, 64, 256), np.float32))
    assert vectors.shape == (0, DIM) and vectors.dtype == np.float32


@pytest.mark.parametrize(
    "windows",
    [
        np.zeros((1, 1, 64, 255), np.float32),
        np.zeros((1, 64, 256), np.float32),
        np.zeros((1, 3, 64, 256), np.float32),
        np.zeros((1, 1, 64, 256), np.float64),
    ],
)
def test_other_shapes_and_types_are_refused(weights: Path, windows: np.ndarray) -> None:
    """Anything but float32 [N, 1, 64, 256] is a ValueError that shows what it was."""
    with pytest.raises(ValueError, match=r"windows are float"):
        Embedder.from_files(weights).embed_windows(windows)


def test_lines_have_the_boxes_and_vectors_of_their_windows(weights: Path) -> None:
    """Each line of a picture gets its own windows' vectors, in prepare's order."""
    picture = page(30, 110, 190)
    lines = prepare.prepare(picture)
    found = Embedder.from_files(weights).embed_lines(prepare.prepare(picture))
    assert len(lines) >= 2 and [f.line.box for f in found] == [line.box for line in lines]
    for line, vectors in zip(lines, found, strict=True):
        np.testing.assert_allclose(vectors.vectors, by_hand(line.windows), atol=1e-5)
        columns, shares = columns_by_hand(line.windows)
        np.testing.assert_allclose(vectors.columns, columns, atol=1e-5)
        np.testing.assert_allclose(vectors.shares, shares, atol=1e-6)
        assert vectors.window_of.tolist() == sorted(vectors.window_of)
        apart = Embedder.from_files(weights).embed_columns(line.windows)
        assert np.bincount(vectors.window_of).tolist() == [len(rows) for rows in apart]
        np.testing.assert_array_equal(np.concatenate(apart), vectors.columns)
        assert len(columns) < DIM * len(line.windows)  # beside the last bars is paper


def test_one_line_is_the_unit_mean_of_its_windows(weights: Path) -> None:
    """A sample's vector is the unit mean over all windows; every second column is kept."""
    picture = page(100)
    windows = np.concatenate([line.windows for line in prepare.prepare(picture)])
    mean = by_hand(windows).mean(axis=0)
    found = Embedder.from_files(weights).embed_line(picture)
    vector = found.vector
    np.testing.assert_allclose(found.columns, columns_by_hand(windows, 2)[0], atol=1e-5)
    assert len(windows) > 1 and vector.shape == (DIM,)
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_blank_paper(weights: Path) -> None:
    """Without ink there are no lines, and a sample is an error."""
    embedder = Embedder.from_files(weights)
    blank = np.full((60, 200, 3), 255, np.uint8)
    assert embedder.embed_lines(prepare.prepare(blank)) == []
    with pytest.raises(NoInkError):
        embedder.embed_line(blank)


def test_what_the_card_says(weights: Path) -> None:
    """Dimension, file hash and prepare version are the card's."""
    embedder = Embedder.from_files(weights)
    assert embedder.dim == DIM and embedder.prepare_version == prepare.VERSION
    assert embedder.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"prepare_version": 999}, ("999", str(prepare.VERSION))),
        ({"onnx_sha256": "0" * 64}, ("0" * 64,)),
        ({"height": 48}, ("48", "64")),
        ({"width": 128}, ("128", "256")),
    ],
)
def test_a_card_of_other_weights_is_refused(
    weights: Path, change: dict[str, Any], named: tuple[str, ...]
) -> None:
    """A mismatch between card, file and code is refused, naming both values."""
    write_card(weights, **change)
    with pytest.raises(MismatchError) as caught:
        Embedder.from_files(weights)
    assert all(value in str(caught.value) for value in named)


def test_a_wrong_dimension_is_refused_at_the_first_use(weights: Path) -> None:
    """The card's dimension is held against the network's."""
    write_card(weights, dim=8)
    with pytest.raises(MismatchError, match="16.*8"):
        Embedder.from_files(weights).embed_windows(np.zeros((1, 1, 64, 256), np.float32))


def test_missing_files_and_fields(weights: Path) -> None:
    """A card with a gap is a mismatch; a missing file is a FileNotFoundError."""
    weights.with_suffix(".json").write_text("{}")
    with pytest.raises(MismatchError, match="dim"):
        Embedder.from_files(weights)
    weights.with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError):
        Embedder.from_files(weights)


def test_one_session_made_late_and_shared(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No session before the first use, one for all threads, one thread that does not spin."""
    made = []
    original = onnxruntime.InferenceSession

    def session(path: str, options: onnxruntime.SessionOptions, **rest: Any) -> Any:
        made.append(options)
        time.sleep(0.05)  # long enough for the other threads to arrive
        return original(path, options, **rest)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    embedder = Embedder.from_files(weights)
    assert made == []
    windows = np.random.default_rng(1).random((3, 1, 64, 256), np.float32)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: embedder.embed_windows(windows), range(24)))
    assert len(made) == 1
    (options,) = made
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    for result in results:
        np.testing.assert_array_equal(result, results[0])


def test_an_embedder_travels_to_another_process(weights: Path) -> None:
    """Pickled, it leaves its session behind and works again."""
    embedder = Embedder.from_files(weights)
    windows = np.random.default_rng(2).random((2, 1, 64, 256), np.float32)
    before = embedder.embed_windows(windows)
    copy = pickle.loads(pickle.dumps(embedder))
    np.testing.assert_array_equal(copy.embed_windows(windows), before)


def test_torch_is_not_imported() -> None:
    """Reading pictures and fonts and embedding them needs no torch."""
    code = (
        "import encoder.embed, encoder.picture, encoder.fontfile, encoder.reference, sys;"
        "sys.exit(bool({'torch', 'timm'} & set(sys.modules)))"
    )
    root = Path(__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
