"""What `/metrics` shows, in Prometheus' text format; one registry per app.

With several workers (PROMETHEUS_MULTIPROC_DIR is set) it is the sum over all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SIZES = ("families", "faces", "samples", "generation")


def shared_folder() -> Path | None:
    """Where the workers of a service count together; None when there is one alone."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None


class Metrics:
    """Counts of requests and verdicts, latencies, and the size of the catalogue."""

    def __init__(self, stats: Callable[[], Mapping[str, Any]]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "fontkin_requests_total",
            "Requests by route, method and status",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "fontkin_request_seconds",
            "Seconds from request to answer",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._verdicts = Counter(
            "fontkin_verdicts_total", "Searches by verdict", ("verdict",), registry=self._registry
        )
        self._refusals = Counter(
            "fontkin_problems_total",
            "Answers that are problems, by kind",
            ("problem",),
            registry=self._registry,
        )
        self._steps = Histogram(
            "fontkin_search_step_seconds",
            "Seconds of each step of a search",
            ("step",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._searching = Gauge(
            "fontkin_searches_running",
            "Searches that run now",
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self._waiting = Gauge(
            "fontkin_searches_waiting",
            "Searches that wait for another one to end",
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self._size = _CatalogueSize(stats)

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        # Methods are the client's words: only those we know may become a label.
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_search(self, verdict: str, steps_ms: Mapping[str, float]) -> None:
        """Count one search, and how long its steps took."""
        self._verdicts.labels(verdict).inc()
        for step, ms in steps_ms.items():
            self._steps.labels(step).observe(ms / 1000)

    def count_problem(self, slug: str) -> None:
        """Count one answer that is a problem."""
        self._refusals.labels(slug).inc()

    def searching(self) -> AbstractContextManager[object]:
        """A search runs in the block."""
        return self._searching.track_inprogress()

    def waiting(self) -> AbstractContextManager[object]:
        """A search waits in the block."""
        return self._waiting.track_inprogress()

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        counted = self._registry
        if shared_folder():
            counted = CollectorRegistry()
            MultiProcessCollector(counted)
        size = CollectorRegistry()
        size.register(self._size)
        return generate_latest(counted) + generate_latest(size)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _CatalogueSize(Collector):
    """Reads the catalogue's size when it is asked for."""

    def __init__(self, stats: Callable[[], Mapping[str, Any]]) -> None:
        self._stats = stats

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: the catalogue need not answer when the registry is made."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge per size."""
        stats = self._stats()
        for name in _SIZES:
            if name in stats:
                yield GaugeMetricFamily(
                    f"fontkin_catalogue_{name}", f"{name} in the catalogue", float(stats[name])
                )
