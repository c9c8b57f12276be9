#!/usr/bin/env bash
# The half of train_remote.sh that runs on the other machine, in its folder there:
#
#   scripts/train_there.sh JOB PYTHON CONFIG [PART.KEY=VALUE ...]
#
# Starts the training of JOB, unless it runs or is done: its output goes to JOB/out and JOB/err, its
# process to JOB/pid, at the end its exit code to JOB/code. PYTHON may be empty: then an environment
# with requirements-train.txt is made in .venvs.
set -euo pipefail
# shellcheck source=deploy/python.sh
. deploy/python.sh
job=$1 python=$2
shift 2
mkdir -p "$job" .venvs
# A connection that was lost leaves its start going on; the next one waits for it.
exec 9>.venvs/.start
flock --nonblock 9 || { echo "waiting for another start there" >&2 && flock 9; }
if [ -n "$python" ]; then
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "FONTKIN_REMOTE_PYTHON=$python is no Python 3.11 or newer there" >&2 && exit 2; }
else
  python=$(found_python) || exit 2
  venv=$(made_venv "$python" .venvs requirements-train.txt requirements-serve.txt)
  python=$venv/bin/python
  # Those of earlier requirements are gigabytes. A training keeps hold of its own.
  for old in .venvs/*; do
    [ "$old" = "$venv" ] || flock --nonblock "$old" rm -rf "$old" || true
  done
  exec 8<"$venv" && flock --shared 8
fi
# Locks, not process ids: they are free when the last process of a training is gone.
exec 7>"$job/lock"
if [ "$(cat "$job/code" 2>/dev/null || true)" != 0 ] && flock --nonblock 7; then
  rm -f "$job/code"
  # Of its own session: it goes on when the connection does not. An end leaves its exit code.
  # shellcheck disable=SC2016 # for the inner shell
  PYTHONUNBUFFERED=1 setsid bash -c '
    job=$1 python=$2 && shift 2
    "$python" -m scripts.train "$@" >>"$job/out" 2>"$job/err" </dev/null
    echo $? >"$job/code.new" && mv "$job/code.new" "$job/code"
  ' train "$job" "$python" "$@" >/dev/null 2>&1 </dev/null 9>&- &
  echo $! >"$job/pid"
fi
