"""Does the saved index find what an exact search over the database's vectors finds?"""

from __future__ import annotations

from contextlib import closing

import numpy as np

from db.session import open_database
from encoder.picture import read_picture
from encoder.prepare import prepare
from index import evaluate
from index.benchmark.queries import QuerySet
from index.builder import Embedder
from index.errors import MismatchError
from index.settings import Settings
from index.stores.opening import open_stores

_QUERIES = 200  # pictures: every one brings several windows


def ann_recall_at_5(settings: Settings, embedder: Embedder, queries: QuerySet) -> float | None:
    """Share of the five exact nearest samples that the index gives for a query's windows.

    Over at most 200 pictures; None when none of them holds text. Raises `MismatchError`
    when the database holds no catalogue or the index is not of its generation.
    """
    with closing(open_database(settings.database_url)) as database, database.begin() as rows:
        state = rows.state.get()
        if state is None:
            raise MismatchError(f"{database.name} holds no catalogue yet")
        found = rows.samples.vectors(state.dim)
    store = open_stores(settings).load(state)
    windows = [
        line.vectors
        for query in queries.queries[:: max(1, len(queries.queries) // _QUERIES)]
        for line in embedder.embed_lines(prepare(read_picture(queries.read(query))))
    ]
    if not windows:
        return None
    asked = np.concatenate(windows)
    near = store.search(asked, 5).ids
    exact = found.vectors.astype(np.float32)
    return round(evaluate.ann_recall_at_k(near, found.ids, asked, exact, 5), 5)
