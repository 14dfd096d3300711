# shellcheck shell=bash
# What the scripts of the servers do alike. Such a script sets `dir`, `address` and `stop_seconds_max`, defines `pid`,
# `answers`, `install` and `start`, and ends with `main "$@"`.

say() { echo "$(basename "$0"): $*"; }
fail() { say "$*" >&2; exit 1; }

# Waits until these processes are gone.
ended() {
  local process deadline=$((SECONDS + stop_seconds_max))
  for process; do
    while kill -0 "$process" 2>/dev/null; do
      [ $SECONDS -lt $deadline ] || fail "process $process does not end"
      sleep 0.1
    done
  done
}

stop() {
  local server
  server=$(pid) || { say "does not run"; return; }
  kill -TERM "$server"
  ended "$server"
  say "stopped; the data is in $dir"
}

# As a power failure: nothing is told, nothing is finished. A start may refuse until the last of its processes has noticed.
kill_server() {
  local server children
  server=$(pid) || { say "does not run"; return; }
  children=$(ps -o pid= --ppid "$server" || true)
  kill -KILL "$server"
  # shellcheck disable=SC2086 # one word a process
  ended "$server" $children
  say "killed"
}

status() {
  if pid >/dev/null && answers; then
    say "ready on $address"
  else
    say "does not run"
    return 3
  fi
}

main() {
  case ${1:-} in
  install) install ;;
  start) start ;;
  stop) stop ;;
  kill) kill_server ;;
  restart) stop && start ;;
  status) status ;;
  *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2 ;;
  esac
}
