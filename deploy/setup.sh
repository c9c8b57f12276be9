#!/usr/bin/env bash
# A fresh Ubuntu 22.04 or 24.04, or Debian 12, to a running Fontkin. Safe to run twice.
#
#   sudo deploy/setup.sh                                        # http://ADDRESS/
#   sudo deploy/setup.sh --domain fonts.example.org --email me@example.org   # with TLS
#   --fonts   also fetch the font files (180 MB; more right answers)
set -euo pipefail
source_folder=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source=deploy/lib.sh
. "$source_folder/deploy/lib.sh"
# shellcheck source=deploy/firewall.sh
. "$source_folder/deploy/firewall.sh"

domain='' email='' fonts=''
while [ $# -gt 0 ]; do
  case $1 in
    --domain) domain=${2:?--domain needs a name} && shift 2 ;;
    --email) email=${2:?--email needs an address} && shift 2 ;;
    --fonts) fonts=1 && shift ;;
    -h | --help) sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;p}' "$0" && exit 0 ;;
    *) die "unknown option $1; the options: $0 --help" ;;
  esac
done
need_root
[ -z "$domain" ] || [[ $domain =~ ^[A-Za-z0-9.-]+\.[A-Za-z]+$ ]] || die "--domain $domain is no name like fonts.example.org"
[ -z "$domain" ] || [ -n "$email" ] || die "--domain needs --email too: the certificate's owner is told there before it ends"

check_system() {
  # shellcheck source=/dev/null
  . /etc/os-release
  case "$ID $VERSION_ID" in
    "ubuntu 22.04" | "ubuntu 24.04" | "debian 12") ;;
    *) die "this is $PRETTY_NAME; Ubuntu 22.04 and 24.04 and Debian 12 are known to work" ;;
  esac
}

packages() {
  local python
  python=$(python_name 2>/dev/null) || { update_lists && python=$(python_name); }
  # One that is here need not be apt's, which then has no package of its name.
  is_usable "$python" || install_packages "$python" "$python-venv"
  install_packages nginx ufw logrotate ca-certificates
  [ -z "$domain" ] || install_packages certbot
  [ -z "$fonts" ] || install_packages npm
}

user_and_folders() {
  getent passwd fontkin >/dev/null ||
    useradd --system --home-dir "$data" --no-create-home --shell /usr/sbin/nologin fontkin
  install -d -m 755 "$prefix" "$prefix/releases" "$prefix/venvs" /etc/fontkin /var/www/fontkin
  install -d -m 750 -o www-data -g adm /var/log/nginx/fontkin
  install -d -m 750 -o fontkin -g fontkin "$data" "$backups"
}

# The token is made once and never printed to a log.
write_settings() {
  [ -e "$settings" ] && return
  local token
  token=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
  install -m 640 -g fontkin /dev/null "$settings"
  {
    echo "# Read by systemd; every key is in docs/usage.md. After a change: systemctl restart fontkin"
    echo "FONTKIN_DATA=$data"
    echo "FONTKIN_API_TOKEN=$token"
  } >"$settings"
}

write_site() {
  site_config "$domain" "/etc/letsencrypt/live/$domain" >"$site"
  ln -sfn ../sites-available/fontkin /etc/nginx/sites-enabled/fontkin
  [ -n "$domain" ] || rm -f /etc/nginx/sites-enabled/default
}

certificate() {
  [ -n "$domain" ] && have_systemd || return 0
  certbot certonly --non-interactive --agree-tos --keep-until-expiring --webroot \
    --webroot-path /var/www/fontkin --email "$email" --domain "$domain" \
    --deploy-hook 'systemctl reload nginx'
  write_site
  restart
}

# A gigabyte is little while packages are installed: swap catches the peak.
swap() {
  if ! have_systemd || systemd-detect-virt --quiet --container; then return 0; fi
  [ "$(awk '/^MemTotal/ {print $2}' /proc/meminfo)" -lt 1600000 ] || return 0
  [ -z "$(swapon --noheadings)" ] || return 0
  fallocate -l 1G /swapfile && chmod 600 /swapfile && mkswap -q /swapfile && swapon /swapfile
  grep -q '^/swapfile ' /etc/fstab || echo '/swapfile none swap sw 0 0' >>/etc/fstab
}

check_system
one_at_a_time
swap
packages
user_and_folders
write_settings
release=$(install_release "$source_folder")
if [ -n "$fonts" ]; then
  say "fetching the font files"
  (cd "$prefix/releases/$release" && runuser -u fontkin -- env HOME="$data" .venv/bin/python -m scripts.fetch_fonts --to "$data/fonts")
fi
activate "$release"
write_site
install -D -m 644 "$source_folder/deploy/journald.conf" /etc/systemd/journald.conf.d/fontkin.conf
install -m 644 "$source_folder/deploy/logrotate.conf" /etc/logrotate.d/fontkin
firewall
restart
certificate
if ! have_systemd; then
  say "release $release is laid; without systemd nothing was started"
  exit 0
fi
smoke || {
  say "it does not answer as it should; see: journalctl -u fontkin -n 50" >&2
  exit 1
}
prune
address=$(hostname -I | cut -d' ' -f1)
url=http://${address:-localhost}/
[ -z "$domain" ] || url=https://$domain/
say "release $release serves $url"
say "the token for adding fonts is in $settings; commands: sudo fontkin --help"
