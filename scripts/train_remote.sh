#!/usr/bin/env bash
# Train on another machine: sync, train, follow the log, bring the result back.
#
#   scripts/train_remote.sh USER@HOST encoder/training/configs/seventh.toml [PART.KEY=VALUE ...]
#
# The same command goes on after a lost connection, a stopped training or a restarted machine; run
# once more when all is done, it only brings the result. Ctrl+C here leaves the training running.
# There: Linux with rsync and Python 3.11 or newer with venv. From the environment:
#   FONTKIN_SSH_OPTIONS    more for ssh, such as "-p 2222 -i KEY"
#   FONTKIN_REMOTE_FOLDER  where it works there (fontkin)
#   FONTKIN_REMOTE_PYTHON  a Python there that has requirements-train.txt (one is made in .venvs)
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
say() { printf '%s\n' "train_remote: $*" >&2; }
if [ $# -lt 2 ] || [ ! -f "$2" ]; then
  sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;p}' "$0" >&2
  [ $# -lt 2 ] || say "$2 does not exist: name a config of encoder/training/configs/"
  exit 2
fi
command -v rsync >/dev/null || { say "rsync is missing: apt-get install rsync" && exit 2; }
target=$1
config=$(realpath --relative-to="$here" "$2")
shift 2
# The config and those that it extends.
cd "$here"
configs=("$config")
while base=$(sed -n 's/^extends *= *"\(.*\)".*/\1/p' "${configs[-1]}") && [ -n "$base" ]; do
  configs+=("$(realpath --relative-to=. "$(dirname "${configs[-1]}")/$base")")
done
folder=${FONTKIN_REMOTE_FOLDER:-fontkin}
options="-o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=10 -o ServerAliveCountMax=3 ${FONTKIN_SSH_OPTIONS:-}"
# shellcheck disable=SC2086,SC2029 # options are words; what is sent is quoted where it is made
there() { ssh $options "$target" "$@"; }
# 255 is ssh's own failure: the connection was lost or not made, so try again, for up to an hour.
again() {
  local code tries=0
  until "$@"; do
    code=$?
    case "$1 $code" in *" 255" | "sync "1[02] | "sync 30" | "sync 35") ;; *) return $code ;; esac
    tries=$((tries + 1))
    [ $tries -lt 120 ] || { say "$target cannot be reached; run the same command again" && return 1; }
    say "no connection to $target; trying again"
    sleep "$((tries < 5 ? tries : 30))"
  done
}
sync() { rsync -az -e "ssh $options" "$@"; }

say "syncing code and fonts"
# Not again: who is not let in at first will not be in an hour.
there "mkdir -p $folder/data && command -v rsync >/dev/null" ||
  { say "$target cannot be used: it must let you in by key and have rsync" && exit 1; }
list=$(mktemp)
trap 'rm -f "$list"' EXIT
git ls-files -z -- '*.py' '*.toml' '*.txt' '*.json' '*.yaml' encoder/weights \
  deploy/python.sh scripts/train_there.sh >"$list"
printf '%s\0' "${configs[@]}" >>"$list"
[ ! -d build/warm-start ] || find build/warm-start -type f -print0 >>"$list" # git is not there
again sync --files-from="$list" --from0 ./ "$target:$folder/"
for part in data/fonts data/browser-lines-2; do
  [ ! -d "$part" ] || again sync --copy-links "$part" "$target:$folder/data/"
done

# One job for each config and its changed values: the same words find it again.
job=jobs/$( (cat "${configs[@]}" && printf '%s\n' "$config" "$@") | sha256sum | cut -c1-12)
words=$(printf '%q ' "$job" "${FONTKIN_REMOTE_PYTHON:-}" "$config" "$@")
say "training $config"
again there "cd $folder && bash scripts/train_there.sh $words" ||
  { code=$? && say "$target cannot train (exit code $code)" && exit $code; }

# follow: what the training has printed since the last line seen; until it has ended.
seen=0
follow() {
  local line
  while IFS= read -r line; do
    seen=$((seen + 1))
    printf '%s\n' "$line"
  done < <(there "cd $folder && tail -n +$((seen + 1)) --pid=\$(cat $job/pid) -f $job/out" || true)
  there "test -e $folder/$job/code || ! kill -0 \$(cat $folder/$job/pid)"
}
until again follow; do sleep 1; done

code=$(again there "cat $folder/$job/code 2>/dev/null || echo lost")
if [ "$code" != 0 ]; then
  again there "tail -n 20 $folder/$job/err" >&2 || true
  [ "$code" != lost ] || say "the training was stopped there; the same command goes on from its checkpoint"
  say "no result (exit code $code)"
  exit 1
fi
run=$(again there "tail -n 1 $folder/$job/out")
say "bringing $run back"
mkdir -p "$run"
again sync "$target:$folder/$run/" "$run/"
echo "$run"
