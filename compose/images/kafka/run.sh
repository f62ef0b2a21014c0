#!/bin/bash
# Starts the broker as apache/kafka does: every KAFKA_ variable is a setting, and any one of them drops all defaults;
# a directory without a broker's data is formatted.
set -euo pipefail

config=/opt/kafka/config/server.properties
cluster="${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}"

settings=()
while IFS='=' read -r -d '' name value; do
  case "$name" in
    KAFKA_VERSION | KAFKA_HEAP_OPTS | KAFKA_OPTS | KAFKA_JMX_* | KAFKA_JVM_PERFORMANCE_OPTS | KAFKA_GC_LOG_OPTS) ;;
    KAFKA_LOG4J_* | KAFKA_TOOLS_LOG4J_LOGLEVEL | KAFKA_ARCHIVE_OPTS) ;;
    KAFKA_*) # one underscore is a dot, two are an underscore, three a dash
      key="${name#KAFKA_}" && key="${key,,}" && key="${key//_/.}" && key="${key//.../-}" && key="${key//../_}"
      settings+=("$key=$value")
      ;;
  esac
done < <(env -0)

if [ ${#settings[@]} -gt 0 ]; then
  printf '%s\n' "${settings[@]}" > "$config"
elif [ -f /mnt/shared/config/server.properties ]; then
  cp /mnt/shared/config/server.properties "$config"
fi

setting() {
  sed -n "s/^$1=//p" "$config" | tail -n 1
}

logs="$(setting log.dirs)"
logs="${logs:-$(setting log.dir)}"
logs="${logs:-/tmp/kafka-logs}"
IFS=, read -r -a directories <<< "$logs,$(setting metadata.log.dir)"
unformatted=0
for directory in "${directories[@]}"; do
  [ -z "$directory" ] || [ -f "$directory/meta.properties" ] || unformatted=1
done
if [ "$unformatted" = 1 ]; then
  # The usual case is one directory of node 1, formatted once for all when this image was built.
  if [ ${#directories[@]} = 1 ] && [ "$(setting node.id)$cluster" = "$(cat /opt/kafka/formatted/.of)" ] && mkdir -p "$logs"; then
    cp /opt/kafka/formatted/bootstrap.checkpoint "$logs/"
    # Last and whole: with it the directory counts as formatted.
    cp /opt/kafka/formatted/meta.properties "$logs/meta.properties.new"
    mv "$logs/meta.properties.new" "$logs/meta.properties"
  else
    /opt/kafka/bin/kafka-storage.sh format --ignore-formatted --cluster-id "$cluster" --config "$config"
  fi
fi

exec /opt/kafka/bin/kafka-server-start.sh "$config"
