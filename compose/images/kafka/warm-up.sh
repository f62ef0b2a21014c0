#!/bin/bash
# Run once while the image is built: a broker serves its own tools, and what they loaded becomes the class data archives.
set -euo pipefail

config=/opt/kafka/config/server.properties
tools=/opt/kafka/bin
export KAFKA_ARCHIVE_OPTS="-Xlog:disable"

"$tools/kafka-storage.sh" format --cluster-id 5L6g3nShT-eMCtK--X86sw --config "$config"
mkdir /opt/kafka/formatted
cp /var/lib/kafka/data/meta.properties /var/lib/kafka/data/bootstrap.checkpoint /opt/kafka/formatted/
printf 1%s 5L6g3nShT-eMCtK--X86sw > /opt/kafka/formatted/.of

KAFKA_ARCHIVE_OPTS="-XX:ArchiveClassesAtExit=/opt/kafka/broker.jsa -Xlog:disable" "$tools/kafka-server-start.sh" "$config" &
broker=$!
trap 'kill "$broker" 2> /dev/null || true' EXIT
for _ in $(seq 60); do
  "$tools/kafka-broker-api-versions.sh" --bootstrap-server localhost:9092 > /dev/null 2>&1 && break
  kill -0 "$broker"
done
"$tools/kafka-topics.sh" --bootstrap-server localhost:9092 --create --topic warm-up
echo "one record" | "$tools/kafka-console-producer.sh" --bootstrap-server localhost:9092 --topic warm-up --compression-codec gzip
"$tools/kafka-console-consumer.sh" --bootstrap-server localhost:9092 --topic warm-up --group warm-up --from-beginning --max-messages 1
KAFKA_ARCHIVE_OPTS="-XX:ArchiveClassesAtExit=/opt/kafka/tools.jsa -Xlog:disable" \
  "$tools/kafka-broker-api-versions.sh" --bootstrap-server localhost:9092 > /dev/null
kill "$broker"
wait "$broker" || [ $? = 143 ]
trap - EXIT
rm -rf /var/lib/kafka/data/* /opt/kafka/logs/*
ls -l /opt/kafka/*.jsa
