// What a region's samples come to: the newest figures, and a minute of them. Pure.
import type { RegionSample } from "../model/event.ts";
import { MOST_SAMPLES, type RegionPicture, WINDOW_MS } from "./picture.ts";

/** A region of which nobody has said anything yet. */
export function unheardRegion(name: string): RegionPicture {
  return {
    name,
    healthy: null,
    since: null,
    requestsPerSecond: 0,
    errorsPerSecond: 0,
    p50Ms: null,
    p99Ms: null,
    lagSeconds: null,
    lagHistory: [],
    pending: null,
    conflicts: null,
    conflictsLastMinute: null,
    conflictHistory: [],
  };
}

/** A run counts its conflicts from 0, whatever was counted before. */
export function countingAnew(region: RegionPicture, at: number): RegionPicture {
  return { ...region, conflicts: null, conflictsLastMinute: null, conflictHistory: [{ at, conflicts: 0 }] };
}

export function sampled(region: RegionPicture, sample: RegionSample, at: number): RegionPicture {
  const { healthy, lagSeconds, pending, conflicts, requests, errors, p50Ms, p99Ms } = sample;
  const conflictHistory = counted(region.conflictHistory, conflicts, at);
  const seconds = lagSeconds === null ? null : Math.max(0, ...Object.values(lagSeconds));
  return {
    name: region.name,
    healthy,
    since: healthy === region.healthy ? region.since : region.healthy === null ? null : at,
    requestsPerSecond: requests,
    errorsPerSecond: errors,
    p50Ms,
    p99Ms,
    lagSeconds,
    lagHistory: [...recent(region.lagHistory, at), { at, seconds }],
    pending,
    conflicts,
    conflictsLastMinute: conflicts === null ? null : conflicts - (conflictHistory[0]?.conflicts ?? 0),
    conflictHistory,
  };
}

/** Of the last minute, with room for one more. */
function recent<T extends { at: number }>(history: readonly T[], at: number): readonly T[] {
  const first = history.findIndex((entry) => entry.at > at - WINDOW_MS);
  if (first === -1) return [];
  return history.slice(Math.max(first, history.length - MOST_SAMPLES + 1));
}

/** The first entry is what the counter was when the minute began, or when it was first seen. */
function counted(
  history: RegionPicture["conflictHistory"],
  conflicts: number | null,
  at: number,
): RegionPicture["conflictHistory"] {
  const newest = history.at(-1);
  const isAnew = newest !== undefined && conflicts !== null && conflicts < newest.conflicts;
  const known = isAnew ? [{ at, conflicts: 0 }] : history;
  const isOther = conflicts !== null && conflicts !== known.at(-1)?.conflicts;
  const all = isOther ? [...known, { at, conflicts }] : known;
  let first = 0;
  while (all[first + 1] !== undefined && all[first + 1]!.at <= at - WINDOW_MS) first++;
  first = Math.max(first, all.length - MOST_SAMPLES);
  return first === 0 ? all : all.slice(first);
}
