// Apache Kafka as one node that is its own controller. Its image drops all of its defaults when any KAFKA_ variable is set,
// so all that it needs is here.
import { nodeNamed, type NodeSpec } from "../../model/topology.ts";
import { published, reach, type Site, zonePort, zonesCalling } from "./site.ts";

/** Inside the container: no zone uses them. */
export const OBSERVER_PORT = 30_000;
const CONTROLLER_PORT = 29_999;
const INTERNAL_PORT = 29_998;
export const DATA_DIRECTORY = "/var/lib/kafka/data";

/** A quick start, also after a SIGKILL, little memory, and nothing that waits for a second broker. */
const TUNED: Readonly<Record<string, string>> = {
  KAFKA_AUTO_CREATE_TOPICS_ENABLE: "false",
  KAFKA_NUM_PARTITIONS: "1",
  KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: "1",
  KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: "1",
  KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS: "1",
  KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: "1",
  KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: "1",
  KAFKA_SHARE_COORDINATOR_STATE_TOPIC_NUM_PARTITIONS: "1",
  KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: "1",
  KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: "1",
  KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "0",
  KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: "1000",
  // A broker that was killed is refused until its own dead session is over: by default for 9 s, tried again every 2 s.
  KAFKA_BROKER_SESSION_TIMEOUT_MS: "1000",
  KAFKA_BROKER_HEARTBEAT_INTERVAL_MS: "100",
  KAFKA_CONTROLLER_QUORUM_ELECTION_TIMEOUT_MS: "200",
  KAFKA_LOG_CLEANER_DEDUPE_BUFFER_SIZE: "2097152",
  KAFKA_NUM_NETWORK_THREADS: "1",
  KAFKA_NUM_IO_THREADS: "2",
  KAFKA_HEAP_OPTS: "-Xmx256m",
  KAFKA_JVM_PERFORMANCE_OPTS: "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
};

/** What its file says about speed and sizes counts; where it listens and what it advertises is ours, or links would be passed by. */
export function kafkaEnvironment(spec: NodeSpec, site: Site): Readonly<Record<string, string>> {
  const { topology } = site;
  const observer = published(site, spec.name);
  const zones = zonesCalling(topology, spec.name);
  const listeners: readonly Listener[] = [
    { name: listenerName(spec.region), port: spec.port, advertised: `${spec.name}:${spec.port}` },
    ...zones.map((zone) => ({
      name: listenerName(zone),
      port: zonePort(topology, spec.name, zone),
      advertised: reach(topology, nodeNamed(topology, spec.name)!, zone),
    })),
    { name: "OBSERVER", port: OBSERVER_PORT, advertised: `${observer.host}:${observer.port}` },
    { name: "INTERNAL", host: "127.0.0.1", port: INTERNAL_PORT, advertised: `127.0.0.1:${INTERNAL_PORT}` },
  ];
  const controller = { name: "CONTROLLER", host: "127.0.0.1", port: CONTROLLER_PORT };
  const all = [...listeners, controller];
  return {
    ...TUNED,
    ...spec.environment,
    KAFKA_NODE_ID: "1",
    KAFKA_PROCESS_ROLES: "broker,controller",
    KAFKA_CONTROLLER_QUORUM_VOTERS: `1@${controller.host}:${controller.port}`,
    KAFKA_CONTROLLER_LISTENER_NAMES: controller.name,
    KAFKA_INTER_BROKER_LISTENER_NAME: "INTERNAL",
    KAFKA_LISTENERS: all.map(({ name, host, port }) => `${name}://${host ?? "0.0.0.0"}:${port}`).join(","),
    KAFKA_ADVERTISED_LISTENERS: listeners.map(({ name, advertised }) => `${name}://${advertised}`).join(","),
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: all.map(({ name }) => `${name}:PLAINTEXT`).join(","),
    KAFKA_LOG_DIRS: DATA_DIRECTORY,
  };
}

interface Listener {
  name: string;
  /** Absent: every address of the container. */
  host?: string;
  port: number;
  advertised: string;
}

/** No zone is called like one of ours. */
const listenerName = (zone: string) => `FROM_${zone.toUpperCase().replaceAll("-", "_")}`;
