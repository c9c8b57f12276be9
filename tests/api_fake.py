"""A catalogue of four families that answers by rule, for tests of the HTTP layer alone."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw
from werkzeug.test import TestResponse

from api.app import create_app
from encoder.boxes import Box
from index.answers import (
    CatalogueInfo,
    FaceDetail,
    FaceInfo,
    FamilyDetail,
    FamilyInfo,
    FamilyPage,
    Match,
    Preview,
    Region,
    SearchAnswer,
    TwinInfo,
)
from index.differences import Difference, Letter
from index.errors import UnknownFaceError, UnknownFamilyError
from index.familymap import Place
from index.filters import Filters
from index.reports import AddedFamily, AddReport, Duplicate, Refusal
from index.settings import Settings
from index.tokens import SCOPES, Grant
from index.viewer import Viewer
from tests.catalog_fixtures import TOKEN

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
# Werkzeug's test client leaves the temporary file of a large form to the collector.
LARGE_FORMS = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning",
    "ignore:Exception ignored in.*FileIO:pytest.PytestUnraisableExceptionWarning",
)
OFL, APACHE = "OFL-1.1", "Apache-2.0"


def _family(name: str, category: str, licence: str = OFL, source: str = "google") -> FamilyInfo:
    slug = name.lower().replace(" ", "-")
    return FamilyInfo(slug, name, category, licence, source, f"https://example.org/{slug}")


def own_family(name: str) -> FamilyInfo:
    """A family that the token of the tests added."""
    return replace(_family(name, "sans-serif", source="own"), url=None, mine=True)


class BufferedClient(FlaskClient):
    """Reads and closes every answer, so that no file stays open."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """As Flask's."""
        return super().open(*args, **{"buffered": True, **kwargs})


def make_client(catalog: Any, data: Path, token: str | None = TOKEN, **more: Any) -> FlaskClient:
    """A client of a new app over `catalog`; `more` are further settings."""
    catalog.tokens = FakeTokens(token)
    return client_of(catalog, Settings(data=data, api_token=token, **more))


def client_of(catalog: Any, settings: Settings) -> FlaskClient:
    """A client of a new app over a catalogue that has tokens of its own."""
    app = create_app(settings, catalog=catalog)
    app.test_client_class = BufferedClient
    return app.test_client()


def picture(width: int = 300, height: int = 100, kind: str = "PNG") -> bytes:
    """A white picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(out, kind)
    return out.getvalue()


class FakeTokens:
    """The token of the settings alone."""

    def __init__(self, first: str | None) -> None:
        self.first = first

    def check(self, text: str) -> Grant | None:
        """All or nothing."""
        return Grant(None, frozenset(SCOPES)) if text == self.first else None

    def any(self) -> bool:
        """Whether there is one."""
        return self.first is not None


class FakeCatalog:
    """Answers with its families in order; `calls` holds what the last search was given."""

    def __init__(self) -> None:
        self.members = {
            family.id: family
            for family in (
                _family("Playfair Display", "serif"),
                _family("Abril Fatface", "display"),
                _family("Roboto Slab", "serif", APACHE),
                _family("Space Mono", "monospace"),
            )
        }
        self.tokens = FakeTokens(TOKEN)
        self.calls: dict[str, Any] = {}
        self.drawn: dict[str, Any] = {}  # what the last preview was given
        self.fails: Exception | None = None
        self.known = 0.9
        self.doubts = False
        # (box, text, id of the family that comes first) of every line of every picture
        self.lines: list[tuple[Box, str, str]] = []
        self.lead = 0  # which of them the answer is about

    def seen_by(self, viewer: Viewer) -> FakeCatalog:
        """The same for everybody."""
        self.viewer = viewer
        return self

    def search(
        self,
        picture: Any,
        *,
        k: int,
        crop: Any = None,
        filters: Filters,
        text: str | None = None,
        proof: bool,
        differences: int = 0,
    ) -> SearchAnswer:
        """All families that pass, best first; "unknown" for none."""
        if self.fails:
            raise self.fails
        self.calls = {"shape": picture.shape, "k": k, "crop": crop, "filters": filters}
        self.calls |= {"text": text, "proof": proof, "differences": differences}
        rows = tuple(
            _match(family, 0.97 - 0.08 * rank)
            for rank, family in enumerate(f for f in self.members.values() if filters.admits(f))
        )[:k]
        info = CatalogueInfo(3, len(self.members), len(self.members), "e" * 64)
        regions = self._regions(crop, text, rows)
        lead = min(self.lead, len(regions) - 1) if regions else None
        rows = regions[lead].matches if lead is not None else rows
        word = ("similar" if self.doubts else "match") if rows else "unknown"
        shown = tuple(_difference(row.face.id) for row in rows[:differences])
        steps = {"vote": 1.04}
        return SearchAnswer(word, self.known, rows, regions, info, 1.26, steps, shown, lead)

    def _regions(
        self, crop: Box | None, text: str | None, rows: tuple[Match, ...]
    ) -> tuple[Region, ...]:
        """The lines that begin in the crop, the lead said to be `text`; or the crop is one."""
        found = [
            (box, said, [row for row in rows if row.family.id == first] + list(rows))
            for box, said, first in self.lines
            if crop is None or (crop.x0 <= box.x0 < crop.x1 and crop.y0 <= box.y0 < crop.y1)
        ]
        if not found and crop:
            found = [(crop, "Hamburg", list(rows))]
        lead = min(self.lead, len(found) - 1)
        return tuple(
            Region(box, text if text and at == lead else said, 0.9, tuple(dict.fromkeys(own)))
            for at, (box, said, own) in enumerate(found)
        )

    def families(
        self, *, q: str | None, filters: Filters, limit: int, cursor: str | None
    ) -> FamilyPage:
        """The families whose name holds `q`, in pages; a cursor is where one begins."""
        self.calls = {"limit": limit, "cursor": cursor, "filters": filters}
        needle = (q or "").lower()
        found = [f for f in self.members.values() if needle in f.name.lower() and filters.admits(f)]
        start = int(cursor) if cursor and cursor.isdigit() else 0
        shown = tuple(found[start : start + limit])
        return FamilyPage(
            shown,
            str(start + limit) if len(found) > start + limit else None,
            total=len(found),
            guessed=False,
            previews=tuple(_preview(f.id) for f in shown),
            face_counts=(1,) * len(shown),
        )

    def family(self, family_id: str) -> FamilyDetail:
        """The family with one face."""
        info = self._member(family_id)
        face = FaceDetail(f"{family_id}-400", 400, False, 100, "Regular", _preview(family_id))
        return FamilyDetail(
            info,
            "Someone",
            "https://example.org/licence",
            "Copyright 2020 Someone",
            "ABCabc123",
            (face,),
            (),
        )

    def similar(self, family_id: str, *, k: int, filters: Filters) -> tuple[Match, ...]:
        """Every other family."""
        self._member(family_id)
        self.calls = {"k": k, "filters": filters}
        others = (f for f in self.members.values() if f.id != family_id)
        return tuple(_match(f, 0.8) for f in others)[:k]

    def drawable(self, face_ids: Sequence[str]) -> frozenset[str]:
        """Every face's file is here."""
        return frozenset(face_ids)

    def map_places(self) -> tuple[Place, ...]:
        """The families on a diagonal."""
        return tuple(
            Place(family, f"{family.id}-400", 2000 * at + 1000, 2000 * at + 1000)
            for at, family in enumerate(self.members.values())
        )

    def preview(self, face_id: str, text: str | None, size: int | None = None) -> Preview:
        """The text, or the id, in black on white."""
        family_id = face_id.removesuffix("-400")
        if family_id not in self.members:
            raise UnknownFaceError(face_id)
        self.drawn = {"text": text, "size": size}
        picture = Image.new("L", (600, 60), 255)
        ImageDraw.Draw(picture).text((8, 8), text or self.members[family_id].name, 0, font_size=40)
        out = io.BytesIO()
        picture.save(out, "PNG")
        return Preview(out.getvalue(), "image/png")

    def add_fonts(
        self, paths: Sequence[Path], *, names: Sequence[str], public: bool, on_progress: Any = None
    ) -> AddReport:
        """By content: "dup..." is there already, "font..." a family, else refused."""
        added, duplicates, refused = [], [], []
        self.calls = {"paths": list(paths), "public": public}
        for path, name in zip(paths, names, strict=True):
            content = path.read_bytes()
            if content.startswith(b"dup"):
                duplicates.append(Duplicate(name, "space-mono"))
            elif content.startswith(b"font"):
                family = own_family(content.decode())
                self.members[family.id] = family
                added.append(AddedFamily(family, (FaceInfo(f"{family.id}-400", 400, False),)))
            else:
                refused.append(Refusal(name, "not-a-font", "this is no font file"))
        return AddReport(tuple(added), tuple(duplicates), tuple(refused), 4)

    def change_family(
        self, family_id: str, *, name: str | None, public: bool | None
    ) -> FamilyDetail:
        """Own families take a new name."""
        self.calls = {"name": name, "public": public}
        info = self._member(family_id)
        self.members[family_id] = replace(
            info,
            name=info.name if name is None else name,
            public=info.public if public is None else public,
        )
        return self.family(family_id)

    def remove_family(self, family_id: str) -> None:
        """Forget the family."""
        self._member(family_id)
        del self.members[family_id]

    def stats(self) -> dict[str, Any]:
        """The sizes."""
        count = len(self.members)
        return {
            "generation": 3,
            "families": count,
            "faces": count,
            "samples": 8 * count,
            "categories": Counter(f.category for f in self.members.values()),
            "licenses": Counter(f.license for f in self.members.values()),
            "scripts": Counter(name for f in self.members.values() for name in f.scripts),
        }

    def ping(self) -> None:
        """All well, unless told otherwise."""
        if self.fails:
            raise self.fails

    def _member(self, family_id: str) -> FamilyInfo:
        if family_id not in self.members:
            raise UnknownFamilyError(family_id)
        return self.members[family_id]


def _preview(family_id: str) -> str:
    return f"/v1/faces/{family_id}-400/preview.png"


def _match(family: FamilyInfo, score: float) -> Match:
    twins = (TwinInfo("playfair", "Playfair"),) if family.id == "playfair-display" else ()
    face = FaceInfo(f"{family.id}-400", 400, False)
    return Match(family, face, score, score, twins, _preview(family.id))


def check_problem(answer: TestResponse, status: int, slug: str, *words: str) -> None:
    """`answer` is this problem, and its detail has the words."""
    assert answer.status_code == status, answer.data
    assert answer.mimetype == "application/problem+json"
    problem = answer.get_json()
    assert problem["status"] == status
    assert problem["type"] == f"/problems#{slug}", problem
    for word in words:
        assert word in problem["detail"], problem["detail"]


def _difference(face_id: str) -> Difference:
    """Grey, dark and red pictures of 300 x 64; the b is another one, the a a little."""
    urls = []
    for colour in ((200, 200, 200), (40, 40, 40), (214, 60, 24)):
        file = io.BytesIO()
        Image.new("RGB", (300, 64), colour).save(file, "PNG")
        urls.append("data:image/png;base64," + base64.b64encode(file.getvalue()).decode())
    letters = (Letter("a", 4, 50, 0.75), Letter("b", 50, 90, 0.4), Letter("c", 90, 140, 0.97))
    return Difference(face_id, 300, 64, 72.0, urls[0], urls[1], urls[2], letters)
