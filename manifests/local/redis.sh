#!/usr/bin/env bash
# One Redis server on loopback, from the distribution's package: for people without Docker.
# What it holds is written to disk within a second and kept across stop, kill and start.
#
#   redis.sh install|start|stop|kill|restart|status
#
#   LOCAL_REDIS_DIR   data and log (default: .redis beside this script)
#   LOCAL_REDIS_PORT  where clients connect (default: 16379)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${LOCAL_REDIS_DIR:-$here/.redis}
port=${LOCAL_REDIS_PORT:-16379}
# Rate windows, caches and 16 MiB of live messages need far less.
memory_max=256mb
start_seconds_max=10
stop_seconds_max=10
address="redis://127.0.0.1:$port"
. "$here/common.sh"

need_programs() { command -v redis-server >/dev/null || fail "Redis is not installed; run: $0 install"; }

pid() {
  # The number in the file may be somebody else's by now; the command line tells.
  local pid
  pid=$(cat "$dir/redis.pid" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "redis-server 127.0.0.1:$port" || return 1
  echo "$pid"
}

answers() { [ "$(redis-cli -h 127.0.0.1 -p "$port" ping 2>/dev/null)" = PONG ]; }

install() {
  if command -v redis-server >/dev/null; then say "Redis is installed already"; return; fi
  command -v apt-get >/dev/null || fail "no apt-get here; install Redis 7 or Valkey 7.2 or later with your system's packages"
  [ "$(id -u)" = 0 ] || fail "installing needs root; run: sudo $0 install"
  # 101: the package must not start a server of its own.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  apt-get update --quiet --quiet
  apt-get install --quiet --quiet --yes --no-install-recommends redis-server
}

start() {
  need_programs
  if pid >/dev/null; then say "runs already"; return; fi
  if answers; then fail "another server answers on port $port; set LOCAL_REDIS_PORT"; fi
  mkdir -p "$dir/data"
  # Only entries with a time to live make room for others: the live messages have none.
  redis-server --bind 127.0.0.1 --port "$port" --dir "$dir/data" --daemonize yes --pidfile "$dir/redis.pid" \
    --logfile "$dir/log" --appendonly yes --appendfsync everysec --save '' \
    --maxmemory "$memory_max" --maxmemory-policy volatile-lru >/dev/null
  for _ in $(seq $((start_seconds_max * 10))); do
    if answers; then status; return; fi
    sleep 0.1
  done
  fail "it does not answer on port $port; see $dir/log"
}

main "$@"
