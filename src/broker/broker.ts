// Everything that a broker remembers, opened from its directory; the APIs act on it.
import { openGroupStore } from "./group-store.ts";
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
  const { directory, persistMembers, initialRebalanceDelayMs: initialDelayMs } = settings;
  const topics = new Topics(settings, { durability, log });
  const offsets = new Offsets(directory, { durability, log });
  void offsets.forgetTopics((topic) => !topics.named(topic)); // a kill came between the topic's end and theirs
  const store = openGroupStore(directory, persistMembers, { durability, log });
  const groups = new Groups({ ...settings, initialDelayMs, store, log });
  return { settings, topics, producerIds: new ProducerIds(directory), offsets, groups, log };
}
