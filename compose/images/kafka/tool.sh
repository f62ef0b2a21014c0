#!/bin/bash
# Kafka's command-line tools under the names of its distribution: each is a link to this file, and its name says the class.
set -eu
case "$(basename "$0" .sh)" in
  kafka-broker-api-versions) class=org.apache.kafka.tools.BrokerApiVersionsCommand ;;
  kafka-configs) class=kafka.admin.ConfigCommand ;;
  kafka-console-consumer) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
  kafka-console-producer) class=org.apache.kafka.tools.ConsoleProducer ;;
  kafka-consumer-groups) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
  kafka-get-offsets) class=org.apache.kafka.tools.GetOffsetShell ;;
  kafka-metadata-quorum) class=org.apache.kafka.tools.MetadataQuorumCommand ;;
  kafka-storage) class=kafka.tools.StorageTool ;;
  kafka-topics) class=org.apache.kafka.tools.TopicCommand ;;
  kafka-server-start) class=kafka.Kafka ;;
  connect-mirror-maker) class=org.apache.kafka.connect.mirror.MirrorMaker ;;
  *) echo "no tool of Kafka is called $(basename "$0")" >&2 && exit 1 ;;
esac
archive=/opt/kafka/tools.jsa
[ "$class" = kafka.Kafka ] && archive=/opt/kafka/broker.jsa
# An archive that does not fit (another collector, say) is passed over, and the start takes longer.
# shellcheck disable=SC2086 # these variables are lists of options
exec java ${KAFKA_HEAP_OPTS:--Xmx256m} ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1} \
  ${KAFKA_ARCHIVE_OPTS:--XX:SharedArchiveFile=$archive -Xlog:disable -Xlog:all=error:stderr} \
  -Djava.awt.headless=true -Dkafka.logs.dir=/opt/kafka/logs \
  ${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=/opt/kafka/config/log4j2.properties} ${KAFKA_OPTS:-} \
  @/opt/kafka/classpath "$class" "$@"
