#!/bin/sh
# A dated backup of the whole catalogue beside the older ones; the newest 14 are kept. The nightly
# timer runs it as the service's user; to make one now: systemctl start fontkin-backup
# To go back to one: docs/deploy.md
set -eu
folder=${1:-/var/backups/fontkin}
release=$(dirname "$(dirname "$(readlink -f "$0")")")
"$release/bin/fontkin" backup "$folder/fontkin-$(date +%Y-%m-%d-%H%M%S).zip"
# shellcheck disable=SC2012 # the names are ours
ls -1t "$folder"/fontkin-*.zip | tail -n +15 | while IFS= read -r old; do rm -f -- "$old"; done
