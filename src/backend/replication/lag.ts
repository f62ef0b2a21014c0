// How far this region is behind each of the others: now minus the commit time of the newest event or heartbeat that
// was applied from it, and 0 while that is within three heartbeats.
import type { Broken } from "../broken.ts";
import type { Ports } from "../ports.ts";
import type { Progress } from "./consumer.ts";
import { HEARTBEAT_MS, type Relay } from "./relay.ts";

const FRESH_MS = 3 * HEARTBEAT_MS;
/** How long what is in the log right now may take to be applied before it is called pending; more where the log is far. */
const CATCH_UP_MS = 40;
const CATCH_UP_STEP_MS = 4;

export interface Lag {
  region: string;
  /** The worst of all sources. */
  lag_seconds: number;
  /** Since a message of another region was applied; null: none yet. */
  seconds_since_last_message: number | null;
  /** Own events not published yet, messages of others not received, events not applied; null when the log cannot be asked. */
  pending: number | null;
  by_source: Readonly<Record<string, number>>;
}

/** By source region; cheap, from memory. */
export function lagBySource(
  sources: readonly string[],
  heard: Readonly<Record<string, number>>,
  since: number,
  now: number,
): Record<string, number> {
  return Object.fromEntries(
    sources.map((source) => {
      // A source that was never heard counts from when this process began to listen.
      const behindMs = now - (heard[source] ?? since);
      return [source, behindMs <= FRESH_MS ? 0 : behindMs / 1_000];
    }),
  );
}

export interface Place {
  region: string;
  regions: readonly string[];
  broken: Broken | undefined;
}

export async function measureLag(
  place: Place,
  progress: Progress,
  relay: Pick<Relay, "published">,
  { store, log, clock }: Ports,
): Promise<Lag> {
  const sources = place.regions.filter((region) => region !== place.region);
  if (place.broken === "lag-lies") {
    const by_source = Object.fromEntries(sources.map((source) => [source, 0]));
    return { region: place.region, lag_seconds: 0, seconds_since_last_message: 0, pending: 0, by_source };
  }
  // The end of the log is asked after counting: an own event that left the outbox in between is in it.
  const backlog = await store.backlog();
  const asked = { at: clock.now(), received: progress.received() };
  const end = await log.end();
  const catchUpMs = Math.max(CATCH_UP_MS, clock.now() - asked.at);
  // An end before what had been received when it was asked is that of a new log, of which nothing was.
  const isAnew = end !== null && asked.received !== null && asked.received > end;
  const unreceived = () => (end === null ? 0 : missing(end, progress.received() ?? 0, isAnew, relay));
  const isBehind = () => end !== null && (unreceived() > 0 || progress.isApplying());
  // A heartbeat is on its way nearly always; one that arrives within milliseconds is not worth calling pending.
  for (let waited = 0; waited < catchUpMs && isBehind(); waited += CATCH_UP_STEP_MS)
    await clock.sleep(CATCH_UP_STEP_MS);

  const now = clock.now();
  const by_source = lagBySource(sources, progress.heard(), progress.since, now);
  const last = progress.lastMessageAt();
  return {
    region: place.region,
    lag_seconds: Math.max(0, ...Object.values(by_source)),
    seconds_since_last_message: last === null ? null : Math.max(0, now - last) / 1_000,
    pending: end === null ? null : backlog + unreceived() + progress.waiting(),
    by_source,
  };
}

/** How many messages before the end were not received. Those from here need not be. */
function missing(end: number, received: number, isAnew: boolean, relay: Pick<Relay, "published">): number {
  if (received > end) return isAnew ? end : 0;
  return end - received - relay.published(received, end);
}
