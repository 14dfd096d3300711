#!/usr/bin/env bash
# One Apache Kafka node (KRaft) on loopback, from the jars on Maven Central: for people without Docker.
# Needs Java 17 or later and, to install, Maven. Topics and offsets are kept across stop, kill and start.
#
#   kafka.sh install|start|stop|kill|restart|status
#
#   LOCAL_KAFKA_DIR       jars, settings, certificate, data and log (default: .kafka beside this script)
#   LOCAL_KAFKA_PORT      where clients connect (default: 19092); four more follow it:
#                           +1  the node's own controller
#                           +2  clients with TLS and a login (SASL SCRAM-SHA-512): the user `dayloom`, the authority tls/ca.pem
#                           +3  clients that come through a proxy, which are told to come to
#                           +4  the proxy: whoever tests cut connections listens there
#   LOCAL_KAFKA_PASSWORD  of the user `dayloom`, when the data is first made (default: dayloom)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${LOCAL_KAFKA_DIR:-$here/.kafka}
port=${LOCAL_KAFKA_PORT:-19092}
controller_port=$((port + 1))
login_port=$((port + 2))
proxied_port=$((port + 3))
proxy_port=$((port + 4))
# Of the file with the private key, which nobody but the server's user can read anyhow; Java wants one.
keystore_password=keystore
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
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller_port,LOGIN://127.0.0.1:$login_port,PROXIED://127.0.0.1:$proxied_port
advertised.listeners=PLAINTEXT://127.0.0.1:$port,LOGIN://127.0.0.1:$login_port,PROXIED://127.0.0.1:$proxy_port
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LOGIN:SASL_SSL,PROXIED:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.ssl.keystore.type=PKCS12
listener.name.login.ssl.keystore.location=$dir/tls/keystore.p12
listener.name.login.ssl.keystore.password=$keystore_password
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

# A key, and a certificate for it that is its own authority.
certificate() {
  [ -s "$dir/tls/ca.pem" ] && return
  rm -rf "$dir/tls"
  mkdir -p -m 700 "$dir/tls"
  local store=(-alias kafka -storetype PKCS12 -keystore "$dir/tls/keystore.p12" -storepass "$keystore_password")
  keytool -genkeypair "${store[@]}" -keyalg EC -groupname secp256r1 -validity 3650 -dname CN=127.0.0.1 \
    -ext SAN=IP:127.0.0.1,DNS:localhost -ext BC=ca:true >"$dir/keytool.log" 2>&1 &&
    keytool -exportcert -rfc "${store[@]}" >"$dir/tls/ca.pem.new" 2>>"$dir/keytool.log" ||
    fail "the certificate was not made; see $dir/keytool.log"
  mv "$dir/tls/ca.pem.new" "$dir/tls/ca.pem"
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
  certificate
  settings
  if [ ! -f "$dir/data/meta.properties" ]; then
    local id
    id=$(java "${java_options[@]}" -cp "$dir/libs/*" kafka.tools.StorageTool random-uuid)
    java "${java_options[@]}" -cp "$dir/libs/*" kafka.tools.StorageTool \
      format --cluster-id "$id" --config "$dir/server.properties" \
      --add-scram "SCRAM-SHA-512=[name=dayloom,password=${LOCAL_KAFKA_PASSWORD:-dayloom}]" >"$dir/format.log" 2>&1 ||
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
