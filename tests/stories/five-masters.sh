#!/usr/bin/env bash
# Five masters, three coordinators. By spec alone.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"
lab down
lab up -f "$ROOT/examples/five-masters.yaml"
whole 7 5 3
form_becomes_a_row
