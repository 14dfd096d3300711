#!/usr/bin/env bash
# One Apache Kafka node (KRaft) on loopback, from the jars on Maven Central: for people without Docker.
# Needs Java 17 or later and, to install, Maven. Topics and offsets are kept across stop, kill and start.
#
#   kafka.sh install|start|stop|kill|status
#
#   DAYLOOM_KAFKA_DIR              jars, settings, data and log (default: .kafka beside this script)
#   DAYLOOM_KAFKA_PORT             where clients connect (default: 9092)
#   DAYLOOM_KAFKA_CONTROLLER_PORT  the node's own controller (default: 9093)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${DAYLOOM_KAFKA_DIR:-$here/.kafka}
port=${DAYLOOM_KAFKA_PORT:-9092}
controller_port=${DAYLOOM_KAFKA_CONTROLLER_PORT:-9093}
# Small: a development broker shares its machine with a compiler.
java_options=(-Xms128m -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Dlog4j2.configurationFile=$here/kafka/log4j2.properties")
start_seconds_max=60
stop_seconds_max=60

fail() { echo "kafka.sh: $*" >&2; exit 1; }

pid() {
  # The number in the file may be somebody else's by now; the command line tells.
  local pid
  pid=$(cat "$dir/kafka.pid" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "kafka.Kafka $dir/server.properties" || return 1
  echo "$pid"
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

settings() {
  cat >"$dir/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
# A topic that nobody declared is a mistake.
auto.create.topics.enable=false
# One node can hold one copy.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=2
# Nobody else is about to join.
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
background.threads=2
log.cleaner.dedupe.buffer.size=4194304
END
}

install() {
  command -v mvn >/dev/null || fail "Maven is missing; on Debian: apt-get install maven"
  mkdir -p "$dir"
  mvn --batch-mode --quiet --file "$here/kafka/pom.xml" dependency:copy-dependencies \
    "-DoutputDirectory=$dir/libs" -DincludeScope=runtime
}

start() {
  if pid >/dev/null; then echo "running on 127.0.0.1:$port"; return; fi
  [ -d "$dir/libs" ] || fail "not installed; run: $0 install"
  if answers; then fail "port $port is taken by something else; choose another with DAYLOOM_KAFKA_PORT"; fi
  settings
  if [ ! -f "$dir/data/meta.properties" ]; then
    local id
    id=$(java "${java_options[@]}" -cp "$dir/libs/*" kafka.tools.StorageTool random-uuid)
    java "${java_options[@]}" -cp "$dir/libs/*" kafka.tools.StorageTool \
      format --cluster-id "$id" --config "$dir/server.properties" >"$dir/format.log" 2>&1 ||
      fail "the data folder was not prepared; see $dir/format.log"
  fi
  setsid java "${java_options[@]}" -cp "$dir/libs/*" kafka.Kafka "$dir/server.properties" \
    >"$dir/kafka.log" 2>&1 </dev/null &
  echo $! >"$dir/kafka.pid"
  local deadline=$((SECONDS + start_seconds_max))
  until grep -q 'Kafka Server started' "$dir/kafka.log" && answers; do
    kill -0 "$(cat "$dir/kafka.pid")" 2>/dev/null || fail "it ended at once: $(tail -n 1 "$dir/kafka.log")"
    [ $SECONDS -lt $deadline ] || fail "not ready after $start_seconds_max s; see $dir/kafka.log"
    sleep 0.1
  done
  echo "running on 127.0.0.1:$port"
}

# Sends the signal and waits for the end.
end() {
  local pid
  pid=$(pid) || { echo "not running"; return; }
  kill "-$1" "$pid"
  local deadline=$((SECONDS + stop_seconds_max))
  while kill -0 "$pid" 2>/dev/null; do
    [ $SECONDS -lt $deadline ] || fail "still running after $stop_seconds_max s (process $pid)"
    sleep 0.1
  done
  rm -f "$dir/kafka.pid"
  echo "stopped"
}

case ${1:-} in
install) install ;;
start) start ;;
stop) end TERM ;;
kill) end KILL ;;
status) if pid >/dev/null && answers; then echo "running on 127.0.0.1:$port"; else echo "not running"; exit 3; fi ;;
*) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
