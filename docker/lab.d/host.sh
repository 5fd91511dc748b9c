# Sourced by docker/lab. Makes the host able to run the lab: packages, the Docker engine, kernel limits. Idempotent.

# COMMAND:PACKAGE pairs; a command that is there needs no package (so docker-ce is as good as docker.io).
HOST_NEEDS="dockerd:docker.io docker:docker.io iptables:iptables debootstrap:debootstrap xz:xz-utils curl:curl
  ip:iproute2 nsenter:util-linux python3:python3"

host_packages() {
  local pair missing=()
  for pair in $HOST_NEEDS; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  /usr/bin/python3 -c 'import yaml' 2>/dev/null || missing+=(python3 python3-yaml)
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "please install: ${missing[*]} (only apt is known here)"
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

engine_answers() { docker info >/dev/null 2>&1 </dev/null; }

# Through systemd where it runs; otherwise by hand, as in a container or a minimal VM.
host_engine() {
  engine_answers && return 0
  if [ -d /run/systemd/system ]; then
    systemctl start docker
  else
    rm -f /var/run/docker.pid
    setsid dockerd >"$LAB/log/dockerd.log" 2>&1 </dev/null &
  fi
  local _
  for _ in $(seq 120); do
    engine_answers && return 0
    sleep 0.5
  done
  tail -n 20 "$LAB/log/dockerd.log" || true
  return 1
}

# Nine machines with systemd need more inotify instances than a host gives by default: the ninth hangs while booting.
host_limits() {
  local pair key
  for pair in fs.inotify.max_user_instances=8192 fs.inotify.max_user_watches=1048576 kernel.keys.maxkeys=20000 kernel.keys.maxbytes=2000000; do
    key=${pair%%=*}
    [ "$(sysctl -n "$key")" -ge "${pair##*=}" ] || sysctl -qw "$pair"
  done
}

host_ready() {
  [ "$(id -u)" -eq 0 ] || die "run it as root: it starts containers with many capabilities and sets kernel limits"
  host_packages
  host_engine
  host_limits
  "$ROOT/packaging/build" --toolchain
}
