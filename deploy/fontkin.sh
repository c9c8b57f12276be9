#!/bin/sh
# fontkin COMMAND on a server: as the service's user, with the service's settings. Files that this
# user may not read, such as one in a home, are handed over as copies for the time of the command.
set -eu
if [ ! -r /etc/fontkin/fontkin.env ]; then
  echo "fontkin: run it as root: sudo fontkin $*" >&2
  exit 1
fi
# As systemd reads the file, not as a shell: nothing in a value is run or filled in.
while read -r line || [ -n "$line" ]; do
  case $line in
    [A-Z]*=*) value=${line#*=} ;;
    *) continue ;;
  esac
  case $value in
    \"*\" | \'*\') value=${value#?} && value=${value%?} ;;
  esac
  export "${line%%=*}=$value"
done </etc/fontkin/fontkin.env
# Programs such as npm keep things at home, and that is not root's.
export HOME=/var/lib/fontkin
as_service() { runuser -u fontkin -- "$@"; }
case ${1:-} in add_font | add-font | search | restore) reads=1 ;; *) reads='' ;; esac
handed='' count=0 last=''
for argument; do
  shift
  # What a command writes stays where it is.
  case $last in --csv | --sheet) given='' ;; *) given=$reads ;; esac
  last=$argument
  if [ -n "$given" ] && [ -f "$argument" ] && ! as_service test -r "$argument" 2>/dev/null; then
    if [ -z "$handed" ]; then
      handed=$(mktemp -d)
      trap 'rm -rf "$handed"' EXIT
      chgrp fontkin "$handed"
      chmod 750 "$handed"
    fi
    count=$((count + 1))
    install -d -m 750 -g fontkin "$handed/$count"
    install -m 640 -g fontkin -- "$argument" "$handed/$count/"
    argument=$handed/$count/$(basename -- "$argument")
  fi
  set -- "$@" "$argument"
done
as_service /opt/fontkin/current/bin/fontkin "$@"
