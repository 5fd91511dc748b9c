#!/usr/bin/env bash
# A bootstrap that is hurt in its middle finishes by itself: the leading coordinator killed, an agent killed while it makes
# the cluster, a master's power cut while it joins, a cable pulled for a minute. kubeadm's calls are counted by the lab.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"

# works MACHINE COMPONENT: a step of it was granted and has not ended.
works() { lab hactl steps -o json | python3 -c 'import json, sys; sys.exit(not any(s["machine"] == sys.argv[1] and s["id"].split(".")[1] == sys.argv[2] and s["status"]["state"] == "granted" for s in json.load(sys.stdin)))' "$1" "$2"; }
kubeadm_ran() { lab shim calls | grep -q "^$1 [0-9.]* $2"; }
# ran NAME: when and what kubeadm was asked on a machine, in one line.
ran() { lab shim calls | sed -n "s/^$1 //p" | cut -c1-60 | tr '\n' ';'; }
count() { lab shim calls | grep -c "^$1 [0-9.]* $2" || true; }

lab down
lab shim on
trap 'lab down; lab shim off' EXIT
lab up -f "$ROOT/examples/ha-site.yaml" >"$ROOT/target/test-logs/interrupted-up.log" 2>&1 &
up=$!

within 600 "m1 brings its images" works m1 images
first=$(leader)
lab exec "$first" pkill -9 -x ha-coordinator
say "killed the leading coordinator, on $first"

within 300 "m1 runs kubeadm init" kubeadm_ran m1 init
lab exec m1 pkill -9 -x ha-agent
say "killed the agent of m1 while kubeadm init runs"

within 300 "m2 runs kubeadm join" kubeadm_ran m2 join
sleep 5
lab kill m2
say "cut the power of m2 while it joins"
lab cut w1
say "pulled the cable of w1"
sleep 10
lab start m2
say "m2 has power again"
sleep 50
lab mend w1
say "w1 is plugged in again"

wait "$up" || fail "up did not come to its end: $(tail -n 5 "$ROOT/target/test-logs/interrupted-up.log" | tr '\n' '|')"
whole 5 3 3
form_becomes_a_row

lab shim calls
[ "$(count m1 init)" = 1 ] || fail "kubeadm init ran $(count m1 init) times: $(ran m1)"
for name in m3 w1 w2; do
  [ "$(count "$name" join)" = 1 ] || fail "kubeadm join ran $(count "$name" join) times on $name: $(ran "$name")"
done
# The one that was cut off in the middle may have to begin again, after a reset.
[ "$(count m2 join)" -le 2 ] || fail "kubeadm join ran $(count m2 join) times on m2: $(ran m2)"
for name in m1 m3 w1 w2; do
  [ "$(count "$name" reset)" = 0 ] || fail "kubeadm reset ran on $name: $(ran "$name")"
done
say "holds: kubeadm init once, each join once but for the one that was cut off"
