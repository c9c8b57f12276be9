"""What the use-cases raise for what a caller can cause."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from db.session import BusyError, StorageError

__all__ = [
    "BackupError",
    "BusyError",
    "MismatchError",
    "NotYoursError",
    "PartError",
    "QueryError",
    "StorageError",
    "UnavailableError",
    "UnknownFaceError",
    "UnknownFamilyError",
    "checking",
]


class MismatchError(RuntimeError):
    """Two artefacts do not belong together; the message names both values and the remedy."""


class BackupError(ValueError):
    """A backup is damaged, another's, or would lose something; the message says which."""


class QueryError(ValueError):
    """An argument of a use-case is out of range; the message names it and its range."""


class UnknownFamilyError(KeyError):
    """No family of this id is in the catalogue."""

    def __init__(self, family_id: str) -> None:
        super().__init__(family_id)
        self.family_id = family_id

    def __str__(self) -> str:
        return f"no family {self.family_id!r} is in the catalogue"


class NotYoursError(RuntimeError):
    """The family is somebody else's to change; the message names it and who may."""


class UnknownFaceError(KeyError):
    """No face of this id is in the catalogue."""

    def __init__(self, face_id: str) -> None:
        super().__init__(face_id)
        self.face_id = face_id

    def __str__(self) -> str:
        return f"no face {self.face_id!r} is in the catalogue"


class UnavailableError(RuntimeError):
    """A server that the catalogue needs does not answer, or its library is not installed."""


class PartError(RuntimeError):
    """A part of the catalogue does not answer: `part` is "database", "index" or "encoder".

    Its cause is what is wrong, and is for whoever runs the service.
    """

    def __init__(self, part: str, cause: Exception) -> None:
        super().__init__(f"the {part} does not answer: {type(cause).__name__}: {cause}")
        self.part = part


@contextmanager
def checking(part: str) -> Iterator[None]:
    """Whatever is raised in the block, as `PartError` of this part."""
    try:
        yield
    except Exception as error:
        raise PartError(part, error) from error
