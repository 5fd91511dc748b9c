#!/usr/bin/env bash
# A running site changes: a worker and a master go, a worker comes, a setting changes. Each time only what differs is done.
# On the running site of `bootstrap`; without one it is built.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"

steps_done() { lab hactl steps --all -o json | python3 -c 'import json, sys; print("\n".join(sorted(s["id"] for s in json.load(sys.stdin))))'; }
# Machine and component of each step that came since the file $1 was written.
new_steps() { steps_done | comm -13 "$1" - | cut -d. -f1,2 | sort -u | xargs; }
backends() { lab exec "$1" "echo 'show stat' | socat - /run/haproxy/admin.sock" | awk -F, -v p="$2" '$1 == p && $2 != "BACKEND" && $2 != "FRONTEND" { print $2 ":" $18 }' | sort | xargs; }
backends_are() { [ "$(backends lb1 "$1")" = "$2" ] && [ "$(backends lb2 "$1")" = "$2" ]; }
gone() { ! lab kubectl get node "$1"; }
spec=${HA_LAB_DIR:-$ROOT/.lab}/site.yaml
before=$(mktemp)
trap 'rm -f "$before"' EXIT

lab up -f "$ROOT/examples/ha-site.yaml" >"$ROOT/target/test-logs/change-and-grow-up.log" 2>&1
whole 5 3 3

lab hactl node remove w2 --yes
within 180 "w2 is no node any more" gone w2
within 120 "w2 is clean" clean w2
within 60 "its agent has left" left w2
within 60 "both load balancers serve w1 alone" backends_are http "w1:UP"
whole 4 3 3

lab hactl node remove m3 --yes
within 180 "m3 is no node any more" gone m3
within 120 "etcd has 2 voters" voters 2
within 120 "m3 is clean" clean m3
within 60 "both load balancers know m1 and m2" backends_are api "m1:UP m2:UP"
within 60 "the coordinators are two" coordinators 2
whole 3 2 2

steps_done >"$before"
lab add w3 worker
lab apply
within 60 "w3 takes its share" backends_are http "w1:UP w3:UP"
whole 4 2 2
say "done for w3: $(new_steps "$before")"

steps_done >"$before"
sed -i 's/^loadBalancers:.*//; $ a loadBalancers: {timeouts: {client: 2h}}' "$spec"
lab apply
[ "$(new_steps "$before")" = "lb1.haproxy lb2.haproxy" ] || fail "a changed timeout did: $(new_steps "$before")"
say "holds: a changed timeout reaches the load balancers and nothing else"
form_becomes_a_row
