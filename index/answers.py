"""What the use-cases of `index.catalog` answer: frozen values, each with its JSON.

What those give back that change the catalogue stands in `index.reports`.

`to_json()` of every class is the shape of version 1 of the HTTP API, so that the API,
the scripts' `--json` and the tests write the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from encoder.boxes import Box
from index.differences import Difference

Verdict = Literal["match", "similar", "unknown", "no_text"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FamilyInfo:
    """A family as an answer names it; `source` is "google" or "own".

    `scripts` are those that it has letters for, as Fontsource names its subsets. `mine` says
    that whoever looks may change it; who else sees it, and `owner`, are as in the database.
    """

    id: str
    name: str
    category: str
    license: str
    source: str
    url: str | None
    scripts: frozenset[str] = frozenset()
    owner: str | None = None
    public: bool = True
    mine: bool = False

    def to_json(self) -> Json:
        """All fields but the scripts and the owner."""
        names = ("id", "name", "category", "license", "source", "url", "public", "mine")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class FaceInfo:
    """A face: one weight (1..1000), slope and width (percent, 100 is normal) of a family."""

    id: str
    weight: int
    italic: bool
    width: int = 100

    def to_json(self) -> Json:
        """All fields but the width."""
        return {"id": self.id, "weight": self.weight, "italic": self.italic}


@dataclass(frozen=True, slots=True)
class TwinInfo:
    """A family whose Latin letters are the same drawing."""

    id: str
    name: str

    def to_json(self) -> Json:
        """The two fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Match:
    """One row of an answer: a family, its best face, `score` and `confidence` in 0..1.

    `proof` in 0..1 says how alike the picture and the same words drawn in that face are, None
    when that was not tried; it is part of `score`. `verified` is the verifier's logit of the same
    two (see `encoder.verify`), for the first rows of those that were drawn.
    """

    family: FamilyInfo
    face: FaceInfo
    score: float
    confidence: float
    twins: tuple[TwinInfo, ...]
    preview_url: str
    proof: float | None = None
    verified: float | None = None

    def to_json(self) -> Json:
        """The row as the API writes it; numbers rounded to four digits."""
        return {
            "family": self.family.to_json(),
            "face": self.face.to_json(),
            "score": round(self.score, 4),
            "confidence": round(self.confidence, 4),
            "twins": [twin.to_json() for twin in self.twins],
            "preview_url": self.preview_url,
            "proof": None if self.proof is None else round(self.proof, 4),
        }


@dataclass(frozen=True, slots=True)
class Region:
    """One line found in the picture, with the matches of its font.

    `text` is None when nothing could be read, `text_confidence` in 0..1 how sure the reader is.
    """

    box: Box
    text: str | None
    text_confidence: float
    matches: tuple[Match, ...]

    def to_json(self) -> Json:
        """The region as the API writes it."""
        rows = [match.to_json() for match in self.matches]
        return {
            "box": self.box.as_list(),
            "text": self.text,
            "text_confidence": round(self.text_confidence, 4),
            "matches": rows,
        }


@dataclass(frozen=True, slots=True)
class CatalogueInfo:
    """The state that an answer was read from; `encoder` is the sha256 of its file."""

    generation: int
    families: int
    faces: int
    encoder: str

    def to_json(self) -> Json:
        """The four fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """The answer to one picture; no matches when the verdict is "no_text".

    `known` in 0..1 is the chance that the most prominent font is in the catalogue at all.
    `steps_ms` says what part of `took_ms` each step of the search took, `differences` show the
    first of the matches that were drawn, when asked for. `lead` is the place in `regions` of the
    line that `matches` are about and a corrected text belongs to; None without lines.
    """

    verdict: Verdict
    known: float
    matches: tuple[Match, ...]
    regions: tuple[Region, ...]
    catalogue: CatalogueInfo
    took_ms: float
    steps_ms: Mapping[str, float]
    differences: tuple[Difference, ...] = ()
    lead: int | None = None

    def to_json(self) -> Json:
        """The answer of `POST /v1/search`."""
        return {
            "verdict": self.verdict,
            "known": round(self.known, 4),
            "matches": [match.to_json() for match in self.matches],
            "regions": [region.to_json() for region in self.regions],
            "lead": self.lead,
            "catalogue": self.catalogue.to_json(),
            "took_ms": round(self.took_ms, 1),
            "steps_ms": {step: round(ms, 1) for step, ms in self.steps_ms.items()},
            "differences": [each.to_json() for each in self.differences],
        }


@dataclass(frozen=True, slots=True)
class FamilyPage:
    """A page of families; `next_cursor` is None on the last one, `total` counts those of all pages.

    `guessed`: no name holds what was asked for, these are spelt nearly so. `previews` are the
    addresses of each family's regular-most face, `face_counts` says how many it has.
    """

    items: tuple[FamilyInfo, ...]
    next_cursor: str | None
    total: int
    guessed: bool
    previews: tuple[str, ...]
    face_counts: tuple[int, ...]

    def rows(self) -> list[Json]:
        """Each family with its preview's address and how many faces it has."""
        columns = zip(self.items, self.previews, self.face_counts, strict=True)
        return [{**f.to_json(), "preview_url": url, "faces": n} for f, url, n in columns]

    def to_json(self) -> Json:
        """The answer of `GET /v1/families`."""
        return {
            "items": self.rows(),
            "next_cursor": self.next_cursor,
            "total": self.total,
            "guessed": self.guessed,
        }


@dataclass(frozen=True, slots=True)
class FaceDetail:
    """A face with everything a page shows; `width` in percent, 100 is normal."""

    id: str
    weight: int
    italic: bool
    width: int
    style_name: str
    preview_url: str

    def to_json(self) -> Json:
        """The six fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FamilyDetail:
    """A family with its faces (lightest upright first) and its twins.

    `characters` are those that its regular-most face draws, sorted; `copyright` is who holds
    the rights, where that is known.
    """

    family: FamilyInfo
    designer: str | None
    license_url: str | None
    copyright: str | None
    characters: str
    faces: tuple[FaceDetail, ...]
    twins: tuple[TwinInfo, ...]

    def to_json(self) -> Json:
        """The answer of `GET /v1/families/{id}`: the family's fields with the rest beside."""
        return {
            **self.family.to_json(),
            "designer": self.designer,
            "license_url": self.license_url,
            "copyright": self.copyright,
            "characters": self.characters,
            "scripts": sorted(self.family.scripts),
            "faces": [face.to_json() for face in self.faces],
            "twins": [twin.to_json() for twin in self.twins],
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture to send as it is; `mimetype` is "image/png" or "image/webp"."""

    data: bytes
    mimetype: str
