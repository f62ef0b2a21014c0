// What is due, when, by whom: drawn by the seed before anything happens, so it depends on nothing that happens.
// Arrivals are open (a Poisson process): a stalled system does not slow the schedule down, and cannot hide behind
// clients that wait.
import { type Random, seeded } from "../model/random.ts";
import type { TrafficSpec } from "../model/scenario.ts";
import type { Workload } from "../model/topology.ts";

export interface Arrival {
  /** Milliseconds since `up`. */
  due: number;
  /** Index of the client, from 0. */
  client: number;
  /** The region that is asked. */
  region: string;
  /** That of the client, when it asks another one. */
  home?: string;
  key: string;
  kind: "read" | "write";
  /** Should this be a write, it is sent a second time with the same id. */
  repeat: "none" | "concurrent" | "afterwards";
}

/**
 * Chance of one traffic of a run: `label` says which it is, and `start` counts every beginning of any of them, also that
 * after a settle.
 */
export function streamOf(seed: number, label: string, start: number): Random {
  return seeded(seed).fork(`${label} ${start}`);
}

/** The arrivals of one traffic, without end. `from` is when it starts. */
export function* arrivals(spec: TrafficSpec, workload: Workload, random: Random, from: number): Generator<Arrival> {
  const keys = drawKeys(spec, workload, random);
  const teams = dealClients(spec);
  // A stream each, so that asking for more reads leaves the gaps and the keys as they were.
  const [gap, key, kind, repeat] = ["gap", "key", "kind", "repeat"].map((label) => random.fork(label)) as [
    Random,
    Random,
    Random,
    Random,
  ];
  const where = roaming(spec, random.fork("roam"));
  let due = from;
  for (let number = 0; ; number++) {
    due += (-Math.log(1 - gap.next()) * 1_000) / spec.ratePerSecond;
    const team = teams[number % teams.length]!;
    yield {
      due,
      ...where(team.region),
      client: team.clients[Math.floor(number / teams.length) % team.clients.length]!,
      key: key.pick(keys),
      kind: kind.next() < spec.reads ? "read" : "write",
      repeat: drawRepeat(spec, repeat.next()),
    };
  }
}

/** Which region a client asks: mostly its own. */
function roaming({ roam }: TrafficSpec, random: Random): (home: string) => Pick<Arrival, "region" | "home"> {
  if (roam === undefined) return (home) => ({ region: home });
  return (home) => {
    const others = roam.regions.filter((region) => region !== home);
    return random.next() < roam.share && others.length > 0 ? { region: random.pick(others), home } : { region: home };
  };
}

/** One draw decides both: the lower half of the repeats goes out together with the first, the upper half after it. */
function drawRepeat(spec: TrafficSpec, drawn: number): Arrival["repeat"] {
  if (drawn >= spec.repeats) return "none";
  return drawn < spec.repeats / 2 ? "concurrent" : "afterwards";
}

/** Client number i belongs to region i modulo their number; a region that got no client gets no operations either. */
export function dealClients(spec: TrafficSpec): readonly { region: string; clients: readonly number[] }[] {
  const everybody = Array.from({ length: spec.clients }, (_, index) => index);
  const teams = spec.regions.map((region, place) => ({
    region,
    clients: everybody.filter((client) => client % spec.regions.length === place),
  }));
  const staffed = teams.filter((team) => team.clients.length > 0);
  if (staffed.length === 0) throw new Error("traffic needs at least one region and one client");
  return staffed;
}

/** The first of a shuffle of the workload's range (Fisher-Yates, only as far as needed and without laying the range out). */
export function drawKeys(spec: TrafficSpec, workload: Workload, random: Random): readonly string[] {
  const { from, to } = workload.keys;
  const range = to - from + 1;
  const shuffle = random.fork("keys");
  const moved = new Map<number, number>();
  return Array.from({ length: Math.min(spec.keys, range) }, (_, place) => {
    const other = place + Math.floor(shuffle.next() * (range - place));
    const drawn = moved.get(other) ?? other;
    moved.set(other, moved.get(place) ?? place);
    return String(from + drawn);
  });
}
