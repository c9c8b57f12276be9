"""Settings: read from an environment, refused with key and value."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from index.settings import Settings, SettingsError


def test_defaults_lie_in_the_data_folder() -> None:
    """Nothing set: everything below `data`, writing closed."""
    settings = Settings.from_environment({})
    assert settings.database_url == "sqlite:///data/catalog.db"
    assert settings.index_path == Path("data/index.faiss")
    assert settings.fonts == Path("data/fonts")
    assert settings.encoder.name == "fontkin.onnx" and settings.encoder.is_absolute()
    assert settings.api_token is None


def test_the_environment_is_taken() -> None:
    """Every key is read; empty ones count as unset."""
    settings = Settings.from_environment(
        {
            "FONTKIN_DATA": "/srv/fontkin",
            "FONTKIN_ENCODER": "/e.onnx",
            "FONTKIN_PREBUILT": "",
            "FONTKIN_API_TOKEN": "sixteen-or-more!",
            "FONTKIN_MAX_UPLOAD_MB": " 8 ",
            "FONTKIN_LOCK_SECONDS": "0.5",
            "FONTKIN_FETCH_FONTS": "1",
            "FONTKIN_ANONYMOUS": "0",
            "OTHER": "x",
        }
    )
    assert settings.database_url == "sqlite:////srv/fontkin/catalog.db"
    assert (settings.encoder, settings.max_upload_mb) == (Path("/e.onnx"), 8)
    assert settings.lock_seconds == 0.5 and settings.prebuilt.name == "prebuilt"
    assert not settings.anonymous and Settings.from_environment({}).anonymous
    assert settings.fetch_fonts and not Settings.from_environment({}).fetch_fonts


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("FONTKIN_MAX_UPLOAD_MB", "many"),
        ("FONTKIN_MAX_UPLOAD_MB", "0"),
        ("FONTKIN_LOCK_SECONDS", "-1"),
        ("FONTKIN_LOCK_SECONDS", "nan"),
        ("FONTKIN_DATABASE_URL", "catalog.db"),
        ("FONTKIN_FETCH_FONTS", "maybe"),
    ],
)
def test_bad_values_are_named(key: str, value: str) -> None:
    """The message holds the key and the value."""
    with pytest.raises(SettingsError, match=f"{key} is .*{value}"):
        Settings.from_environment({key: value})


def test_the_token_is_never_shown() -> None:
    """Neither an error nor the repr holds the token."""
    with pytest.raises(SettingsError, match="FONTKIN_API_TOKEN") as caught:
        Settings.from_environment({"FONTKIN_API_TOKEN": "short-secret"})
    assert "short-secret" not in str(caught.value)
    assert "sixteen-or-more!" not in repr(Settings(api_token="sixteen-or-more!"))


def test_settings_are_frozen() -> None:
    """A setting cannot change after it was read."""
    with pytest.raises(FrozenInstanceError):
        Settings().data = Path("x")  # type: ignore[misc]


@pytest.mark.parametrize(
    "vectors", ["milvus", "milvus:", "faiss", "milvus:here.txt", "milvus:http://", "milvus:ftp://a"]
)
def test_vectors_name_a_store(vectors: str) -> None:
    """What is neither a file of Milvus Lite nor an address is refused with both remedies."""
    with pytest.raises(SettingsError, match=r"FONTKIN_VECTORS.*FILE\.db.*http://HOST:PORT"):
        Settings.from_environment({"FONTKIN_VECTORS": vectors})
    for good in ("milvus:data/v.db", "milvus:https://me:word@host:19530/fonts"):
        assert Settings.from_environment({"FONTKIN_VECTORS": good}).vectors == good
