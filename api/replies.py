"""What the calls answer, for the OpenAPI description; `index.answers` and `.reports` make them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.problems import MEDIA_TYPE


def _header(description: str, kind: str = "string", *, required: bool = True) -> dict[str, Any]:
    return {"description": description, "required": required, "schema": {"type": kind}}


# What any answer has.
HEADERS = {
    "X-Request-ID": _header("That of the request, or one of ours; the log has it, too"),
    **{
        f"RateLimit-{name}": _header(f"{words}, where calls are limited", "integer", required=False)
        for name, words in {
            "Limit": "Calls that a client may make in a window of time",
            "Remaining": "Calls left in it",
            "Reset": "Seconds until it ends",
        }.items()
    },
}
_RETRY = {"Retry-After": _header("Seconds to wait before the call is made again", "integer")}
_MORE_HEADERS = {
    401: {"WWW-Authenticate": _header("`Bearer`: a token is needed, or another one")},
    429: _RETRY,
    503: _RETRY,
}


def _config(**headers: Any) -> ConfigDict:
    """For a model whose answer has the headers of any and these; flask-openapi3 reads them here."""
    extra: Any = {"openapi_extra": {"headers": {**headers, **HEADERS}}}
    return ConfigDict(extra="forbid", **extra)


class _Reply(BaseModel):
    model_config = _config()


class ProblemReply(BaseModel):
    """RFC 9457; some problems have further members."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str


class Family(_Reply):
    """A family."""

    id: str
    name: str
    category: str
    license: str
    source: Literal["google", "own"]
    url: str | None
    public: bool = Field(description="Whether everybody sees it, or its owner alone")
    mine: bool = Field(description="Whether your token may change and remove it")


class Face(_Reply):
    """A face of a family."""

    id: str
    weight: int = Field(ge=1, le=1000)
    italic: bool


class Twin(_Reply):
    """A family whose Latin letters are the same drawing."""

    id: str
    name: str


class Match(_Reply):
    """A family in an answer."""

    family: Family
    face: Face
    score: float = Field(ge=0, le=1)
    confidence: float = Field(ge=0, le=1)
    twins: list[Twin]
    preview_url: str
    proof: float | None = Field(
        ge=0,
        le=1,
        description="How alike the picture and the same words in that face are; null if not tried",
    )


class Region(_Reply):
    """A line that was found in the picture."""

    box: list[int] = Field(min_length=4, max_length=4)
    text: str | None = Field(description="What the line says; null when it cannot be read")
    text_confidence: float = Field(ge=0, le=1)
    matches: list[Match]


class Catalogue(_Reply):
    """What was searched."""

    generation: int
    families: int
    faces: int
    encoder: str


class Letter(_Reply):
    """A letter of a drawing, from column `first` up to `last`, and how alike the two are."""

    letter: str
    first: int
    last: int
    alike: float = Field(ge=0, le=1)


class Difference(_Reply):
    """A match laid over the picture's line; the pictures are `data:` URLs of PNGs of one size."""

    face_id: str
    width: int
    height: int
    size: float = Field(gt=0, description="Pixels to the em in the drawing")
    picture: str
    drawing: str
    overlay: str = Field(description="Ink of both dark, the picture's alone red, the font's blue")
    letters: list[Letter]


class SearchReply(_Reply):
    """The answer to a picture."""

    verdict: Literal["match", "similar", "unknown", "no_text"]
    known: float = Field(
        ge=0, le=1, description="The chance that the picture's font is in the catalogue at all"
    )
    matches: list[Match]
    regions: list[Region]
    lead: int | None = Field(
        description="Place in `regions` of the line that the matches are about; null without lines"
    )
    catalogue: Catalogue
    took_ms: float
    steps_ms: dict[str, float] = Field(description="What part of it each step took")
    differences: list[Difference] = Field(description="As many as were asked for, best match first")


class BatchItem(_Reply):
    """What became of one picture: an answer, or a problem."""

    name: str
    answer: SearchReply | None
    problem: ProblemReply | None


class BatchReply(_Reply):
    """One item a picture, in the order sent."""

    items: list[BatchItem]
    took_ms: float


class ListedFamily(Family):
    """A family in a list."""

    preview_url: str = Field(description="Its regular-most face")
    faces: int


class FamiliesReply(_Reply):
    """A page of families."""

    items: list[ListedFamily]
    next_cursor: str | None
    total: int = Field(description="How many there are on all pages")
    guessed: bool = Field(description="No name holds `q`; these are spelt nearly so")


class MapReply(_Reply):
    """The families in columns: the first id belongs to the first name, and so on.

    `x` and `y` are in 0..10000, near means alike. `faces` are the regular-most ones, "" for
    `{id}-400-normal`. `own` are positions in the columns.
    """

    generation: int
    ids: list[str]
    names: list[str]
    categories: list[str]
    faces: list[str]
    x: list[int]
    y: list[int]
    own: list[int]


class FaceDetail(Face):
    """A face with everything known of it."""

    width: int
    style_name: str
    preview_url: str


class FamilyReply(Family):
    """A family with its faces and twins."""

    designer: str | None
    license_url: str | None
    copyright: str | None = Field(description="Who holds the rights, where that is known")
    characters: str = Field(description="What its regular-most face draws")
    scripts: list[str]
    faces: list[FaceDetail]
    twins: list[Twin]


class SimilarReply(_Reply):
    """The kin of a family."""

    matches: list[Match]


class TokenReply(_Reply):
    """What a token opens."""

    kind: Literal["none", "token", "server"]
    name: str | None
    scopes: list[Literal["read", "write"]]
    expires: str | None = Field(description="The last day, YYYY-MM-DD")


class AddedFamily(_Reply):
    """A family that got faces."""

    family: Family
    faces: list[Face]


class Duplicate(_Reply):
    """A file that was there already."""

    name: str
    family_id: str


class Refusal(_Reply):
    """A file that was not taken, and why."""

    name: str
    code: str
    reason: str


class AddReply(_Reply):
    """What became of the font files."""

    model_config = _config(Location=_header("The address of the first family added"))

    added: list[AddedFamily]
    duplicates: list[Duplicate]
    refused: list[Refusal]
    generation: int


def problems(*statuses: int) -> dict[int | str, Any]:
    """The `responses` entry of every status in `statuses` and of what any call may answer."""
    reference = {"schema": {"$ref": "#/components/schemas/ProblemReply"}}
    every = sorted({400, 401, 403, 429, 503, *statuses})
    return {
        status: {
            "content": {MEDIA_TYPE: reference},
            "headers": {**HEADERS, **_MORE_HEADERS.get(status, {})},
        }
        for status in every
    }
