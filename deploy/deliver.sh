#!/usr/bin/env bash
# Bring this checkout to a server that setup.sh made, over SSH, and check it from outside.
#
#   deploy/deliver.sh deploy@fonts.example.org https://fonts.example.org
#
# 0: the new version serves; 1: it does not, and the old one serves again. The user there needs
# sudo without a password (or is root). More for ssh, such as a port: FONTKIN_SSH_OPTIONS="-p 2222"
# A server that answers nobody without a token is asked with the one in FONTKIN_TOKEN.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
# shellcheck source=deploy/lib.sh
. deploy/lib.sh
if [ $# != 2 ]; then
  sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;p}' "$0"
  exit 2
fi
target=$1 url=$2
release=$(release_name "$PWD")
read -ra options <<<"-o BatchMode=yes -o ServerAliveInterval=15 ${FONTKIN_SSH_OPTIONS:-}"
# shellcheck disable=SC2029 # the name is meant to be filled in here
there() { ssh "${options[@]}" "$target" "$@"; }
# root_there COMMAND: it prints into a file first, for a connection that is lost must not stop an
# update half-way, at the next word that it says.
root_there() {
  # shellcheck disable=SC2016 # the other side fills it in
  there 'if [ "$(id -u)" = 0 ]; then s=; else s="sudo -n"; fi; log=$(mktemp) &&'" { \$s $1"' >"$log" 2>&1 </dev/null; code=$?; cat "$log"; rm -f "$log"; exit $code; }'
}

say "building $release"
archive=$(mktemp)
trap 'rm -f "$archive"' EXIT
tar --exclude=__pycache__ --owner=0 --group=0 -czf "$archive" "${parts[@]}"

say "copying it to $target"
there "rm -rf fontkin-$release && mkdir -p fontkin-$release && tar -C fontkin-$release -xzf -" <"$archive"

say "updating"
code=0
root_there "env FONTKIN_RELEASE=$release fontkin-$release/deploy/update.sh" || code=$?
there "rm -rf fontkin-$release" || true
[ $code = 0 ] || exit $code

say "asking $url a picture"
python3 -m scripts.smoke "$url" && exit 0
say "it does not answer from outside as it should: back to the version before" >&2
root_there "$current/deploy/update.sh --back" >&2
exit 1
