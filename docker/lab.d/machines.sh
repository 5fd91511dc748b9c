# Sourced by docker/lab. A machine is a container of the machine image with systemd: create, boot, wait, remove.

NETWORK=ha-lab
SHARED_VOLUME=ha-lab-shared

# Every capability but SYS_RESOURCE (the engine itself may lack it) and SYS_TIME (the clock is the host's).
CAPABILITIES="AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK
  IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP
  SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_TTY_CONFIG
  SYSLOG WAKE_ALARM"

container() { echo "ha-lab-$1"; }

# Runs a command in a machine. Never gives it our input.
in_machine() {
  local name=$1
  shift
  docker exec "$(container "$name")" "$@" </dev/null
}

machine_exists() { docker container inspect "$(container "$1")" >/dev/null 2>&1 </dev/null; }
machine_is_up() { [ "$(docker container inspect -f '{{.State.Status}}' "$(container "$1")" 2>/dev/null </dev/null)" = running ]; }

network_ready() {
  ! docker network inspect $NETWORK >/dev/null 2>&1 </dev/null || return 0
  docker network create --subnet "$(site_fact subnet)" --gateway "$(site_fact gateway)" -o com.docker.network.bridge.name=ha-lab0 \
    --label ha-lab="$ROOT" $NETWORK
}

# machine_create NAME ADDRESS IMAGE OPTION...: containerd, kubelet and etcd get volumes since overlayfs on overlayfs fails.
# on-failure, since a machine that reboots itself ends with a code, and a killed one must stay dead.
machine_create() {
  local name=$1 address=$2 image=$3 capability options=()
  shift 3
  for capability in $CAPABILITIES; do options+=(--cap-add "$capability"); done
  docker run -d --name "$(container "$name")" --hostname "$name" --label ha-lab="$ROOT" \
    --network $NETWORK --ip "$address" --restart on-failure --log-opt max-size=1m \
    "${options[@]}" --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined \
    --cgroupns=private --tmpfs /run:exec --tmpfs /tmp:exec,mode=1777 \
    --device /dev/kmsg --device /dev/fuse --device /dev/net/tun --device-cgroup-rule "a *:* rwm" \
    -e container=docker -e HA_LAB_RESOLVER="$(site_fact infra)" "$@" "$image"
}

# Creates the machine of the spec's line NAME:ROLE:ADDRESS, or starts the one that is there.
machine_boot() {
  local name=${1%%:*} role address=${1##*:} options=(-v /var/lib/containerd -v /var/lib/kubelet -v /var/lib/etcd)
  role=${1#*:} role=${role%:*}
  case $role in worker | spare) options+=(-v "$SHARED_VOLUME:/srv/shared") ;; esac
  shim_is_on && options+=(-v "$LAB/shim:/usr/local/lib/ha-lab-shim:ro")
  if ! machine_exists "$name"; then
    machine_create "$name" "$address" "$(machine_image)" "${options[@]}"
  elif ! machine_is_up "$name"; then
    docker unpause "$(container "$name")" 2>/dev/null </dev/null || docker start "$(container "$name")" </dev/null
  fi
  machine_wait "$name"
}

# "running" is systemd's word for: every unit that should start has started, none failed.
machine_wait() {
  local state='' _
  for _ in $(seq 120); do
    state=$(in_machine "$1" systemctl is-system-running 2>/dev/null || true)
    [ "$state" != running ] || return 0
    [ "$state" != degraded ] || break
    sleep 0.3
  done
  echo "$1 did not finish booting: '$state'"
  in_machine "$1" systemctl --failed --no-pager || true
  in_machine "$1" systemctl list-jobs --no-pager || true
  return 1
}

machines_boot() {
  local line pids=()
  network_ready
  infra_names
  for line in $(site_machines); do
    (set -e && machine_boot "$line") &
    pids+=($!)
  done
  (set -e && infra_boot) &
  pids+=($!)
  together "${pids[@]}"
}

machines_remove() {
  local id pids=()
  for id in $(docker ps -aq --filter label=ha-lab </dev/null); do
    docker rm -f -v "$id" </dev/null &
    pids+=($!)
  done
  together "${pids[@]}"
  docker network rm $NETWORK 2>/dev/null </dev/null || true
  docker volume rm $SHARED_VOLUME 2>/dev/null </dev/null || true
}
