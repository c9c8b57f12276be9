#!/usr/bin/env bash
# To the version that this script came with, and back again when its smoke test fails.
#
#   sudo deploy/update.sh          # 0: the new version serves; 1: the old one serves again
#   sudo deploy/update.sh --back   # to the version before, once: for what the smoke test does not see
#
# Where the new version has changed the database so that the old one cannot read it, the backup made
# before the update is restored on the way back, and what is lost by it is said.
set -euo pipefail
source_folder=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source=deploy/lib.sh
. "$source_folder/deploy/lib.sh"
# shellcheck source=deploy/rollback.sh
. "$source_folder/deploy/rollback.sh"
if [ $# != 0 ] && [ "$*" != --back ]; then
  sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;p}' "$0"
  exit 2
fi
need_root
have_systemd || die "there is no systemd here to restart the service"
[ -e "$current" ] || die "nothing is installed yet: run deploy/setup.sh"
one_at_a_time

before=$(basename "$(readlink "$current")")
if [ "$*" = --back ]; then
  [ -e "$prefix/before" ] || die "no version came before $before"
  after=$(cat "$prefix/before") backup=''
  [ -d "$prefix/releases/$after" ] || die "$after, the version before, is not here any more"
  if ! knows_schema "$after"; then
    backup=$backups/before-$before.zip
    [ -e "$backup" ] || die "$before has changed the database so that $after cannot read it, and $backup, made before that, is not here; nothing was changed"
  fi
  say "back from $before to $after"
  if activate "$after" && { [ -z "$backup" ] || put_back "$backup"; } && restart && smoke; then
    rm -f "$prefix/before" "$backups/before-$before.zip"
    say "$after serves"
    exit 0
  fi
  say "$after does not pass its smoke test either; see: journalctl -u fontkin -n 50" >&2
  exit 1
fi
after=$(install_release "$source_folder") || { say "the new version could not be installed; $before goes on" >&2 && exit 1; }
say "from $before to $after"
# A new version may change the database; the copy is for the way back.
{ systemctl start fontkin-backup.service && backup=$(newest_backup); } ||
  { say "no backup could be made, so nothing was changed" >&2 && exit 1; }
activate "$after"
if restart && smoke; then
  if [ "$after" != "$before" ]; then
    echo "$before" >"$prefix/before"
    keep_backup "$backup" "$after"
  fi
  touch "$prefix/releases/$after"
  prune
  say "$after serves"
  exit 0
fi
journalctl --unit fontkin --lines 20 --no-pager >&2 || true
say "$after fails its smoke test: back to $before" >&2
activate "$before"
if knows_schema "$before" && restart && smoke; then
  say "$before serves again" >&2
elif put_back "$backup" && restart && smoke; then
  say "$before serves again, with the catalogue as it was before the update" >&2
else
  say "$before fails too; see: journalctl -u fontkin -n 50; the backup made before the update is $backup" >&2
fi
exit 1
