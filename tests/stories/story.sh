# Sourced by the stories and the benchmarks: what they all need. A story ends at the first thing that is not as it should be.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lab() { "$ROOT/docker/lab" "$@" </dev/null; }
status() { lab hactl status -o json; }

say() { printf '%s %s\n' "$(date +%T)" "$*"; }

fail() {
  say "NOT SO: $*"
  lab hactl status || true
  lab hactl steps || true
  exit 1
}

# A story that hangs is ended by tests/run; then too it says how the site stood.
trap 'fail "ended from outside"' TERM

# How many times as long as expected a busy host may take: stories say what must become so, benchmarks how soon.
PATIENCE=3

# within SECONDS WHAT COMMAND...: tries until it holds. SECONDS is what is expected of a host with nothing else to do.
within() {
  local limit=$(($1 * PATIENCE)) what=$2 began=$SECONDS
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $((SECONDS - began)) -lt "$limit" ] || fail "$what (after $limit s)"
    sleep 1
  done
  say "holds after $((SECONDS - began)) s: $what"
}

# field JQ-LIKE PYTHON: prints the value of a Python expression over the status, as `s`.
field() { status | python3 -c "import json, sys; s = json.load(sys.stdin); print($1)"; }

all_healthy() { [ "$(field 'all(l["health"] == "healthy" for l in s["layers"]) and len(s["layers"]) == 7')" = True ]; }
nodes_ready() { [ "$(lab kubectl get nodes --no-headers | grep -cw Ready)" = "$1" ]; }
voters() { [ "$(field 'next(l["detail"] for l in s["layers"] if l["name"] == "etcd").split(" voters")[0]')" = "$1" ]; }
coordinators() { field 'next(l["detail"] for l in s["layers"] if l["name"] == "coordinators")' | grep -q "^$1 of $1"; }
one_owner_each() { [ "$(field 'next(l["detail"] for l in s["layers"] if l["name"] == "load balancing").count(" VIP on ") == 2 and " and " not in next(l["detail"] for l in s["layers"] if l["name"] == "load balancing")')" = True ]; }

# machine_is NAME FIELD: what the status says of a machine; "gone" where it names none such.
machine_is() { status | python3 -c 'import json, sys; print(next((m[sys.argv[2]] for m in json.load(sys.stdin)["machines"] if m["name"] == sys.argv[1]), "gone"))' "$1" "$2"; }
is() { [ "$(machine_is "$1" state)" = "$2" ]; }
plays() { [ "$(machine_is "$1" role)" = "$2" ]; }
leader() { field 'next(l["detail"] for l in s["layers"] if l["name"] == "coordinators").split("leader ")[1]'; }
# The machine that has the VIP named $1 (api, apps).
owner() { field 'next(l["detail"] for l in s["layers"] if l["name"] == "load balancing")' | sed -n "s/.*$1 VIP on \([a-z0-9-]*\).*/\1/p"; }
node_ready() { lab kubectl get node "$1" --no-headers | awk '{ print $2 }' | grep -qx Ready; }
# The machine on which Joget serves now.
joget_on() { lab kubectl -n joget get pods -o 'jsonpath={range .items[*]}{.spec.nodeName} {.status.containerStatuses[0].ready} {.metadata.deletionTimestamp}{"\n"}{end}' | awk '$2 == "true" && $3 == "" { print $1 }'; }
joget_runs_elsewhere() { local on; on=$(joget_on); [ -n "$on" ] && [ "$on" != "$1" ]; }
# A machine that was removed: without what we brought, and out of the mesh.
clean() { lab exec "$1" 'test ! -e /etc/kubernetes/kubelet.conf && test ! -e /usr/local/bin/kubelet && ! systemctl is-active -q kubelet containerd'; }
left() { lab exec "$1" 'test ! -e /etc/ha-mesh/agent.pem && ! systemctl is-active -q ha-agent'; }

sum() { lab exec "$1" sha256sum "$2" | cut -d' ' -f1; }
main_pid() { lab exec "$1" systemctl show -P MainPID "$2" | tr -d '\r\n'; }
pod_pid() { lab exec "$1" pgrep -x -o "$2" | tr -d '\r\n'; }

# How each of them shows that it serves.
serves() {
  case $2 in
    haproxy) lab exec "$1" curl -fsS --max-time 2 -o /dev/null http://127.0.0.1:9100/alive ;;
    keepalived) lab exec "$1" 'systemctl is-active -q keepalived && ! grep -q "^State:.T" /proc/$(systemctl show -P MainPID keepalived)/status' ;;
    containerd) lab exec "$1" timeout 3 ctr version ;;
    kubelet) lab exec "$1" curl -fsS --max-time 2 -o /dev/null http://127.0.0.1:10248/healthz ;;
    etcd) lab exec "$1" curl -fsS --max-time 2 -o /dev/null 'http://127.0.0.1:2381/health?serializable=true' ;;
    kube-apiserver) lab exec "$1" curl -fskS --max-time 2 -o /dev/null https://127.0.0.1:6443/livez ;;
  esac
}

fact() { awk -v k="$1" '$1 == k { print $2; exit }' "${HA_LAB_DIR:-$ROOT/.lab}/facts"; }
machines() { awk '$1 == "machine" { print $2 }' "${HA_LAB_DIR:-$ROOT/.lab}/facts"; }
machines_of() { awk -v r="$1" '$1 == "machine" && $3 == r { print $2 }' "${HA_LAB_DIR:-$ROOT/.lab}/facts"; }

# browse PATH CURL-OPTION...: as a user of the site would, through the apps VIP.
browse() {
  local path=$1 host vip
  shift
  host=$(fact host) vip=$(fact vip-apps)
  curl -sSk --max-time 10 --resolve "$host:80:$vip" --resolve "$host:443:$vip" "$@" "https://$host$path"
}

login_page_answers() { [ "$(browse /jw/web/login -o /dev/null -w '%{http_code}')" = 200 ]; }

# whole NODES MASTERS COORDINATORS: the site is as it should be.
whole() {
  within 120 "every layer is healthy" all_healthy
  within 60 "$1 nodes are Ready" nodes_ready "$1"
  within 60 "etcd has $2 voters" voters "$2"
  within 60 "$3 coordinators" coordinators "$3"
  within 30 "each VIP has one owner" one_owner_each
  within 60 "the login page answers through the apps VIP" login_page_answers
}

# on_database QUERY: one value a line.
on_database() {
  local database kind
  database=$(machines_of database | head -n 1)
  kind=$(lab hactl spec show -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["database"]["kind"])')
  case $kind in
    mariadb) lab exec "$database" mariadb -N jwdb -e "$1" ;;
    *) lab exec "$database" runuser -u postgres -- psql -At jwdb -c "$1" ;;
  esac
}
# What was entered into the stand-in's form.
joget_rows() { on_database "select c_value from app_fd_standin" | sort -u; }

# A form that is submitted through the VIP is a row in the database.
form_becomes_a_row() {
  local jar value password
  jar=$(mktemp) value="story-$RANDOM$RANDOM"
  password=$(lab kubectl -n joget get secret joget-admin -o 'jsonpath={.data.password}' | base64 -d)
  browse /jw/web/login -o /dev/null -c "$jar" --data-urlencode j_username=admin --data-urlencode "j_password=$password"
  [ "$(browse /jw/web/userview/standin/form -o /dev/null -w '%{http_code}' -b "$jar" --data-urlencode "value=$value")" = 200 ] || fail "the form was not taken"
  rm -f "$jar"
  on_database "select count(*) from app_fd_standin where c_value = '$value'" | grep -qx 1 || fail "the form is no row in the database"
  say "holds: a submitted form is a row in the database"
}
