#!/usr/bin/env bash
# Three workers. By spec alone.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"
lab down
lab up -f "$ROOT/examples/three-workers.yaml"
whole 6 3 3
form_becomes_a_row
