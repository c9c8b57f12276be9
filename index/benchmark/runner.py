"""One run of the benchmark: a temporary copy of the catalogue, all queries, one record."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from encoder import machine
from index.benchmark import ann, compare, confusions, kin, measure, own, process, spots
from index.benchmark.baselines import WindowEmbedder
from index.benchmark.calibration import calibration
from index.benchmark.faces import AskedFamily, google_families
from index.benchmark.lookalikes import with_lookalikes
from index.benchmark.measure import Outcome
from index.benchmark.queries import LEVELS, QuerySet, draw_queries, real_queries
from index.benchmark.sandbox import temporary_copy
from index.benchmark.scenes import SCENES, draw_scenes
from index.builder import Embedder
from index.catalog import FontCatalog
from index.settings import Settings

Json = dict[str, Any]
WAYS = ("vote", "proof")
Progress = Callable[[str, int, int], None]
"""(what is being done, done, total)"""


class BenchmarkedEmbedder(Embedder, WindowEmbedder, Protocol):
    """Lines for the catalogue, windows for the comparison with the baselines."""


class NothingToAskError(RuntimeError):
    """No query could be drawn, or none is about a family of the catalogue."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask. `fonts`, `cache` and `real` are folders; `own` may be empty."""

    fonts: Path
    cache: Path
    families: int = 300
    seed: int = 0
    levels: Sequence[str] = LEVELS
    own: Sequence[Path] = ()
    real: Path = Path("../shared/real-queries")
    baselines: bool = False

    @property
    def scenes(self) -> int:
        """Pictures with several fonts, of each kind."""
        return max(2, self.families // 6)


def run(
    settings: Settings,
    plan: Plan,
    *,
    embedder: BenchmarkedEmbedder,
    progress: Progress = lambda what, done, total: None,
) -> tuple[Json, list[str]]:
    """The record and notices about what was not asked and why.

    The user's catalogue is read, never changed. Raises `NothingToAskError`.
    """
    with temporary_copy(settings, embedder) as (copied, catalog):
        return _Run(plan, copied, catalog, embedder, progress).record()


class _Run:
    """The stages of a run, in order, over one open copy."""

    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        catalog: FontCatalog,
        embedder: BenchmarkedEmbedder,
        progress: Progress,
    ) -> None:
        self._plan, self._settings, self._catalog = plan, settings, catalog
        self._embedder, self._progress = embedder, progress
        self._notices: list[str] = []
        self._families = list(google_families(plan.fonts, plan.families, plan.seed))

    def record(self) -> tuple[Json, list[str]]:
        google = self._known(self._google())
        others_made = real_queries(self._plan.real)
        real = self._known(others_made)
        if not others_made.queries:
            self._notices.append(f"no pictures made by others at {self._plan.real}: skipped")
        if not google.queries and not real.queries:
            raise NothingToAskError(
                f"nothing to ask: no family below {self._plan.fonts} is in the catalogue; "
                "run `python -m scripts.fetch_fonts`"
            )
        info = self._catalog.stats()
        asked = self._ask("asking", google)
        others = self._ask("asking real pictures", real)
        recall = ann.ann_recall_at_5(self._settings, self._embedder, google)
        baselines = self._baselines(google) if self._plan.baselines else None
        closest = kin.examples(self._catalog, compare.all_families(self._catalog))
        scenes = self._scenes()
        absent = self._absent(google)
        before, after = self._own()
        for way in WAYS:
            every = asked[way] + absent[way] + others[way] + after[way]
            self._keep(every, f"{info['encoder'][:12]}-{way}")
        vote, proof = (
            self._part(asked[way], absent[way], others[way], before[way], after[way])
            for way in WAYS
        )
        return {
            "name": f"seed{self._plan.seed}-{info['encoder'][:12]}",
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "seed": self._plan.seed,
            "commit": process.commit(),
            "machine": machine.describe(),
            "catalogue": {key: info[key] for key in ("encoder", "generation", "families", "faces")},
            **vote,
            "proof": proof,
            "scenes": scenes,
            "confusions": [
                asdict(pair)
                for pair in confusions.costliest(o for o in asked["proof"] if not o.query.seen)
            ],
            "kin": [[list(each) for each in row] for row in closest],
            "ann_recall_at_5": recall,
            "peak_memory_mb": process.peak_memory_mb(),
            "baselines": baselines,
            "skipped": [list(entry) for entry in google.skipped],
        }, self._notices

    def _part(
        self,
        asked: list[Outcome],
        absent: list[Outcome],
        others: list[Outcome],
        before: list[Outcome],
        after: list[Outcome],
    ) -> Json:
        """What one way of asking came to.

        Queries drawn here, the same without their families, others', own fonts twice.
        """
        every = asked + others + after
        levels = measure.grouped(every, lambda q: q.level)
        return {
            "levels": {name: measure.by_side(group) for name, group in levels.items()},
            "by_category": self._sides(asked, lambda q: q.category),
            "by_length": self._sides(asked, measure.length_class),
            "by_size": self._sides(asked, measure.size_class),
            "faces": measure.face_accuracy(asked),
            "auroc": {
                "levels": measure.rejection_by_level(asked, absent),
                "own": measure.rejection([o for o in asked if not o.query.seen], before),
            },
            "calibration": calibration(asked + absent),
            "latency_ms": measure.latency(every),
        }

    def _keep(self, outcomes: Sequence[Outcome], name: str) -> None:
        """Every single outcome, beside the pictures: to look at what went wrong."""
        lines = [json.dumps(asdict(outcome), ensure_ascii=False) for outcome in outcomes]
        path = self._plan.cache / f"outcomes-seed{self._plan.seed}-{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")

    def _google(self) -> QuerySet:
        return self._draw(self._families, len(self._families), str(self._plan.seed))

    def _draw(self, families: Sequence[AskedFamily], count: int, name: str) -> QuerySet:
        return draw_queries(
            families,
            self._plan.cache / name,
            seed=self._plan.seed,
            levels=self._plan.levels,
            on_progress=lambda done: self._progress("drawing queries", done, count),
        )

    def _known(self, queries: QuerySet) -> QuerySet:
        """Only the queries whose family the catalogue holds: the others cannot be found."""
        ids = set(compare.all_families(self._catalog))
        kept = tuple(query for query in queries.queries if query.right & ids)
        if lost := len(queries.queries) - len(kept):
            self._notices.append(f"{lost} queries about families outside the catalogue left out")
        return replace(queries, queries=kept)

    def _ask(
        self,
        what: str,
        queries: QuerySet,
        catalog: FontCatalog | None = None,
        *,
        there: bool = True,
    ) -> dict[str, list[Outcome]]:
        """The outcomes by way of asking: by the vote alone, and with the proof by drawing.

        By the run's copy or another `catalog`; `there` says whether it holds the families.
        """
        asked = catalog or self._catalog

        def finder(proof: bool) -> measure.Finder:
            return lambda picture, k: asked.search(picture, k=k, proof=proof).matches

        count = len(queries.queries)
        return {
            way: measure.ask(
                finder(way == "proof"),
                queries,
                there=there,
                on_progress=self._step(f"{what}: {way}", count),
            )
            for way in WAYS
        }

    def _absent(self, queries: QuerySet) -> dict[str, list[Outcome]]:
        """The same queries, asked where their families are not: each half is taken out in turn."""
        found: dict[str, list[Outcome]] = {way: [] for way in WAYS}
        families = sorted({query.family for query in queries.queries})
        for half in filter(None, (families[::2], families[1::2])):
            part = tuple(query for query in queries.queries if query.family in half)
            with temporary_copy(self._settings, self._embedder, without=half) as (_, catalog):
                what = f"asking without {len(half)} families"
                asked = self._ask(what, replace(queries, queries=part), catalog, there=False)
            found = {way: found[way] + asked[way] for way in WAYS}
        # Side by side: both answers to a query hold mostly the same families, drawn once so.
        both = [outcome for pair in zip(*found.values(), strict=True) for outcome in pair]
        step = self._step("looking for look-alikes", len(both))
        marked = with_lookalikes(both, self._plan.fonts, on_progress=step)
        return {way: marked[at :: len(WAYS)] for at, way in enumerate(WAYS)}

    def _own(self) -> tuple[dict[str, list[Outcome]], dict[str, list[Outcome]]]:
        families = own.choose(self._plan.own)
        if not families:
            self._notices.append(
                "no own fonts: skipped. Name folders with --own, or install some of "
                + " ".join(own.DEBIAN)
            )
            return {way: [] for way in WAYS}, {way: [] for way in WAYS}
        drawn = self._draw(families, len(families), f"own-{self._plan.seed}")
        before = self._ask("asking own fonts before adding", drawn, there=False)
        ids = own.add(self._catalog, families)
        return before, self._ask("asking own fonts", own.under_their_ids(drawn, ids))

    def _scenes(self) -> Json:
        """Pages, posters and signs, asked as the service answers."""
        plan, known = self._plan, set(compare.all_families(self._catalog))
        scenes = draw_scenes(
            [family for family in self._families if family.id in known],
            plan.cache / f"scenes-{plan.seed}",
            seed=plan.seed,
            count=plan.scenes,
            on_progress=self._step("drawing scenes", plan.scenes * len(SCENES)),
        )
        step = self._step("asking scenes", len(scenes))
        return spots.by_level(spots.ask(self._catalog.search, scenes, on_progress=step))

    def _baselines(self, queries: QuerySet) -> Json:
        step = self._progress
        return compare.run(self._catalog, self._embedder, self._plan.fonts, queries, step)

    def _sides(self, outcomes: Sequence[Outcome], key: Callable[[Any], str]) -> Json:
        groups = measure.grouped(outcomes, key)
        return {name: measure.by_side(groups[name]) for name in sorted(groups, key=measure.order)}

    def _step(self, what: str, total: int) -> Callable[[int], None]:
        return lambda done: self._progress(what, done, total)
