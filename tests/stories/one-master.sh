#!/usr/bin/env bash
# One master. By spec alone.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"
lab down
lab up -f "$ROOT/examples/one-master.yaml"
whole 3 1 1
form_becomes_a_row
