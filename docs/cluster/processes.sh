# shellcheck shell=bash
# For scripts that start schedulers and workers: a directory for their files, and the end of both. Sourced.
# Whoever starts a process adds it: started+=($!).
place=$(mktemp -d)
started=()
finish() {
  local at
  # The last first: a worker that has lost its scheduler may wait for it for ever.
  for ((at = ${#started[@]} - 1; at >= 0; at--)); do
    kill "${started[at]}" 2>/dev/null || true
    for _ in $(seq 50); do kill -0 "${started[at]}" 2>/dev/null || break; sleep 0.1; done
    kill -9 "${started[at]}" 2>/dev/null || true
    # What it writes at its end goes with the directory, too.
    wait "${started[at]}" 2>/dev/null || true
  done
  rm -rf "$place"
}
trap finish EXIT
