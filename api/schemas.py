"""What the calls take: parameters, their ranges, and how filters are written."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from index.filters import WEIGHTS, Filters

MAX_TERMS = 50
_PIXELS = " *-?[0-9]{1,9} *"
CROP = f"{_PIXELS}(?:,{_PIXELS}){{3}}"  # a regular expression of the whole text


def _split(value: object) -> object:
    """`["a,b", "c"]` -> `["a", "b", "c"]`; blanks are dropped, so `category=` filters nothing."""
    if not isinstance(value, list):
        return value
    parts = (part.strip() for item in value for part in str(item).split(","))
    return [part for part in parts if part]


Terms = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    BeforeValidator(_split),
    Field(max_length=MAX_TERMS, description="May be repeated or separated by commas"),
]
Sources = Annotated[
    list[Literal["google", "own"]], BeforeValidator(_split), Field(max_length=MAX_TERMS)
]


class _Query(BaseModel):
    # A misspelt filter must not look like an answer without matches.
    model_config = ConfigDict(extra="forbid")


class FamilyPath(BaseModel):
    """A family of the catalogue."""

    id: str = Field(max_length=200)


def _optional_not_null(schema: dict[str, Any]) -> None:
    """Say in `schema` what `FamilyChange` checks: a field may lack, and is never null."""
    schema["minProperties"] = 1
    for field in schema["properties"].values():
        del field["default"]
        (value,) = (kind for kind in field.pop("anyOf") if kind["type"] != "null")
        field |= value


class FamilyChange(BaseModel):
    """What is to be different; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra=_optional_not_null)

    name: str | None = Field(
        None, min_length=1, max_length=120, json_schema_extra={"example": "New Name"}
    )
    public: bool | None = Field(None, description="Whether others see the family, too")

    @model_validator(mode="after")
    def _something(self) -> FamilyChange:
        if not self.model_fields_set:
            raise ValueError("name, public or both are needed")
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} is null: leave it out to leave it as it is")
        return self


class FacePath(BaseModel):
    """A face of the catalogue."""

    id: str = Field(max_length=200)


class _Filtered(_Query):
    category: Terms = Field([])
    license: Terms = Field([])
    source: Sources = Field([])
    script: Terms = Field([], description="`cyrillic`, `greek` ...: a family must have them all")
    weight: str | None = Field(
        None,
        max_length=20,
        description="`700` or `300-500`: only faces of these weights answer",
        json_schema_extra={"pattern": f"^(?:{WEIGHTS})?$"},  # the catalogue refuses in better words
    )

    def filters(self) -> Filters:
        """The same as the catalogue takes them."""
        return Filters.of(self.category, self.license, self.source, self.script, self.weight)


class BatchQuery(_Filtered):
    """Parameters of a search for many pictures."""

    k: int = Field(5, ge=1, le=50, description="How many families")
    proof: bool = Field(
        True,
        description="Read the lines, draw their words in the best families and compare. "
        "Without it an answer is faster and less often right.",
    )


class SearchQuery(BatchQuery):
    """Parameters of a search."""

    crop: str | None = Field(
        None,
        max_length=100,
        description="`x0,y0,x1,y1` in pixels of the upright picture; x1 and y1 exclusive. "
        "What lies outside the picture is cut off.",
        json_schema_extra={"pattern": f"^(?:{CROP}| *)$"},  # `parse_crop` refuses in better words
    )
    text: str | None = Field(
        None,
        max_length=1000,
        description="What the picture, or its crop, says: a line for each of its lines, or the "
        "most prominent one alone. It is read from the picture otherwise.",
    )
    differences: int = Field(
        0,
        ge=0,
        le=10,
        description="For so many of the first matches also send the line, the same words in the "
        "match's face and both laid over each other, as small PNGs, with how alike each letter is",
    )


class FamiliesQuery(_Filtered):
    """Parameters of the list of families."""

    q: str = Field("", max_length=200, description="Part of the name")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=500, description="`next_cursor` of the last page")


class BrowseQuery(FamiliesQuery):
    """Parameters of the page of families."""

    limit: int = Field(30, ge=1, le=200)
    text: str = Field("", max_length=120, description="What the specimens show")


class AddQuery(_Query):
    """Parameters of adding fonts."""

    public: bool = Field(
        False, description="New families are for everybody; else for your token's name alone"
    )


class SimilarQuery(_Filtered):
    """Parameters of the kin of a family."""

    k: int = Field(5, ge=1, le=50, description="How many families")


class FamilyPageQuery(SimilarQuery):
    """Parameters of a family's page; the filters are those of its kin."""

    k: int = Field(12, ge=1, le=50)
    text: str = Field("", max_length=120, description="What the specimens show")


class PreviewQuery(_Query):
    """Parameters of a preview."""

    text: str | None = Field(None, max_length=120, description="What to draw; else the specimen")
    size: int | None = Field(None, ge=8, le=200, description="Pixels to the em; else 72")
