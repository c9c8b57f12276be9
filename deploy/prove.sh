#!/usr/bin/env bash
# Set up a whole server in a fresh Debian or Ubuntu and put it to work, held to 1 GB of memory in
# all: its systemd, nginx, firewall, timer and the service. As root, with debootstrap and
# systemd-container; nothing leaves the machine but downloads of packages.
#
#   sudo deploy/prove.sh FOLDER                  # Debian 12; the root is kept in FOLDER
#   sudo deploy/prove.sh FOLDER jammy            # Ubuntu 22.04; its archive's keyring in /usr/share/keyrings
#   sudo deploy/prove.sh FOLDER noble            # 24.04; Debian 12 needs scripts/noble, a link to gutsy, in /usr/share/debootstrap
#   sudo deploy/prove.sh FOLDER SUITE MIRROR     # from another mirror
#
# First setup.sh in a chroot, for the downloads. Then that root is booted in a network of its own
# (only loopback), setup.sh runs there a second time, and everything is asked of the real services.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
if [ $# = 0 ] || [ $# -gt 3 ] || [ "$(id -u)" != 0 ]; then
  sed -n '2,/^set/{s/^# \{0,1\}//;/^set/d;p}' "$0"
  exit 2
fi
for program in debootstrap systemd-nspawn; do
  command -v $program >/dev/null || { echo "needs: apt-get install debootstrap systemd-container" >&2 && exit 2; }
done
mkdir -p "$1"
work=$(cd "$1" && pwd)
suite=${2:-bookworm}
root=$work/$suite
case $suite in jammy | noble) components=main,universe ;; *) components=main ;; esac
limit=$((1024 * 1024 * 1024))

if [ ! -e "$root/.made" ]; then
  rm -rf "$root"
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates,iproute2 \
    --components=$components "$suite" "$root" ${3:+"$3"} >"$work/debootstrap.log"
  if [ $components != main ]; then # Ubuntu; what a rented server has too
    sed -i "p;s/ $suite / $suite-updates /p;s/ $suite-updates / $suite-security /" "$root/etc/apt/sources.list"
  fi
  touch "$root/.made"
fi
rm -rf "$root/srv/fontkin" "$root/var/lib/fontkin"/* # also the fonts that an earlier proof added
mkdir -p "$root/srv/fontkin"
(cd "$here" && tar --exclude=__pycache__ -cf - api bin db deploy encoder index scripts tests/fonts requirements-serve.lock) |
  tar -C "$root/srv/fontkin" -xf -
cp /etc/resolv.conf "$root/etc/resolv.conf"
# The certificates that this machine trusts, for a registry in between.
cp /etc/ssl/certs/ca-certificates.crt "$root/root/certificates.crt"

echo "== setup.sh in the chroot: downloads"
mount --bind /proc "$root/proc"
trap 'umount "$root/proc"' EXIT
chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin PIP_CERT=/root/certificates.crt \
  SSL_CERT_FILE=/root/certificates.crt /srv/fontkin/deploy/setup.sh
umount "$root/proc"
trap - EXIT
systemd-analyze verify --root="$root" fontkin.service fontkin-backup.service fontkin-backup.timer

echo "== the root is booted, held to 1 GB"
group=/sys/fs/cgroup/memory/fontkin-prove # cgroup v1; v2 has one tree
[ -d /sys/fs/cgroup/memory ] || group=/sys/fs/cgroup/fontkin-prove
mkdir -p "$group"
echo $limit >"$group/memory.limit_in_bytes" 2>/dev/null || echo $limit >"$group/memory.max"
# shellcheck disable=SC2016 # for the inner shell
timeout 1200 bash -c 'echo $$ >"$1/cgroup.procs" && exec systemd-nspawn --quiet --directory="$2" \
  --register=no --keep-unit --private-network --console=pipe --boot </dev/null' \
  _ "$group" "$root" >"$work/boot.log" 2>&1 &
nspawn=$!
leader=''
finish() {
  [ -z "$leader" ] || kill -s RTMIN+4 "$leader" 2>/dev/null || true # systemd's signal to power off
  wait "$nspawn" 2>/dev/null || true
  rmdir "$group" 2>/dev/null || true
}
trap finish EXIT
inside() { nsenter -t "$leader" -m -p -n -u -i -C -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
# A command runs in the memory group too: what it starts counts.
joined() { (echo $BASHPID >"$group/cgroup.procs" && inside "$@"); }
for _ in $(seq 60); do
  sleep 0.5
  nspawn_pid=$(pgrep -P "$nspawn" -x systemd-nspawn || true)
  [ -z "$nspawn_pid" ] || leader=$(pgrep -P "$nspawn_pid" | head -1 || true)
  [ -z "$leader" ] || [ "$(inside systemctl is-system-running 2>/dev/null || true)" != running ] || break
done
[ -n "$leader" ] || { cat "$work/boot.log" >&2 && exit 1; }

echo "== setup.sh again, in the booted system"
joined /srv/fontkin/deploy/setup.sh
inside systemctl is-active fontkin nginx fontkin-backup.timer
inside ufw status
inside systemd-analyze security --no-pager fontkin.service | tail -1

echo "== through nginx"
python=/opt/fontkin/current/.venv/bin/python
joined sh -c "cd /opt/fontkin/current && $python -m scripts.smoke http://127.0.0.1"
asked='import sys, urllib.request as u, urllib.error as e
def ask(path, data=None):
    try: a = u.urlopen(u.Request("http://127.0.0.1" + path, data), timeout=60)
    except e.HTTPError as error: a = error
    return a.status, a.headers.get("X-Cache")
print("style.css twice:", ask("/static/style.css")[1], ask("/static/style.css")[1])
print("a body of 40 MB:", ask("/v1/fonts", bytes(40_000_000))[0])'
joined $python -c "$asked"

echo "== a backup, as the timer makes it"
inside systemctl start fontkin-backup.service
inside ls -l /var/backups/fontkin

echo "== 1,000 searches, 50 new fonts"
token=$(inside grep -o 'FONTKIN_API_TOKEN=.*' /etc/fontkin/fontkin.env)
inside env "$token" $python /srv/fontkin/deploy/load.py /srv/fontkin/tests/fonts | tee "$work/load.json"
cat "$group"/memory.failcnt "$group"/memory.events 2>/dev/null || true
inside systemctl show --property NRestarts --value fontkin.service

echo "== an update that is broken, and one that is not"
inside sh -c 'cp -a /srv/fontkin /srv/broken && echo "raise RuntimeError(\"broken on purpose\")" >>/srv/broken/api/app.py'
inside sh -c 'cp -a /srv/fontkin /srv/better && echo "# another version" >>/srv/better/api/app.py'
before=$(inside readlink /opt/fontkin/current)
if joined /srv/broken/deploy/update.sh; then echo "a broken version was kept" >&2 && exit 1; fi
[ "$(inside readlink /opt/fontkin/current)" = "$before" ]
joined /srv/better/deploy/update.sh
[ "$(inside readlink /opt/fontkin/current)" != "$before" ]
echo "== proved"
