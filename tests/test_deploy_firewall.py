"""setup.sh's firewall never shuts out who sets the server up."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
SOCKET = "Listen=0.0.0.0:2200 (Stream)\nListen=[::]:2200 (Stream)\n"  # Ubuntu 24.04's ssh.socket


@pytest.mark.parametrize(
    ("sshd", "socket", "connection", "opened"),
    [
        ("port 22\nlistenaddress [::]:22\n", "", "", [22]),
        ("port 22\nport 2222\n", "Listen=\n", "10.0.0.2 50000 10.0.0.1 2022", [22, 2022, 2222]),
        ("", SOCKET, "", [2200]),
        ("port 22\n", SOCKET, "", [22, 2200]),
        ("", "", "10.0.0.2 50000 10.0.0.1 2022", [2022]),
        ("", "", "", [22]),
    ],
)
def test_ssh_stays_open(
    tmp_path: Path, sshd: str, socket: str, connection: str, opened: list[int]
) -> None:
    """Of its configuration, of the socket and of this connection; where none says so, 22 and a word
    of it. All is allowed before the firewall is switched on.
    """
    for name, text in (("sshd", sshd), ("systemctl", socket)):
        code = f"printf '%s' '{text}'\n" if text else "exit 255\n"
        (tmp_path / name).write_text(f"#!/bin/sh\n{code}")
    (tmp_path / "ufw").write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\n')
    for program in tmp_path.iterdir():
        program.chmod(0o755)
    script = (
        f"set -euo pipefail; . {DEPLOY}/lib.sh; . {DEPLOY}/firewall.sh; have_systemd() {{ :; }}"
    )
    done = subprocess.run(
        ["bash", "-c", f"{script}; firewall"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        | ({"SSH_CONNECTION": connection} if connection else {}),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    *allowed, enabled = (tmp_path / "calls").read_text().splitlines()
    assert allowed == [f"allow {port}/tcp" for port in (*opened, 80, 443)]
    assert enabled == "--force enable"
    assert ("usual port 22" in done.stdout) == (not (sshd or socket or connection))
