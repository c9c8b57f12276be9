"""What changes of the catalogue give back: what was made, and what was refused and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from index.answers import FaceInfo, FamilyInfo, Json


@dataclass(frozen=True, slots=True)
class AddedFamily:
    """A family that got faces; `faces` are the new ones only."""

    family: FamilyInfo
    faces: tuple[FaceInfo, ...]

    def to_json(self) -> Json:
        """The family and its new faces."""
        return {"family": self.family.to_json(), "faces": [f.to_json() for f in self.faces]}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file, or a face of one, that was not taken: a short `code` and the reason."""

    name: str
    code: str
    reason: str

    def to_json(self) -> Json:
        """The three fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A file that the catalogue holds already, byte for byte, and the family it is in."""

    name: str
    family_id: str

    def to_json(self) -> Json:
        """The two fields."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class AddReport:
    """What adding did; `generation` is the catalogue's after it."""

    added: tuple[AddedFamily, ...]
    duplicates: tuple[Duplicate, ...]
    refused: tuple[Refusal, ...]
    generation: int

    def to_json(self) -> Json:
        """The answer of `POST /v1/fonts`."""
        return {
            "added": [family.to_json() for family in self.added],
            "duplicates": [duplicate.to_json() for duplicate in self.duplicates],
            "refused": [refusal.to_json() for refusal in self.refused],
            "generation": self.generation,
        }


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild made, and every face that was left out with the reason."""

    families: int
    faces: int
    samples: int
    refused: tuple[Refusal, ...]
    generation: int
    seconds: float

    def to_json(self) -> Json:
        """The six fields."""
        return asdict(self)
