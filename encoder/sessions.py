"""How ONNX Runtime runs a net here."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from encoder.memory import give_back


def session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """`threads` that do not spin: a waiting worker must cost nothing."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    made = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    give_back()  # making a session leaves about 90 MB of freed weights
    return made
