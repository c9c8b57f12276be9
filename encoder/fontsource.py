"""Bring the Latin files of Google Fonts from their `@fontsource` packages, through npm.

The committed list `fontsource.json` pins every package; what the registry does not
serve is reported and skipped. A family is one folder, written whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

LIST_PATH = Path(__file__).with_name("fontsource.json")
SMALL_PATH = Path(__file__).with_name("small.txt")
_NOTE = "version.txt"  # in a family's folder: the version of the package that it came from
_BATCH = 12  # packages a npm call: npm's start is paid once, a failure costs little


class NpmMissingError(RuntimeError):
    """npm is not installed, and it is the only way fonts are brought."""


class UnknownFamilyError(ValueError):
    """An id that the pinned list does not hold."""


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What one fetch did: ids brought now, ids that were there, ids not served."""

    fetched: tuple[str, ...]
    present: tuple[str, ...]
    not_served: tuple[str, ...]


def pinned() -> dict[str, str]:
    """The committed list: family id -> package version, in alphabetical order."""
    versions: dict[str, str] = json.loads(LIST_PATH.read_text())["families"]
    return versions


def small() -> list[str]:
    """The fixed small set for quick experiments and tests: 120 seen and 60 unseen families."""
    return SMALL_PATH.read_text().split()


def fetch(
    target: Path,
    *,
    only: Sequence[str] = (),
    limit: int | None = None,
    jobs: int = 4,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> FetchReport:
    """Bring families into `target/<id>/`; those there in the pinned version are left alone.

    So is a folder without a note of its version: it was not made here. `only` names ids (all when
    empty), `limit` keeps the first N. `on_progress` is called with (done, total) after every npm
    call. Raises `UnknownFamilyError`, `NpmMissingError`.
    """
    versions = pinned()
    if unknown := [i for i in only if i not in versions]:
        raise UnknownFamilyError(
            f"not in the pinned list: {', '.join(unknown)}. "
            f"Ids look like 'playfair-display'; {LIST_PATH.name} holds them all."
        )
    wanted = list(only or versions)[:limit]
    present = [i for i in wanted if _is_there(target / i, versions[i])]
    missing = [i for i in wanted if i not in set(present)]
    specs = {f"@fontsource/{i}@{versions[i]}": i for i in missing}
    fetched = _fetch_specs(specs, target, jobs, on_progress, len(present), len(wanted))
    lost = tuple(i for i in missing if i not in fetched)
    return FetchReport(tuple(sorted(fetched)), tuple(present), lost)


def _is_there(folder: Path, version: str) -> bool:
    note = folder / _NOTE
    return folder.is_dir() and (not note.exists() or note.read_text().strip() == version)


def relock(
    target: Path,
    *,
    jobs: int = 4,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> FetchReport:
    """Bring the newest version of every Latin family and write the pinned list anew."""
    with tempfile.TemporaryDirectory() as tmp:
        (tarball,) = _npm_pack(["google-font-metadata"], Path(tmp))
        meta_version, ids = _latin_ids(tarball)
    specs = {f"@fontsource/{i}": i for i in ids}
    fetched = _fetch_specs(specs, target, jobs, on_progress, 0, len(ids))
    lost = tuple(i for i in ids if i not in fetched)
    payload = {
        "google-font-metadata": meta_version,
        "families": dict(sorted(fetched.items())),
        "not_served": list(lost),
    }
    LIST_PATH.write_text(json.dumps(payload, indent=1) + "\n")
    return FetchReport(tuple(sorted(fetched)), (), lost)


def _fetch_specs(
    specs: dict[str, str],
    target: Path,
    jobs: int,
    on_progress: Callable[[int, int], None],
    done: int,
    total: int,
) -> dict[str, str]:
    """Pack and unpack `specs` (npm spec -> id) in batches; id -> version of those served."""
    target.mkdir(parents=True, exist_ok=True)
    todo = list(specs)
    batches = [todo[i : i + _BATCH] for i in range(0, len(todo), _BATCH)]
    versions: dict[str, str] = {}
    on_progress(done, total)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = {pool.submit(_fetch_batch, b, target): len(b) for b in batches}
        for future in as_completed(futures):
            versions |= future.result()
            done += futures[future]
            on_progress(done, total)
    return versions


def _fetch_batch(specs: Sequence[str], target: Path) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as tmp:
        return dict(_unpack(tarball, target) for tarball in _pack_served(specs, Path(tmp)))


def _pack_served(specs: Sequence[str], folder: Path) -> Iterator[Path]:
    """The tarballs of all specs that are served: one bad spec fails a call, so halve it."""
    try:
        yield from _npm_pack(specs, folder)
    except subprocess.CalledProcessError:
        if len(specs) > 1:
            middle = len(specs) // 2
            for part in (specs[:middle], specs[middle:]):
                yield from _pack_served(part, folder)


def _npm_pack(specs: Sequence[str], folder: Path) -> list[Path]:
    npm = shutil.which("npm")
    if npm is None:
        raise NpmMissingError("npm was not found; install Node.js with npm to fetch fonts")
    out = subprocess.run(
        [npm, "pack", "--silent", "--pack-destination", str(folder), *specs],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [folder / name for name in out.split() if name.endswith(".tgz")]


def _latin_ids(tarball: Path) -> tuple[str, list[str]]:
    with tarfile.open(tarball) as tar:
        version = json.load(_member(tar, "package/package.json"))["version"]
        fonts = json.load(_member(tar, "package/data/google-fonts-v2.json"))
    return version, sorted(i for i, font in fonts.items() if "latin" in font["subsets"])


def _member(tar: tarfile.TarFile, name: str):  # type: ignore[no-untyped-def]
    handle = tar.extractfile(name)
    if handle is None:
        raise FileNotFoundError(f"{tar.name!s} holds no file {name}")
    return handle


def _unpack(tarball: Path, target: Path) -> tuple[str, str]:
    """Keep the Latin woff2 files, metadata.json and LICENSE, and note the version.

    Returns (id, version).
    """
    with tarfile.open(tarball) as tar:
        package = json.load(_member(tar, "package/package.json"))
        family = package["name"].removeprefix("@fontsource/")
        with tempfile.TemporaryDirectory(dir=target, prefix=f".{family}-") as tmp:
            for member in tar.getmembers():
                name = os.path.basename(member.name)
                if member.isfile() and _wanted(member.name, name, family):
                    Path(tmp, name).write_bytes(_member(tar, member.name).read())
            Path(tmp, _NOTE).write_text(package["version"] + "\n")
            final = target / family
            if final.exists():
                shutil.rmtree(final)
            shutil.copytree(tmp, f"{tmp}.whole")
            os.replace(f"{tmp}.whole", final)
    return family, package["version"]


def _wanted(path: str, name: str, family: str) -> bool:
    if path in ("package/metadata.json", "package/LICENSE"):
        return True
    rest = name.removeprefix(f"{family}-latin-")
    return name.endswith(".woff2") and rest != name and not rest.startswith("ext-")
