# shellcheck shell=bash
# The firewall of setup.sh: SSH, 80 and 443 stay open, and it never shuts out who sets it up.

# ssh_ports: all that SSH may be reached at, a line each: of its configuration, of the systemd socket
# that listens in its place on Ubuntu 24.04, and of the connection that this was called through (sudo
# drops what says so).
ssh_ports() {
  local connection=${SSH_CONNECTION-}
  {
    sshd -T 2>/dev/null | awk '$1 == "port" {print $2}'
    systemctl show ssh.socket sshd.socket --property Listen 2>/dev/null |
      grep -oE ':[0-9]+ \(Stream\)' | grep -oE '[0-9]+'
    echo "${connection##* }"
  } | grep -xE '[0-9]{1,5}' | sort -nu
}

firewall() {
  have_systemd || return 0
  local port ports
  ports=$(ssh_ports) || true
  [ -n "$ports" ] || {
    say "where SSH listens was not found, so the firewall leaves its usual port 22 open; for another one: ufw allow PORT/tcp"
    ports=22
  }
  for port in $ports 80 443; do ufw allow "$port/tcp" >/dev/null; done
  ufw --force enable >/dev/null
}
