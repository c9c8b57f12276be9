#!/bin/sh
# fontkin COMMAND on a server: as the service's user, with the service's settings.
set -eu
if [ ! -r /etc/fontkin/fontkin.env ]; then
  echo "fontkin: run it as root: sudo fontkin $*" >&2
  exit 1
fi
set -a
# shellcheck disable=SC1091
. /etc/fontkin/fontkin.env
exec runuser -u fontkin -- /opt/fontkin/current/bin/fontkin "$@"
