"""What to do next, for errors whose own message does not say it."""

from __future__ import annotations

import os

from encoder.picture import PictureError
from encoder.typeset import TypesetError
from index.errors import BusyError, QueryError, UnknownFaceError, UnknownFamilyError
from index.settings import SettingsError

# Wrong arguments or settings: exit code 2.
USAGE_ERRORS = (QueryError, SettingsError)
_REMEDIES: tuple[tuple[type[BaseException], str], ...] = (
    (UnknownFamilyError, "find its id with: fontkin families NAME"),
    (UnknownFaceError, "see a family's faces with: fontkin families ID --json"),
    (BusyError, "try again when the other is done, or set FONTKIN_LOCK_SECONDS higher"),
    (PictureError, "open it in a viewer and save it as PNG"),
    (TypesetError, "try another font file, or fontkin add_font --help"),
    (FileNotFoundError, "check the path; relative ones start at {cwd}"),
    (IsADirectoryError, "name a file in it"),
    (PermissionError, "check who owns it, or run this as that user"),
)


def remedy(error: BaseException) -> str:
    """Such as "; check the path ...", or "" when the message stands alone."""
    if isinstance(error, USAGE_ERRORS):
        return "" if "--help" in str(error) else "; the options: --help"
    found = next((text for kind, text in _REMEDIES if isinstance(error, kind)), "")
    return f"; {found.format(cwd=os.getcwd())}" if found else ""
