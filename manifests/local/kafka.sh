#!/usr/bin/env bash
# One Apache Kafka node (KRaft) on loopback, from the jars on Maven Central: for people without Docker.
# Needs Java 17 or later and, to install, Maven. Topics and offsets are kept across stop, kill and start.
#
#   kafka.sh install|start|stop|kill|restart|status
#
#   LOCAL_KAFKA_DIR              jars, settings, data and log (default: .kafka beside this script)
#   LOCAL_KAFKA_PORT             where clients connect (default: 19092)
#   LOCAL_KAFKA_CONTROLLER_PORT  the node's own controller (default: 19093)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${LOCAL_KAFKA_DIR:-$here/.kafka}
port=${LOCAL_KAFKA_PORT:-19092}
controller_port=${LOCAL_KAFKA_CONTROLLER_PORT:-19093}
# Small: a development broker shares its machine with a compiler.
java_options=(-Xms128m -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Dlog4j2.configurationFile=$here/kafka/log4j2.properties")
start_seconds_max=60
stop_seconds_max=60
address="127.0.0.1:$port"
. "$here/common.sh"

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
# After a kill the node waits until its former self is given up: with the default (9 s) a start takes that long.
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=1000
# Nobody else is about to join.
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
background.threads=2
log.cleaner.dedupe.buffer.size=4194304
END
}

# What pom.xml names; a copy of it beside the jars says that they are all there.
installed() { cmp --quiet "$here/kafka/pom.xml" "$dir/libs/pom.xml"; }

install() {
  if installed; then say "Kafka is installed already, in $dir/libs"; return; fi
  command -v mvn >/dev/null || fail "Maven is missing; on Debian: apt-get install maven"
  # Jars of another version would stand beside the new ones on the class path.
  rm -rf "$dir/libs"
  mkdir -p "$dir"
  mvn --batch-mode --quiet --file "$here/kafka/pom.xml" dependency:copy-dependencies \
    "-DoutputDirectory=$dir/libs" -DincludeScope=runtime
  cp "$here/kafka/pom.xml" "$dir/libs/pom.xml"
}

start() {
  if pid >/dev/null; then say "runs already"; return; fi
  installed || fail "Kafka is not installed, or not in this version; run: $0 install"
  if answers; then fail "another server answers on port $port; set LOCAL_KAFKA_PORT"; fi
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
    [ $SECONDS -lt $deadline ] || fail "it does not answer on port $port; see $dir/kafka.log"
    sleep 0.1
  done
  status
}

main "$@"
