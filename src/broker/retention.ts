// Retention: from time to time whole segments that are too old or too many leave the front of each partition. Who reads is
// not asked: as with Apache Kafka, a reader that was away too long is told OFFSET_OUT_OF_RANGE.
import { numberOf } from "./configs.ts";
import type { Broker } from "./broker.ts";
import { StorageError } from "./log/append-file.ts";

/** Once, for all partitions. */
export function enforceRetention({ topics, settings, log }: Broker, nowMs: number): void {
  for (const topic of topics.all) {
    const retention = {
      ms: numberOf(topic, "retention.ms", settings),
      bytes: numberOf(topic, "retention.bytes", settings),
    };
    for (const [index, partition] of topic.partitions.entries()) {
      const before = partition.startOffset;
      try {
        partition.expire(retention, nowMs);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        log(`${topic.name}-${index}: old segments stay for now: ${error.message}`);
      }
      if (partition.startOffset > before) log(`${topic.name}-${index}: begins at ${partition.startOffset} now`);
    }
  }
}

/** Returns what ends it. An error that is not the disk's refusal is the caller's to hear of. */
export function keepRetention(broker: Broker, onError: (error: Error) => void): () => void {
  const timer = setInterval(() => {
    try {
      enforceRetention(broker, Date.now());
    } catch (error) {
      onError(error as Error);
    }
  }, broker.settings.retentionCheckMs);
  return () => clearInterval(timer);
}
