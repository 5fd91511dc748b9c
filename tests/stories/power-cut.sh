#!/usr/bin/env bash
# Every machine of the site loses its power at once and gets it back: the site comes back by itself, with what it acknowledged.
# On the running site of `bootstrap`; without one it is built.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"

each() { # VERB: on all machines beside each other
  local name pids=()
  for name in $(machines); do lab "$1" "$name" & pids+=($!); done
  wait "${pids[@]}"
}

lab up -f "$ROOT/examples/ha-site.yaml" >"$ROOT/target/test-logs/power-cut-up.log" 2>&1
whole 5 3 3
form_becomes_a_row
rows=$(joget_rows)
each kill
say "all power is cut"
sleep 5
each start
say "all power is back"
within 300 "every layer is healthy" all_healthy
whole 5 3 3
[ "$(joget_rows | comm -23 <(echo "$rows") - | wc -l)" = 0 ] || fail "rows are lost"
form_becomes_a_row
[ "$(lab kubectl get nodes --no-headers | wc -l)" = 5 ] || fail "nodes are missing"
say "holds: what was acknowledged is there, and nobody did anything"
