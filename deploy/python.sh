# shellcheck shell=sh
# Which Python, and environments that are whole or not at all: for servers (deploy/lib.sh), other
# machines to train on (scripts/train_there.sh) and the Makefile. Any POSIX shell reads it.

# What the pinned packages are tested with, by the names that distributions give it.
pythons='python3.13 python3.12 python3.11'

# is_usable PYTHON: 3.11 or newer, and able to make an environment (Debian's needs NAME-venv).
is_usable() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# found_python: the newest of them that is usable here, or `python3` if that is; 1 when none is.
found_python() {
  for name in $pythons python3; do
    is_usable "$name" && echo "$name" && return
  done
  echo "no Python 3.11 or newer with its venv module is here; on Debian and Ubuntu: apt-get install python3.11-venv (22.04 has it in universe)" >&2
  return 1
}

# made_venv PYTHON FOLDER REQUIREMENTS [INCLUDED ...]: an environment for this Python and these
# files' content, with the packages of REQUIREMENTS; prints its folder, below FOLDER. `complete` is
# written last: what was broken off before is made anew. Two at once: the second waits.
made_venv() (
  venv=$2/$1-$(shift 2 && cat "$@" | sha256sum | cut -c1-12)
  mkdir -p "$2" && exec 8>"$2/.lock" || exit 1
  flock --nonblock 8 || { echo "waiting for another installation" >&2 && flock 8; } || exit 1
  if [ ! -e "$venv/complete" ]; then
    echo "installing the packages of $3" >&2
    rm -rf "$venv" && "$1" -m venv "$venv" &&
      "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$3" >&2 &&
      touch "$venv/complete" || exit 1
  fi
  echo "$venv"
)
