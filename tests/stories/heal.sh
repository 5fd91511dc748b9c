#!/usr/bin/env bash
# Machines die and spares take their places; a machine that is only cut off by one way, or comes back in time, is left alone.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"

acts() { lab hactl heal history -o json | python3 -c 'import json, sys; print("; ".join(d["act"]["act"] + " " + d["act"]["machine"] for d in reversed(json.load(sys.stdin)) if d["fate"]["fate"] == "done"))'; }

# On the running site of another story two spares are added; without one it is built.
lab up -f "$ROOT/examples/with-spares.yaml" >"$ROOT/target/test-logs/heal-up.log" 2>&1
whole 5 3 3

say "w1 loses the leader's machine only: it is asked about and left alone"
lab cut w1 "$(leader)"
sleep 25
lab mend w1
within 30 "w1 is healthy" is w1 healthy
[ -z "$(acts)" ] || fail "something was done: $(acts)"

on=$(joget_on)
say "the power of $on is cut for 20 s, with Joget on it"
lab kill "$on"
within 30 "$on is dead" is "$on" dead
within 40 "Joget runs elsewhere" joget_runs_elsewhere "$on"
within 30 "the login page answers through the apps VIP" login_page_answers
lab start "$on"
within 60 "$on is healthy" is "$on" healthy
within 60 "$on is Ready" node_ready "$on"
[ "$(acts)" = "evacuate $on" ] || fail "done: $(acts)"
whole 5 3 3
form_becomes_a_row

say "the power of m2 is cut for ever"
lab kill m2
within 30 "m2 is dead" is m2 dead
within 60 "a spare has the role" plays s1 control-plane
within 120 "s1 is Ready" node_ready s1
whole 5 3 3
form_becomes_a_row

on=$(joget_on)
say "the power of $on is cut for ever"
lab kill "$on"
within 40 "Joget runs elsewhere" joget_runs_elsewhere "$on"
within 90 "a spare has the role" plays s2 worker
within 120 "s2 is Ready" node_ready s2
whole 5 3 3
form_becomes_a_row
say "m2 has power again: it is cleaned by its own agent, and leaves"
lab start m2
within 180 "m2 is clean" clean m2
within 60 "its agent has left" left m2
whole 5 3 3
lab hactl heal history
lab hactl heal explain 2
say "holds: $(acts)"
