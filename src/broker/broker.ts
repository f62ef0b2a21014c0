// Everything that a broker remembers, opened from its directory; the APIs act on it.
import { Groups } from "./groups.ts";
import { Durability } from "./log/durability.ts";
import { Offsets } from "./offsets.ts";
import { ProducerIds } from "./producer-ids.ts";
import type { Settings } from "./settings.ts";
import { Topics } from "./topics.ts";

export interface Broker {
  settings: Settings;
  topics: Topics;
  producerIds: ProducerIds;
  offsets: Offsets;
  groups: Groups;
  log: (line: string) => void;
}

/** The only broker of its cluster. */
export const NODE_ID = 1;
export const CLUSTER_ID = "regionctl";

/** `die` is called when the disk can no longer be trusted; it must end the process. */
export function openBroker(settings: Settings, log: (line: string) => void, die: (reason: string) => void): Broker {
  const durability = new Durability(settings.fsync, die);
  return {
    settings,
    topics: new Topics(settings.directory, { segmentBytes: settings.segmentBytes, durability, log }),
    producerIds: new ProducerIds(settings.directory),
    offsets: new Offsets(settings.directory, { durability, log }),
    groups: new Groups({ ...settings, initialDelayMs: settings.initialRebalanceDelayMs, log }),
    log,
  };
}
