#!/usr/bin/env bash
# Applying the same spec again plans no step and says so, quickly.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"
before=$(lab hactl steps --all -o json | python3 -c 'import json, sys; print(sorted(s["id"] for s in json.load(sys.stdin)))')
said=$(lab apply)
say "$said"
grep -q "is as wanted" <<<"$said" || fail "a second apply did not say that all is as wanted"
after=$(lab hactl steps --all -o json | python3 -c 'import json, sys; print(sorted(s["id"] for s in json.load(sys.stdin)))')
[ "$before" = "$after" ] || fail "a second apply made steps"
