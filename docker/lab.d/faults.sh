# Sourced by docker/lab. Bad days for one machine: power, hang, cable. Acts on the lab's machines only.

fault_target() {
  [ $# -ge 1 ] || die "which machine? one of: infra $(site_names | xargs)"
  machine_exists "$1" || die "no machine $1 in the lab (docker/lab status)"
}

# A power cut: nothing is flushed, nothing is told.
fault_kill() { fault_target "$@"; docker kill "$(container "$1")" >/dev/null </dev/null; }

fault_start() {
  fault_target "$@"
  docker start "$(container "$1")" >/dev/null </dev/null
  machine_wait "$1"
}

# A hang: the machine keeps its address and answers nothing.
fault_pause() { fault_target "$@"; docker pause "$(container "$1")" >/dev/null </dev/null; }
fault_unpause() { fault_target "$@"; docker unpause "$(container "$1")" >/dev/null </dev/null; }

# The host's end of the machine's cable. Found from the host, so that it works on a paused machine too.
fault_cable() {
  local pid index name
  pid=$(docker container inspect -f '{{.State.Pid}}' "$(container "$1")" </dev/null)
  [ "$pid" -gt 0 ] || die "$1 is off: a machine without power has no cable to cut"
  index=$(nsenter -t "$pid" -n ip -o link show eth0 | sed -n 's/.*eth0@if\([0-9]*\):.*/\1/p')
  name=$(ip -o link | awk -F'[ :@]+' -v i="$index" '$1 == i { print $2 }')
  case $name in veth*) echo "$name" ;; *) die "refusing to touch '$name': not the cable of a lab machine" ;; esac
}

# cut MACHINE: unplugs it. cut MACHINE OTHER: only these two lose each other (OTHER: a machine's name or an address).
fault_cut() {
  fault_target "$@"
  if [ $# -eq 1 ]; then
    ip link set "$(fault_cable "$1")" down
  else
    fault_rules "$1" -A "$2"
  fi
}

fault_mend() {
  local pid
  fault_target "$@"
  ip link set "$(fault_cable "$1")" up
  pid=$(docker container inspect -f '{{.State.Pid}}' "$(container "$1")" </dev/null)
  nsenter -t "$pid" -n iptables -w -F HA-LAB-CUT 2>/dev/null || true
}

fault_rules() { # MACHINE -A OTHER
  local pid other chain
  pid=$(docker container inspect -f '{{.State.Pid}}' "$(container "$1")" </dev/null)
  other=$(site_machines | awk -F: -v n="$3" '$1 == n { print $3 }')
  other=${other:-$3}
  nsenter -t "$pid" -n iptables -w -N HA-LAB-CUT 2>/dev/null || true
  for chain in INPUT OUTPUT; do
    nsenter -t "$pid" -n iptables -w -C $chain -j HA-LAB-CUT 2>/dev/null || nsenter -t "$pid" -n iptables -w -I $chain -j HA-LAB-CUT
  done
  nsenter -t "$pid" -n iptables -w "$2" HA-LAB-CUT -s "$other" -j DROP
  nsenter -t "$pid" -n iptables -w "$2" HA-LAB-CUT -d "$other" -j DROP
}
