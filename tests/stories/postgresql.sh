#!/usr/bin/env bash
# PostgreSQL. By spec alone.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"
lab down
lab up -f "$ROOT/examples/postgresql.yaml"
whole 5 3 3
form_becomes_a_row
