# Sourced by docker/lab. What the person at the terminal sees: timed steps, quiet when they pass, loud when they fail.
# Rule: never call `step` behind `if`, `||` or `&&`: there bash forgets `set -e` inside it, and a failure would pass.

lab_started=$EPOCHREALTIME

seconds_since() { # START -> "12.3"
  awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

say() { printf '%7s s  %s\n' "$(seconds_since "$lab_started")" "$*"; }

note() { printf '           %s\n' "$*"; }

die() {
  printf 'docker/lab: %s\n' "$*" >&2
  exit 1
}

# step LABEL COMMAND...: runs it with no input and its output in a log; one line when done, the log's end when not.
step() {
  local label=$1 began=$EPOCHREALTIME log pid code=0
  shift
  log="$LAB/log/$(tr -cs 'a-zA-Z0-9' '-' <<<"$label" | sed 's/^-//; s/-$//').log"
  (set -e && "$@") >"$log" 2>&1 </dev/null &
  pid=$!
  wait "$pid" || code=$?
  if [ "$code" -ne 0 ]; then
    printf 'docker/lab: FAILED after %s s: %s\n' "$(seconds_since "$began")" "$label" >&2
    tail -n 25 "$log" | sed 's/^/    /' >&2
    printf '    (all of it: %s)\n' "$log" >&2
    exit 1
  fi
  say "$(printf '%-48s %6s s' "$label" "$(seconds_since "$began")")"
}

# together PID...: waits for all of them, then fails if any failed.
together() {
  local pid failed=0
  for pid in "$@"; do wait "$pid" || failed=1; done
  [ "$failed" -eq 0 ] || exit 1
}
