#!/usr/bin/env bash
# The agent's access to the operating system keeps its promises on a real machine: the suite that the simulated one passes.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"
suite=the_real_machine_keeps_its_promises
lab down
lab machines --machines lb1,m1,w1,db1
test=$(cd "$ROOT" && cargo test --locked -p ha-agent --lib --no-run --message-format json 2>/dev/null |
  python3 -c 'import json, sys; print([m["executable"] for m in map(json.loads, sys.stdin) if m.get("executable")][-1])')
docker cp -q "$test" ha-lab-db1:/root/suite >/dev/null
said=$(docker exec -e HA_CONFORMANCE_MACHINE=1 ha-lab-db1 /root/suite "$suite" </dev/null) || { echo "$said"; exit 1; }
grep -q "2 passed" <<<"$said" || fail "not both parts of the suite ran: $said"
say "holds: files, programs, units and packages of a real machine are as promised"
