"""Who looks at the catalogue: what they see of it, and what of it is theirs to change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

OWN = "own"  # the source of families that are nobody else's


class Owned(Protocol):
    """A family, of the database or of an answer."""

    @property
    def source(self) -> str: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def public(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """`name` is a token's; None is nobody in particular. `everything`: runs the server."""

    name: str | None = None
    everything: bool = False

    def sees(self, family: Owned) -> bool:
        """Whether the family exists, as far as this one can tell."""
        return self.everything or family.public or self._is_owner(family)

    def owns(self, family: Owned) -> bool:
        """Whether this one may rename, publish and remove the family."""
        return family.source == OWN and (self.everything or self._is_owner(family))

    def family_id(self, slug: str) -> str:
        """What a family of this one is called that asks for `slug`.

        Names apart, so that no id ever tells that somebody else has a family of that name.
        """
        if self.name is None:
            return slug
        return f"{slug}-{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"

    def _is_owner(self, family: Owned) -> bool:
        return family.owner is not None and family.owner == self.name


ANYBODY = Viewer()
SERVER = Viewer(everything=True)
