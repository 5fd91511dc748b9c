# Sourced by docker/lab. The verbs that look, ask and change a running lab; `up` has a file of its own.

verb_help() {
  cat <<'TEXT'
docker/lab up [-f SPEC | --machines lb1,m1,w1,db1]   a fresh host to a running site; again: applies again
docker/lab machines [-f SPEC | --machines ...]       only boots the machines and infra, with nothing of ours in them
docker/lab build                                     only builds the packages
docker/lab apply [-f SPEC]                           hactl apply of the lab's spec (.lab/site.yaml), or of another from now on
docker/lab add NAME ROLE                             boots and joins one more machine, adds it to the spec; then: apply
docker/lab status                                    the machines and, where it answers, the site
docker/lab hactl ARGS | kubectl ARGS                 the operator's tool on this host; kubectl on the first control plane
docker/lab exec MACHINE CMD | shell MACHINE          a command in a machine (one argument: through bash)
docker/lab logs MACHINE [JOURNALCTL ARGS]            the journal of ha-agent and ha-coordinator
docker/lab kill | start | pause | unpause MACHINE    power cut, boot, hang, and back
docker/lab cut MACHINE [OTHER] | mend MACHINE        unplugs it, or hides OTHER from it; and back
docker/lab shim on | off | calls                     counts kubeadm calls from outside the product
docker/lab down                                      removes all of it but the caches (.lab/mirror, images)
TEXT
}

verb_build() { step "packages" "$ROOT/packaging/build"; }

verb_machines() {
  step "host: packages, engine, limits" host_ready
  site_choose "$@"
  others_lab_is_gone
  step "machine image" image_ready
  step "$(site_names | wc -l) machines and infra booted" machines_boot
}

verb_down() {
  # Where there is no engine there are no machines.
  if command -v dockerd >/dev/null; then
    engine_answers || host_engine
    step "machines removed" machines_remove
  fi
  rm -rf "$SITE" "$LAB/facts" "$LAB/hactl" "$LAB/init.json" "$LAB/infra"
}

# Two checkouts share one engine: the other one's lab is not ours to break, unless it is off.
others_lab_is_gone() {
  local other
  other=$(docker ps -a --filter label=ha-lab --format '{{.Label "ha-lab"}} {{.State}}' </dev/null | awk -v r="$ROOT" '$1 != r')
  [ -n "$other" ] || return 0
  if grep -qE ' (running|paused|restarting)$' <<<"$other"; then
    die "the lab of ${other%% *} is running: ${other%% *}/docker/lab down first (or docker/lab down here)"
  fi
  step "an old lab's machines removed" machines_remove
}

verb_apply() {
  site_choose "$@"
  site_pin
  infra_names
  lab_hactl apply -f "$SITE" --yes
}

verb_status() {
  local line name role address
  printf '%-8s %-14s %-15s %s\n' MACHINE ROLE ADDRESS STATE
  for line in "infra::$(site_fact infra)" $(site_machines); do
    IFS=: read -r name role address <<<"$line"
    printf '%-8s %-14s %-15s %s\n' "$name" "${role:--}" "$address" "$(machine_state "$name")"
  done
  if [ -d "$LAB/hactl" ]; then lab_hactl status; fi
}

machine_state() {
  local state
  state=$(docker container inspect -f '{{.State.Status}}' "$(container "$1")" 2>/dev/null </dev/null) || state=absent
  if [ "$state" = running ] && ip -o link show "$(fault_cable "$1")" | grep -q 'state DOWN'; then state='running, cut off'; fi
  echo "$state"
}

verb_hactl() {
  [ -x "$HACTL" ] || die "hactl is not built yet: docker/lab build"
  lab_hactl "$@"
  # As an operator would, who is told to: a removed machine goes out of the file too.
  if [ "${1:-} ${2:-}" = "node remove" ] && [ -n "${3:-}" ] && [ -f "$SITE" ]; then site_py drop "$SITE" "$3"; fi
}

verb_kubectl() {
  local name
  for name in $(site_of_role control-plane); do
    if machine_is_up "$name" && has_file "$name" /etc/kubernetes/admin.conf; then
      in_machine "$name" kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"
      return
    fi
  done
  die "no control plane with Kubernetes on it is up"
}

verb_exec() {
  [ $# -ge 2 ] || die "exec MACHINE CMD"
  fault_target "$1"
  if [ $# -eq 2 ]; then in_machine "$1" bash -c "$2"; else in_machine "$@"; fi
}

verb_shell() {
  fault_target "$@"
  exec docker exec -it "$(container "$1")" bash -l
}

verb_logs() {
  local name
  fault_target "$@"
  name=$1
  shift
  [ $# -gt 0 ] || set -- -n 200
  in_machine "$name" journalctl --no-pager -o short-precise -u ha-agent -u ha-coordinator "$@"
}

verb_add() {
  local name=${1:-} role=${2:-} address
  [ $# -eq 2 ] || die "add NAME ROLE, for example: add w3 worker"
  # A removed machine that is still on keeps its address.
  # shellcheck disable=SC2046
  address=$(site_py add "$SITE" "$name" "$role" $(docker network inspect -f '{{range .Containers}}{{.IPv4Address}} {{end}}' $NETWORK </dev/null | sed 's|/[0-9]*||g'))
  site_choose
  infra_names
  step "$name ($role, $address) booted" machine_boot "$name:$role:$address"
  step "agent installed on $name" product_install_on "$name"
  step "$name joined" product_join_on "$name"
  note "it waits to be named by the spec: docker/lab apply"
}
