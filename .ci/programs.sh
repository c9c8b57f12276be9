#!/bin/sh
# Install the programs that are missing, from Debian's archive: programs.sh COMMAND=PACKAGE ...
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=''
for pair in "$@"; do
  command -v "${pair%%=*}" >/dev/null 2>&1 || missing="$missing ${pair#*=}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "install these first (their names in Debian):$missing" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # names without spaces
apt-get install -y -qq --no-install-recommends $missing >/dev/null
