#!/usr/bin/env bash
# From nothing to a running site with one command (MariaDB, three masters, two workers).
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"
lab down
lab up -f "$ROOT/examples/ha-site.yaml"
whole 5 3 3
form_becomes_a_row
