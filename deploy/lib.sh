# shellcheck shell=bash
# What setup.sh and update.sh share: where things lie, releases, units, the smoke test.
# Releases lie side by side and `current` points to one of them, so going back is one rename.
# Steps are joined by &&: inside of a condition bash goes on after an error.
# shellcheck disable=SC2034 # some are for the scripts that read this file

prefix=/opt/fontkin
current=$prefix/current
data=/var/lib/fontkin
backups=/var/backups/fontkin
settings=/etc/fontkin/fontkin.env
program=/usr/local/bin/fontkin
site=/etc/nginx/sites-available/fontkin
port=8000
kept_releases=3
# shellcheck source=deploy/python.sh
. "$(dirname "${BASH_SOURCE[0]}")/python.sh"

say() { printf '%s\n' "fontkin: $*"; }
die() {
  say "$*" >&2
  exit 2
}
need_root() { [ "$(id -u)" = 0 ] || die "run it as root: sudo $0"; }
# False in a chroot or a container without systemd: files are laid, nothing is started.
have_systemd() { [ -d /run/systemd/system ]; }

# one_at_a_time: ends with 2 while another setup.sh or update.sh is at work, which would mix with it.
one_at_a_time() {
  mkdir -p "$prefix" && exec 7>"$prefix/.lock"
  flock --nonblock 7 || die "setup.sh or update.sh is at work already; wait until it has ended"
}

# install_packages NAME...: only those that are missing, so that a second run needs no network.
install_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return
  say "installing ${missing[*]}"
  update_lists
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o DPkg::Lock::Timeout=600 \
    --no-install-recommends "${missing[@]}" >/dev/null 7>&- # or what they start holds the lock
}

# update_lists: what the archive has. A fresh server updates itself in its first minutes, and apt
# does not wait for its own lock on the lists.
update_lists() {
  local tries=0
  until apt-get update -qq; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || die "apt-get update fails; its own words are above"
    say "apt-get cannot be used now; trying again"
    sleep 10
  done
}

# The newest Python from 3.11 on that the system's own archive has: Debian 12 has 3.11, Ubuntu
# 24.04 has 3.12, Ubuntu 22.04 has 3.10 as python3 and 3.11 beside it (in universe). Or one that is
# here already, from wherever.
python_name() {
  local name
  for name in $pythons; do
    if is_usable "$name" || [ -n "$(apt-cache search --names-only "^$name-venv\$")" ]; then
      echo "$name"
      return
    fi
  done
  die "no Python 3.11 or newer in this system's archive; Ubuntu 22.04 needs its universe: add-apt-repository universe"
}

# release_name SOURCE: the commit, or the hash of what is copied where there is no git.
release_name() {
  if [ -n "${FONTKIN_RELEASE:-}" ]; then
    echo "${FONTKIN_RELEASE:0:12}"
  elif [ -e "$1/.git" ] && [ -z "$(git -C "$1" status --porcelain 2>/dev/null)" ]; then
    git -C "$1" rev-parse --short=12 HEAD
  else
    (cd "$1" && find "${parts[@]}" -type f ! -name '*.pyc' -print0 | sort -z |
      xargs -0 sha256sum | sha256sum | cut -c1-12)
  fi
}
parts=(api bin db deploy encoder index scripts requirements-serve.lock)

# install_release SOURCE: copy what serving needs and its packages; prints the release's name.
# Whole or not at all: a copy that was broken off has another name.
install_release() {
  local source=$1 name target venv
  name=$(release_name "$source") || return 1
  target=$prefix/releases/$name
  venv=$(install_venv "$source/requirements-serve.lock") || return 1
  if [ ! -d "$target" ]; then
    rm -rf "$target.new" && mkdir -p "$target.new" &&
      tar -C "$source" --exclude=__pycache__ -cf - "${parts[@]}" |
      tar -C "$target.new" --no-same-owner -xf - &&
      ln -s "$venv" "$target.new/.venv" &&
      "$venv/bin/python" -m compileall -q "$target.new"/{api,db,encoder,index,scripts} &&
      chmod -R go+rX,go-w "$target.new" &&
      mv "$target.new" "$target" || return 1
  fi
  echo "$name"
}

# install_venv REQUIREMENTS: one environment for each pinned set and Python; prints its folder.
install_venv() {
  local python
  python=$(python_name) || return 1
  PIP_NO_CACHE_DIR=1 made_venv "$python" "$prefix/venvs" "$1"
}

# site_config DOMAIN FOLDER: nginx's site. A page over HTTP; with a domain over HTTPS, and HTTP
# leading there, once FOLDER holds its certificate.
site_config() {
  local domain=$1 certificate=$2 six='' listen='default_server' name=_
  local log="access_log /var/log/nginx/fontkin/access.log fontkin;"
  [ ! -e /proc/net/if_inet6 ] || six=1
  [ -z "$domain" ] || { listen='' && name=$domain; }
  echo "server {"
  echo "  listen 80 $listen;${six:+ listen [::]:80 $listen;}"
  echo "  server_name $name;"
  if [ -n "$domain" ]; then
    echo "  location /.well-known/acme-challenge/ { root /var/www/fontkin; }"
  fi
  if [ -n "$domain" ] && [ -e "$certificate/fullchain.pem" ]; then
    echo "  location / { $log return 301 https://$domain\$request_uri; }"
    echo "}"
    echo "server {"
    echo "  listen 443 ssl http2;${six:+ listen [::]:443 ssl http2;}"
    echo "  server_name $domain;"
    echo "  ssl_certificate $certificate/fullchain.pem;"
    echo "  ssl_certificate_key $certificate/privkey.pem;"
    echo "  ssl_protocols TLSv1.2 TLSv1.3;"
    echo "  ssl_session_cache shared:fontkin:1m;"
    echo "  add_header Strict-Transport-Security 'max-age=31536000' always;"
  fi
  echo "  $log"
  echo "  include snippets/fontkin.conf;"
  echo "}"
}

# The site of a server that was set up before the log had a format of its own logged queries.
quiet_site() {
  [ -e "$site" ] || return 0
  local log="access_log /var/log/nginx/fontkin/access.log"
  sed -i -e "s|$log;|$log fontkin;|" -e "s|location / { return 301|location / { $log fontkin; return 301|" "$site"
}

# activate NAME: its units and nginx files, and the link; a running service keeps the old one
# until it is restarted. An older release has no http.conf; the one that is there stays, for the
# site's log is written in its format.
activate() {
  local release=$prefix/releases/$1
  ln -sfn "releases/$1" "$current.new" && mv -T "$current.new" "$current" &&
    install -m 644 "$release"/deploy/systemd/* /etc/systemd/system/ &&
    install -m 644 "$release/deploy/nginx/fontkin.conf" /etc/nginx/snippets/fontkin.conf &&
    install -m 644 "$release/deploy/nginx/zones.conf" /etc/nginx/conf.d/fontkin.conf &&
    { [ ! -e "$release/deploy/nginx/http.conf" ] ||
      install -m 644 "$release/deploy/nginx/http.conf" /etc/nginx/conf.d/fontkin-http.conf; } &&
    quiet_site &&
    install -m 755 "$release/deploy/fontkin.sh" "$program" &&
    rm -rf /var/lib/nginx/fontkin
}

# restart: the service and the web server, where there is a systemd to do it. Waits for what an
# update makes of the catalogue; a version that failed over and over may have used up the starts.
restart() {
  nginx -tq || return 1
  have_systemd || return 0
  systemctl daemon-reload && { systemctl reset-failed fontkin.service 2>/dev/null || true; } &&
    systemctl enable --quiet fontkin.service fontkin-backup.timer nginx.service &&
    systemctl restart fontkin.service fontkin-backup.timer &&
    systemctl reload-or-restart nginx.service
}

# setting NAME: its last value in the settings, as systemd reads them; nothing where it has none.
setting() {
  [ -e "$settings" ] || return 0
  sed -n "s/^[[:space:]]*$1=//p" "$settings" | tail -n 1 |
    sed -e 's/[[:space:]]*$//' -e 's/^"\(.*\)"$/\1/' -e "s/^'\(.*\)'\$/\1/"
}

# smoke: the end-to-end test against the service itself, with the token that a closed one takes.
smoke() {
  have_systemd || return 0
  local token
  token=$(setting FONTKIN_TOKEN) && [ -n "$token" ] || token=$(setting FONTKIN_API_TOKEN)
  (cd "$current" && FONTKIN_TOKEN=$token .venv/bin/python -m scripts.smoke "http://127.0.0.1:$port")
}

# prune: all but the newest releases, the one to go back to and the environments that they use.
prune() {
  local old folder link used
  find "$prefix/releases" -mindepth 1 -maxdepth 1 -name '*.new' -exec rm -rf {} +
  # shellcheck disable=SC2012 # names are hashes
  for old in $(ls -1t "$prefix/releases" | tail -n "+$((kept_releases + 1))"); do
    [ "releases/$old" = "$(readlink "$current")" ] || [ "$old" = "$(cat "$prefix/before" 2>/dev/null)" ] ||
      rm -rf "${prefix:?}/releases/$old"
  done
  for folder in "$prefix"/venvs/*; do
    used=''
    for link in "$prefix"/releases/*/.venv; do
      [ "$(readlink "$link")" != "$folder" ] || used=1
    done
    [ -n "$used" ] || rm -rf "$folder"
  done
}
