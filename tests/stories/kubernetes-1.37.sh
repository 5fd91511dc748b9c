#!/usr/bin/env bash
# Kubernetes 1.37.2. By spec alone.
. "$(dirname "${BASH_SOURCE[0]}")/story.sh"
lab down
lab up -f "$ROOT/examples/kubernetes-1.37.yaml"
whole 5 3 3
form_becomes_a_row
