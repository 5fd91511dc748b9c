# Sourced by tests/bench. Faults, one a function, on a lab site with spares: the longest gap that a client sees, and the time
# until redundancy is whole again. Clients run all the time; a fault's gap is looked up in what they noted.
# Rows: units hung database balancer master coordinator site gone. The last one takes spares and begins with a fresh site.

ROWS=(units hung database balancer master coordinator site gone)

# client KIND: runs in the background until `clients_end`.
client() {
  local vip config=${HA_LAB_DIR:-$ROOT/.lab}/bench-kubeconfig
  case $1 in apps | form) vip=$(fact vip-apps) ;; *) vip=$(fact vip-api) ;; esac
  [ -s "$config" ] || (umask 077 && lab hactl kubeconfig >"$config")
  [ "$1" != form ] || password=$(lab kubectl -n joget get secret joget-admin -o 'jsonpath={.data.password}' | base64 -d)
  python3 "$ROOT/tests/probe/probe.py" watch "$1" "$seen/$1" --vip "$vip" --host "$(fact host)" --kubeconfig "$config" \
    <<<"${password:-}" 2>>"$seen/clients.log" &
  clients+=($!)
}
clients_begin() {
  local kind
  clients=()
  for kind in api-read api-write apps form; do client "$kind"; done
  sleep 8
}
clients_end() { [ ${#clients[@]} = 0 ] || kill "${clients[@]}" 2>/dev/null || true; clients=(); }

# gap FIGURE KIND BEGAN: what clients of that kind saw since then, once they have seen enough of what came after.
gap() { python3 "$ROOT/tests/probe/probe.py" gap "$seen/$2" "$3" "$(now)" >>"$seen/$1.$2" || true; }
gaps() { # FIGURE BEGAN KIND...
  local figure=$1 began=$2 kind
  shift 2
  sleep 8
  for kind in "$@"; do gap "$figure" "$kind" "$began"; done
}
note() { echo "$2" >>"$seen/$1"; }

answers() { lab hactl status; }
all_whole() { all_healthy && coordinators 3 && one_owner_each; }
restarted() { local pid; pid=$("$1" "$2" "$3"); [ -n "$pid" ] && [ "$pid" != 0 ] && [ "$pid" != "$4" ] && serves "$2" "$3"; }
restored() { [ "$(sum "$1" "$3")" = "$4" ] && serves "$1" "$2"; }

# unit MACHINE UNIT CONFIGURATION CLIENT: killed, its configuration deleted, corrupted.
unit() {
  local machine=$1 unit=$2 file=$3 kind=$4 before pid began
  before=$(sum "$machine" "$file") pid=$(main_pid "$machine" "$unit") began=$(now)
  lab exec "$machine" kill -9 "$pid"
  note "units.$unit.whole" "$(until_true 60 restarted main_pid "$machine" "$unit" "$pid")"
  gaps "units.$unit" "$began" "$kind"
  began=$(now)
  lab exec "$machine" rm "$file"
  note "units.$unit.whole" "$(until_true 60 restored "$machine" "$unit" "$file" "$before")"
  gaps "units.$unit" "$began" "$kind"
  began=$(now)
  lab exec "$machine" "echo 'no { such [ setting' >$file"
  note "units.$unit.whole" "$(until_true 60 restored "$machine" "$unit" "$file" "$before")"
  gaps "units.$unit" "$began" "$kind"
}

fault_units() {
  unit w1 kubelet /var/lib/kubelet/config.yaml apps
  unit w2 containerd /etc/containerd/config.toml apps
  unit "$(owner apps)" haproxy /etc/haproxy/haproxy.cfg apps
  unit "$(owner apps)" keepalived /etc/keepalived/keepalived.conf apps
}

# stopped MACHINE NAME CLIENT HOW-TO-FIND: a process that hangs.
stopped() {
  local pid began
  pid=$("$4" "$1" "$2") began=$(now)
  case $4 in
    main_pid) lab exec "$1" systemctl kill --signal=STOP "$([ "$2" = containerd ] && echo --kill-whom=main || echo --kill-whom=all)" "$2" ;;
    *) lab exec "$1" kill -STOP "$pid" ;;
  esac
  note "hung.$2.whole" "$(until_true 90 restarted "$4" "$1" "$2" "$pid")"
  gaps "hung.$2" "$began" "$3"
}

fault_hung() {
  stopped w1 kubelet apps main_pid
  stopped w2 containerd apps main_pid
  stopped "$(owner apps)" haproxy apps main_pid
  stopped m2 kube-apiserver api-write pod_pid
  stopped m3 etcd api-write pod_pid
}

fault_database() {
  local machine began
  machine=$(machines_of database | head -n 1) began=$(now)
  lab exec "$machine" 'pkill -9 -x "mariadbd|postgres"'
  sleep 0.3
  note database.whole "$(until_true 60 all_whole)"
  gaps database "$began" form
}

fault_balancer() {
  local name began
  name=$(owner api) began=$(now)
  lab kill "$name"
  sleep 12
  gaps balancer "$began" api-read apps
  lab start "$name"
  note balancer.whole "$(until_true 120 all_whole)"
}

fault_master() {
  local name=$1 began silent
  began=$(now) silent=$(now)
  lab kill "$name"
  until_true 20 is "$name" suspect >/dev/null
  note silence.suspect "$(since "$silent")"
  until_true 30 is "$name" dead >/dev/null
  note silence.dead "$(since "$silent")"
  lab start "$name"
  note master.whole "$(until_true 180 all_whole)"
  gaps master "$began" api-read api-write
}

fault_coordinator() {
  lab exec "$(leader)" pkill -9 -x ha-coordinator
  note coordinator.hactl "$(until_true 30 answers)"
  note coordinator.whole "$(until_true 120 all_whole)"
}

# Every machine loses its power at once and gets it back; what the site acknowledged before must be there after.
fault_site() {
  local name began pids=()
  for name in $(machines); do lab kill "$name" & pids+=($!); done
  wait "${pids[@]}"
  sleep 3
  began=$(now) pids=()
  for name in $(machines); do lab start "$name" & pids+=($!); done
  wait "${pids[@]}"
  until_true 600 all_whole >/dev/null
  until_true 60 login_page_answers >/dev/null
  note site.whole "$(since "$began")"
  note site.lost "$(lost_rows)"
}

# How many rows that were acknowledged to the client are not in the database.
lost_rows() {
  joget_rows >"$seen/rows"
  awk '{ print "probe-" $2 }' "$seen/form" | sort -u | comm -23 - "$seen/rows" | wc -l
}

decided() { lab hactl heal history -o json | python3 -c 'import json, sys; print(next((d["fate"]["at"] / 1000 for d in json.load(sys.stdin) if d["act"]["act"] == "replace" and d["act"]["machine"] == sys.argv[1] and d["fate"]["fate"] == "done"), ""))' "$1"; }
was_decided() { [ -n "$(decided "$1")" ]; }
three_voters_again() { voters 3 && node_ready s1; }

# gone MACHINE FIGURE HOLDS...: never comes back; from the decision until a spare stands in.
gone() {
  local name=$1 figure=$2 began
  shift 2
  began=$(now)
  lab kill "$name"
  until_true 90 was_decided "$name" >/dev/null
  note "$figure.decided" "$(since "$began")"
  until_true 180 "$@" >/dev/null
  note "$figure.whole" "$(python3 -c 'import sys, time; print(f"{time.time() - float(sys.argv[1]):.1f}")' "$(decided "$name")")"
}

fault_gone() {
  local on began
  clients_end
  lab down
  lab up -f "$ROOT/examples/with-spares.yaml" >"$ROOT/target/bench-up.log" 2>&1
  rm -f "${HA_LAB_DIR:-$ROOT/.lab}/bench-kubeconfig"
  clients_begin
  began=$(now)
  gone m2 gone-master three_voters_again
  gaps gone-master "$began" api-read api-write
  on=$(joget_on) began=$(now)
  lab kill "$on"
  until_true 90 joget_runs_elsewhere "$on" >/dev/null
  note gone-worker.joget "$(since "$began")"
  until_true 90 was_decided "$on" >/dev/null
  until_true 180 node_ready s2 >/dev/null
  note gone-worker.whole "$(python3 -c 'import sys, time; print(f"{time.time() - float(sys.argv[1]):.1f}")' "$(decided "$on")")"
}

figures() { grep -vE 'void|never' "$1" | stats .2f; grep -hE 'void|never' "$1" | sed 's/^/                                               /' || true; }

# Every figure that was noted, by its name; times in seconds.
figures_all() {
  local file
  for file in "$seen"/*.*; do
    case $file in *.log) continue ;; esac
    printf '%-34s %s\n' "$(basename "$file")" "$(figures "$file")"
  done
}

bench_heal() {
  local runs=${1:-5} n row masters rows
  [ $# -eq 0 ] || shift
  rows=("$@")
  [ $# -gt 0 ] || rows=("${ROWS[@]}")
  seen=$(mktemp -d)
  trap 'clients_end' EXIT
  mapfile -t masters < <(machines_of control-plane)
  clients_begin
  for n in $(seq "$runs"); do
    for row in "${rows[@]}"; do
      say "run $n of $runs: $row" >&2
      "fault_$row" "${masters[$((n % ${#masters[@]}))]}"
    done
  done
  clients_end
  figures_all
}
