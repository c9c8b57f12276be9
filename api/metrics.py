"""What `/metrics` shows, in Prometheus' text format; one registry per app."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SIZES = ("families", "faces", "samples", "generation")


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
        self._registry.register(_CatalogueSize(stats))

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        # Methods are the client's words: only those we know may become a label.
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_verdict(self, verdict: str) -> None:
        """Count one search."""
        self._verdicts.labels(verdict).inc()

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)


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
