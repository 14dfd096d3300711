#!/usr/bin/env bash
# One PostgreSQL server on loopback, from the distribution's package: for people without Docker.
# Rows are kept across stop, kill and start; every commit is on disk before it is answered, as in production.
#
#   postgres.sh install|start|stop|kill|restart|status
#
#   LOCAL_POSTGRES_DIR       data, socket and log (default: .postgres beside this script)
#   LOCAL_POSTGRES_PORT      where clients connect (default: 15432)
#   LOCAL_POSTGRES_PASSWORD  of the user `dayloom`, when the data is first made (default: dayloom)
#
# As root the server runs as the user `postgres`, because it refuses to be root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${LOCAL_POSTGRES_DIR:-$here/.postgres}
port=${LOCAL_POSTGRES_PORT:-15432}
# Six applications on Spin keep up to 64 connections each; an idle one costs the server next to nothing.
connections_max=400
start_seconds_max=30
stop_seconds_max=30
address="postgres://dayloom@127.0.0.1:$port/dayloom"
. "$here/common.sh"

# The newest version that is installed; Debian keeps the server's programs off the PATH.
programs() {
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
  if [ -n "$found" ] && [ -x "$found/initdb" ]; then echo "$found"; return; fi
  found=$(command -v initdb) || return 1
  dirname "$found"
}

need_programs() { bin=$(programs) || fail "PostgreSQL is not installed; run: $0 install"; }

# As whom the server runs. The folder `/` is one that user can surely stand in.
as_server() {
  if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$@"); else "$@"; fi
}

pid() {
  # The number in the file may be somebody else's by now; the command line tells.
  local pid
  pid=$(head -1 "$dir/data/postmaster.pid" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "-D $dir/data" || return 1
  echo "$pid"
}

answers() {
  need_programs
  "$bin/pg_isready" --quiet --host=127.0.0.1 --port="$port"
}

install() {
  if programs >/dev/null; then say "PostgreSQL is installed already, in $(programs)"; return; fi
  command -v apt-get >/dev/null || fail "no apt-get here; install PostgreSQL 15 or later with your system's packages"
  [ "$(id -u)" = 0 ] || fail "installing needs root; run: sudo $0 install"
  # Without this the package makes and starts a server of its own.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  apt-get update --quiet --quiet
  apt-get install --quiet --quiet --yes --no-install-recommends postgresql
}

initialize() {
  [ -s "$dir/data/PG_VERSION" ] && return
  say "making a database cluster in $dir"
  local password_file
  password_file=$(as_server mktemp)
  # shellcheck disable=SC2064 # the name as it is now
  trap "rm -f '$password_file'" EXIT
  printf '%s\n' "${LOCAL_POSTGRES_PASSWORD:-dayloom}" >"$password_file"
  as_server "$bin/initdb" --pgdata="$dir/data" --username=dayloom --pwfile="$password_file" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 >"$dir/initdb.log" || fail "initdb failed; see $dir/initdb.log"
}

start() {
  need_programs
  if pid >/dev/null; then say "runs already"; return; fi
  if answers; then fail "another server answers on port $port; set LOCAL_POSTGRES_PORT"; fi
  mkdir -p "$dir/socket"
  if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$dir" "$dir/socket"; fi
  as_server test -x "$dir" || fail "the user postgres can not enter $dir; set LOCAL_POSTGRES_DIR to a folder it can"
  initialize
  # fsync is the default; said here so that nobody turns it off for speed and measures something else.
  as_server "$bin/pg_ctl" start --silent --wait --timeout="$start_seconds_max" --pgdata="$dir/data" --log="$dir/log" \
    --options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='$dir/socket' -c fsync=on -c synchronous_commit=on -c max_connections=$connections_max" ||
    fail "it does not start; see $dir/log"
  answers || fail "it does not answer on port $port; see $dir/log"
  if [ "$(query "SELECT count(*) FROM pg_database WHERE datname = 'dayloom'")" = 0 ]; then
    query 'CREATE DATABASE dayloom' >/dev/null
  fi
  status
}

query() {
  PGPASSWORD=${LOCAL_POSTGRES_PASSWORD:-dayloom} "$bin/psql" --no-psqlrc --tuples-only --no-align --quiet \
    --host=127.0.0.1 --port="$port" --username=dayloom --dbname=postgres --command="$1"
}

# Without waiting for clients to leave, as a service manager does.
stop() {
  need_programs
  if ! pid >/dev/null; then say "does not run"; return; fi
  as_server "$bin/pg_ctl" stop --silent --wait --timeout="$stop_seconds_max" --mode=fast --pgdata="$dir/data"
  say "stopped; the data is in $dir"
}

main "$@"
