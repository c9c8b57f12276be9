"""How ONNX Runtime runs a net here."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoder.memory import give_back

if TYPE_CHECKING:
    import onnxruntime


class Net:
    """A net in a file; its session is made at the first use, once for all threads.

    The session is not carried over to another process, so a net may be built before a fork and
    may be pickled.
    """

    def __init__(self, onnx_path: Path, threads: int) -> None:
        self._path, self._threads = onnx_path, threads
        self._session: onnxruntime.InferenceSession | None = None
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": None, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def _opened(self) -> onnxruntime.InferenceSession:
        with self._lock:
            if self._session is None:
                self._session = self._new_session()
            return self._session

    def _new_session(self) -> onnxruntime.InferenceSession:
        """Threads that do not spin: a waiting worker must cost nothing."""
        # Imported here: whoever runs no net needs no ONNX Runtime.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        made = onnxruntime.InferenceSession(str(self._path), options, providers=providers)
        give_back()  # making a session leaves about 90 MB of freed weights
        return made
