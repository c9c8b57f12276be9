#!/bin/sh
# fontkin COMMAND on a server: as the service's user, with the service's settings.
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
exec runuser -u fontkin -- /opt/fontkin/current/bin/fontkin "$@"
