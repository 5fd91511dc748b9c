#!/usr/bin/env bash
# Machines heal themselves while every coordinator is down: processes killed and stopped, configurations deleted and
# corrupted, manifests wiped. Ends with the coordinators back and nothing for them to do.
# On the running site of `bootstrap`; without one it is built.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"

# Disabled too: an agent starts its own enabled units again.
coordinators_down() { for m in m1 m2 m3; do lab exec "$m" systemctl disable --quiet --now ha-coordinator; done; }
coordinators_up() { for m in m1 m2 m3; do lab exec "$m" systemctl enable --quiet --now ha-coordinator; done; }
no_coordinator() { for m in m1 m2 m3; do ! lab exec "$m" systemctl is-active -q ha-coordinator || return 1; done; }

same() { [ "$(sum "$1" "$2")" = "$3" ]; }

# It is another process than before, and serves.
anew() { [ "$($1 "$2" "$3")" != "$4" ] && serves "$2" "$3"; }
# The file is as it was, and its program serves.
restored() { same "$1" "$3" "$4" && serves "$1" "$2"; }

# hurt MACHINE UNIT CONFIGURATION: all that can happen to a unit. How long each took is printed; the limits bear with a busy host.
hurt() {
  local machine=$1 unit=$2 file=$3 before pid
  before=$(sum "$machine" "$file")
  pid=$(main_pid "$machine" "$unit")
  lab exec "$machine" kill -9 "$pid"
  within 40 "$unit on $machine runs again after a kill -9" anew main_pid "$machine" "$unit" "$pid"

  lab exec "$machine" rm "$file"
  within 40 "$unit on $machine has its deleted configuration back" restored "$machine" "$unit" "$file" "$before"

  # The pause before a further repair of the same component.
  sleep 5
  lab exec "$machine" "echo 'no { such [ setting' >$file"
  within 40 "$unit on $machine has its corrupted configuration back" restored "$machine" "$unit" "$file" "$before"

  sleep 5
  pid=$(main_pid "$machine" "$unit")
  lab exec "$machine" systemctl kill --signal=STOP "$([ "$unit" = containerd ] && echo --kill-whom=main || echo --kill-whom=all)" "$unit"
  within 90 "$unit on $machine was ended and started after a SIGSTOP" anew main_pid "$machine" "$unit" "$pid"
  same "$machine" "$file" "$before" || fail "$file on $machine changed"
}

# stop_pod MACHINE PROCESS: a static pod's process is stopped.
stop_pod() {
  local pid
  pid=$(pod_pid "$1" "$2")
  lab exec "$1" kill -STOP "$pid"
  within 90 "$2 on $1 was ended and started after a SIGSTOP" anew pod_pid "$1" "$2" "$pid"
}

# wipe MACHINE FILE: emptied, then deleted.
wipe() {
  local before
  before=$(sum "$1" "$2")
  lab exec "$1" truncate -s 0 "$2"
  within 40 "the emptied $2 on $1 is back byte for byte" same "$1" "$2" "$before"
  sleep 5
  lab exec "$1" rm "$2"
  within 40 "the deleted $2 on $1 is back byte for byte" same "$1" "$2" "$before"
}

lab up -f "$ROOT/examples/ha-site.yaml" >"$ROOT/target/test-logs/local-repair-up.log" 2>&1
whole 5 3 3
# The agents keep their copies once they have seen the node well.
within 90 "m1 keeps copies of its manifests" lab exec m1 test -s /var/lib/ha-mesh/kubernetes-files/etc_kubernetes_manifests_etcd.yaml
trap 'coordinators_up || true' EXIT
coordinators_down
within 40 "no coordinator runs" no_coordinator

hurt lb1 haproxy /etc/haproxy/haproxy.cfg
hurt lb2 keepalived /etc/keepalived/keepalived.conf
hurt w1 containerd /etc/containerd/config.toml
hurt w2 kubelet /var/lib/kubelet/config.yaml

stop_pod m2 etcd
within 90 "the API server of m2 answers" serves m2 kube-apiserver
stop_pod m3 kube-apiserver
for manifest in etcd kube-apiserver kube-controller-manager kube-scheduler; do
  wipe m1 "/etc/kubernetes/manifests/$manifest.yaml"
done
within 90 "etcd of m1 serves" serves m1 etcd
within 90 "the API server of m1 serves" serves m1 kube-apiserver
within 90 "5 nodes are Ready" nodes_ready 5
within 90 "the login page answers through the apps VIP" login_page_answers

lab exec lb2 systemctl disable --quiet --now keepalived
sleep 15
! lab exec lb2 systemctl is-active -q keepalived || fail "a unit that was disabled was started"
say "holds: a unit that was disabled stays down"
lab exec lb2 systemctl enable --quiet --now keepalived

coordinators_up
trap - EXIT
whole 5 3 3
lab hactl node show lb1 | grep -q "^REPAIRED BY THE AGENT" || fail "the leader knows of no repair on lb1"
say "holds: the leader shows what was repaired"
form_becomes_a_row
