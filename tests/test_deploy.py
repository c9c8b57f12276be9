"""What a server gets: the files that are copied, units that load; nginx is in test_deploy_nginx."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts import serve

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"


def copied_by_image() -> list[str]:
    """The sources that the Dockerfile copies into its last stage."""
    last = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    return [s for s in re.findall(r"^COPY (\S+) \S+$", last, re.MULTILINE) if "--from" not in s]


def copied_to_server() -> list[str]:
    """The sources that deploy/lib.sh copies."""
    found = re.search(r"^parts=\((.*)\)$", (DEPLOY / "lib.sh").read_text(), re.MULTILINE)
    assert found
    return found[1].split()


@pytest.mark.parametrize("parts", [copied_by_image(), copied_to_server()], ids=["image", "server"])
def test_what_is_copied_is_enough(parts: list[str], tmp_path: Path) -> None:
    """With nothing but the copied files, the service, its commands and the smoke test import."""
    for part in parts:
        source, target = ROOT / part, tmp_path / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            large = shutil.ignore_patterns("*.onnx", "*.db", "__pycache__")
            shutil.copytree(source, target, ignore=large)
        else:
            shutil.copy(source, target)
    code = "import api.app, scripts.serve, scripts.search, scripts.probes as p; print(p.PICTURE)"
    found = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert found == str(tmp_path / "deploy" / "smoke.png") and Path(found).exists()


def test_the_image_gets_nothing_else() -> None:
    """.dockerignore lets through exactly what is copied."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    assert let_through == {*copied_by_image(), "requirements-serve.lock"}


def test_compose_and_server_agree() -> None:
    """Both run the service with the same memory, behind the same nginx rules."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    service = compose["services"]["fontkin"]
    unit = (DEPLOY / "systemd" / "fontkin.service").read_text()
    assert f"MemoryMax={service['mem_limit'].upper()}" in unit
    assert service["environment"]["FONTKIN_TRUSTED_PROXIES"] == 1
    assert "FONTKIN_TRUSTED_PROXIES=1" in unit
    mounts = [volume.split(":")[0] for volume in compose["services"]["nginx"]["volumes"]]
    assert all((ROOT / mount).is_file() for mount in mounts)
    assert all("max-file" in part["logging"]["options"] for part in compose["services"].values())


def test_compose_hands_every_setting_on() -> None:
    """All that the service reads, but what the image fixes and what takes npm."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    given = compose["services"]["fontkin"]["environment"]
    usage = (ROOT / "docs" / "usage.md").read_text()
    known = re.findall(r"^\| `(FONTKIN_\w+)`", usage, re.MULTILINE)
    fixed = {"FONTKIN_DATA", "FONTKIN_ENCODER", "FONTKIN_FETCH_FONTS", "FONTKIN_CHROMIUM"}
    assert set(given) == set(known) - fixed
    for name in set(given) - {"FONTKIN_TRUSTED_PROXIES"}:
        assert given[name] == f"${{{name}:-}}"


@pytest.mark.parametrize("name", ["zones.conf", "compose.conf"])
def test_nginx_gives_up_idle_connections_first(name: str) -> None:
    """A picture sent just as the service closes the connection would be answered with 502.

    nginx sends a POST once; without a word of ours it keeps connections for 60 seconds.
    """
    upstream = (DEPLOY / "nginx" / name).read_text().partition("upstream fontkin_service {")[2]
    found = re.search(r"\bkeepalive_timeout (\d+)s;", upstream.partition("}")[0])
    command = serve.gunicorn_command(serve.parse_arguments([]))
    kept = int(command[command.index("--keep-alive") + 1])
    assert found and int(found[1]) <= kept - 10


def test_setup_refuses_what_it_cannot_do() -> None:
    """Unknown options are 2 and point to --help, which shows what there is."""
    script = str(DEPLOY / "setup.sh")
    wrong = subprocess.run([script, "--dominate"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "--help" in wrong.stderr
    shown = subprocess.run([script, "--help"], capture_output=True, text=True)
    assert shown.returncode == 0 and "--domain" in shown.stdout


def test_the_catalogue_is_migrated_once() -> None:
    """By the service itself, which says when it is ready: whoever starts it waits, however long."""
    unit = (DEPLOY / "systemd" / "fontkin.service").read_text()
    assert "ExecStartPre" not in unit
    assert "\nType=notify\n" in unit and "\nTimeoutStartSec=infinity\n" in unit


APT = """echo "apt-get $*" >>"$CALLS"
case $1 in update) [ -e "$CALLS.lists" ] || { touch "$CALLS.lists" && exit 100; } ;; esac
"""
PACKAGES = """
. "$DEPLOY/lib.sh"
sleep() { echo "sleep $*" >>"$CALLS"; }
eval "$(sed -n '/^packages() {/,/^}/p' "$DEPLOY/setup.sh")"
domain='' fonts='' && packages
"""


def packages(folder: Path, **programs: str) -> list[str]:
    """What `packages` of setup.sh calls, with these programs alone beside the shell's."""
    for name, text in ({"apt-get": APT, "dpkg-query": "exit 1\n", "flock": ""} | programs).items():
        (folder / name).write_text(f"#!/bin/sh\n{text}")
        (folder / name).chmod(0o755)
    for name in ("bash", "cat", "dirname", "grep", "sed", "sh", "touch"):
        (folder / name).symlink_to(shutil.which(name) or name)
    environment = {"PATH": str(folder), "CALLS": str(folder / "calls"), "DEPLOY": str(DEPLOY)}
    subprocess.run(["bash", "-euc", PACKAGES], env=environment, check=True, capture_output=True)
    return (folder / "calls").read_text().splitlines()


def test_a_python_that_is_not_apts_is_not_asked_of_apt(tmp_path: Path) -> None:
    """One in /usr/local may be newer than all that the archive has."""
    calls = packages(tmp_path, **{"python3.13": "exit 0\n", "apt-cache": ""})
    (install,) = (call for call in calls if "install" in call)
    assert "nginx" in install and "python" not in install


def test_a_fresh_server_has_no_lists_yet(tmp_path: Path) -> None:
    """They are brought, again where apt is busy with its own, and name the archive's Python."""
    known = '[ ! -e "$CALLS.lists" ] || [ "$3" != "^python3.11-venv\\$" ] || echo python3.11-venv\n'
    calls = packages(tmp_path, **{"apt-cache": known})
    assert calls[:3] == ["apt-get update -qq", "sleep 10", "apt-get update -qq"]
    assert any(call.endswith("python3.11 python3.11-venv") for call in calls)


def test_units_load(tmp_path: Path) -> None:
    """systemd reads the units without a complaint of their settings."""
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("systemd is not installed")
    root = tmp_path / "root"
    units = root / "etc/systemd/system"
    shutil.copytree(DEPLOY / "systemd", units)
    # What the units name must be there, as on a server.
    current = "opt/fontkin/current"
    for name in (
        f"{current}/.venv/bin/python",
        f"{current}/deploy/backup.sh",
        "etc/fontkin/fontkin.env",
    ):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("#!/bin/sh\n")
        (root / name).chmod(0o755)
    for target in ("sysinit", "basic", "multi-user", "timers", "shutdown", "network"):
        (units / f"{target}.target").write_text("[Unit]\nDescription=x\n")
    names = [f"/etc/systemd/system/{path.name}" for path in (DEPLOY / "systemd").iterdir()]
    done = subprocess.run(
        [program, "verify", "--man=no", f"--root={root}", *names], capture_output=True, text=True
    )
    ours = [line for line in done.stderr.splitlines() if "fontkin" in line]
    assert done.returncode == 0 and ours == [], done.stderr
