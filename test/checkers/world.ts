// A small and correct active-active system that writes its own history: two regions with version vectors, hybrid stamps,
// idempotency keys, replication that is late, repeats, answers that get lost, a kill with failover. Every checker must accept
// what it tells, and must reject what mutations.ts makes of it. It is written from the promises, not from the backend's code.
import { seeded } from "../../src/model/random.ts";
import type { Random } from "../../src/model/random.ts";
import type { Event } from "../../src/model/event.ts";
import { expecting, Story, traffic } from "./story.ts";
import type { Asked } from "./story.ts";

type Name = "us" | "eu";
const REGIONS: readonly Name[] = ["us", "eu"];
const other = (region: Name): Name => (region === "us" ? "eu" : "us");

interface Vec {
  us: number;
  eu: number;
}
const text = (vector: Vec) => `us:${vector.us},eu:${vector.eu}`;
const below = (a: Vec, b: Vec) => a.us <= b.us && a.eu <= b.eu;
const join = (a: Vec, b: Vec): Vec => ({ us: Math.max(a.us, b.us), eu: Math.max(a.eu, b.eu) });

interface Made {
  key: number;
  value: number;
  id: string;
  written: Vec;
  stamp: number;
  source: Name;
  /** When it was made, and when somebody was first told so. */
  at: number;
  toldAt?: number;
}

interface Row {
  seen: Vec;
  made: Made | null;
  starting: number;
}

interface Region {
  rows: Map<number, Row>;
  ids: Map<string, Made>;
  /** What the other region has not applied yet, oldest first. */
  outbox: Made[];
  records: { key: number; winner: Made; loser: Made; kind: "concurrent" | "duplicate-request" }[];
}

interface Client {
  name: string;
  region: Name;
  life: number;
  known: Map<number, Vec>;
  lastWrite?: { key: number; value: number; id: string; basis: Vec; op: number };
}

export interface WorldOptions {
  seed: number;
  operations?: number;
  keys?: number;
}

const later = (a: Made, b: Made) => a.stamp - b.stamp || (a.source < b.source ? -1 : 1);

export function goodHistory({ seed, operations = 120, keys = 4 }: WorldOptions): Event[] {
  const random = seeded(seed);
  const bounds: Bounds = { rpoMs: 0, lagMs: 0, pairs: new Set() };
  const expected = { rpo: { region: "us", "at-most": 0 }, conflicts: { counted: 0, silent: 0 } };
  const lag = { region: "eu", "at-most": 0, "drains-within": 10_000 };
  const story = new Story({
    traffic: [traffic()],
    expect: [
      expecting("available", { region: "us", "at-least": 0.5 }),
      expecting("recovers", { region: "us", rto: 60_000 }),
      expecting("rpo", expected.rpo),
      expecting("lag", lag),
      expecting("latency", { region: "us", p50: 1_000 }),
      expecting("no-lost-writes", {}),
      expecting("no-duplicates", {}),
      expecting("converges", { within: 10_000 }),
      expecting("conflicts", expected.conflicts),
    ],
  });
  const world = new World(story, random, keys, bounds);
  world.run(operations);
  expected.rpo["at-most"] = bounds.rpoMs;
  expected.conflicts.counted = bounds.pairs.size;
  lag["at-most"] = bounds.lagMs;
  return story.events;
}

/** What the world itself knows to be the tightest bounds that hold. */
interface Bounds {
  rpoMs: number;
  /** Of eu. */
  lagMs: number;
  pairs: Set<string>;
}

class World {
  readonly #regions: Record<Name, Region>;
  readonly #clients: readonly Client[];
  readonly #late: (() => void)[] = [];
  #values = 100;
  #stamp = 0;
  #nextProbe = 0;
  #nextSample = 0;
  /** Regions of which somebody knows an acknowledged write. */
  readonly #told = new Set<Name>();
  #down: Name | undefined;

  constructor(
    readonly story: Story,
    readonly random: Random,
    readonly keys: number,
    readonly bounds: Bounds,
  ) {
    const region = (): Region => ({
      rows: new Map(
        Array.from({ length: keys }, (_, key) => [key, { seen: { us: 0, eu: 0 }, made: null, starting: key }]),
      ),
      ids: new Map(),
      outbox: [],
      records: [],
    });
    this.#regions = { us: region(), eu: region() };
    this.#clients = REGIONS.flatMap((region) =>
      [1, 2].map((n): Client => ({ name: `${region}-${n}`, region, life: 1, known: new Map() })),
    );
  }

  run(operations: number): void {
    this.#pass(150);
    let startAt: number | undefined;
    let pace = 0.5;
    for (let i = 0; i < operations; i++) {
      if (startAt === undefined && i >= operations * 0.3 && this.#told.has("us")) {
        this.#kill("us");
        startAt = i + Math.floor(operations * 0.2);
      }
      if (i === startAt) this.#start("us");
      if (i % 10 === 0) pace = this.random.pick([0, 0.2, 0.9]); // how fast replication is
      this.#operate(this.random.pick(this.#clients));
      while (this.random.next() < pace) this.#deliver(this.random.pick(REGIONS));
      if (this.#late.length > 0 && this.random.next() < 0.2) this.#late.shift()!();
      this.#pass(this.random.next() * 20);
    }
    this.#settle();
  }

  #operate(client: Client): void {
    const key = Math.floor(this.random.next() * this.keys);
    if (client.lastWrite !== undefined && this.random.next() < 0.15) return this.#repeat(client, client.lastWrite);
    const basis = client.known.get(key);
    if (basis === undefined || this.random.next() < 0.4) return this.#read(client, key);
    const value = ++this.#values;
    this.#write(client, { key, value, id: `id-${value}`, basis, op: 0 });
  }

  #read(client: Client, key: number): void {
    const asked = this.story.read(client.region, key, { client: this.#name(client) });
    this.#pass(this.random.next() * 5);
    const by = this.#serving(client.region);
    const { seen, made, starting } = this.#regions[by].rows.get(key)!;
    if (this.random.next() < 0.02) return void asked.unknown();
    client.known.set(key, seen);
    asked.ok(text(seen), { by, value: made?.value ?? starting, version: 1 + seen.us + seen.eu });
  }

  #write(client: Client, write: NonNullable<Client["lastWrite"]>, repeatOf?: number): void {
    const { key, value, id, basis } = write;
    const name = this.#name(client);
    const asked = this.story.write(client.region, key, value, { client: name, id, basis: text(basis), repeatOf });
    client.lastWrite = { ...write, op: repeatOf ?? asked.op };
    client.known.delete(key); // what it knows next, it learns from the answer or from a read
    this.#pass(this.random.next() * 5);
    const by = this.#serving(client.region);
    const chance = this.random.next();
    if (chance < 0.12) return this.#loseAnswer(client, asked, () => this.#apply(by, key, value, id, basis), chance);
    const applied = this.#apply(by, key, value, id, basis);
    if (applied === "refused") return void asked.refused(409, { by });
    const { made, stored } = applied;
    made.toldAt ??= this.story.now;
    this.#told.add(made.source);
    client.known.set(key, made.written);
    asked.ok(text(made.written), { by, stored, version: 1 + made.written.us + made.written.eu, value });
  }

  /** The client hears nothing: it was applied, will be, or never was. */
  #loseAnswer(client: Client, asked: Asked, apply: () => unknown, chance: number): void {
    if (chance < 0.06) apply();
    else if (chance < 0.09) this.#late.push(apply);
    client.life++;
    asked.unknown();
  }

  #repeat(client: Client, write: NonNullable<Client["lastWrite"]>): void {
    this.#write(client, write, write.op);
  }

  #apply(region: Name, key: number, value: number, id: string, basis: Vec): { made: Made; stored?: true } | "refused" {
    const { rows, ids, outbox } = this.#regions[region];
    const before = ids.get(id);
    if (before !== undefined) return { made: before, stored: true };
    const row = rows.get(key)!;
    if (text(row.seen) !== text(basis)) return "refused";
    const written = { ...row.seen, [region]: row.seen[region] + 1 };
    this.#stamp = Math.max(this.#stamp, row.made?.stamp ?? 0) + Math.floor(this.random.next() * 3);
    const stamp = Math.max(this.#stamp, (row.made?.stamp ?? 0) + 1);
    const made: Made = { key, value, id, written, stamp, source: region, at: this.story.now };
    rows.set(key, { ...row, seen: written, made });
    ids.set(id, made);
    outbox.push(made);
    return { made };
  }

  /** Takes the oldest event that a region has not published to the other one. */
  #deliver(from: Name): void {
    if (this.#down !== undefined) return;
    const arriving = this.#regions[from].outbox.shift();
    if (arriving === undefined) return;
    const { rows, ids, records } = this.#regions[other(from)];
    const row = rows.get(arriving.key)!;
    const standing = row.made;
    const twin = ids.get(arriving.id);
    ids.set(arriving.id, twin ?? arriving);
    const record = (a: Made, b: Made, kind: "concurrent" | "duplicate-request") => {
      const [loser, winner] = [a, b].toSorted(later) as [Made, Made];
      records.push({ key: arriving.key, winner, loser, kind });
      const names = [winner, loser].map(({ written }) => text(written)).toSorted();
      if (kind === "concurrent") this.bounds.pairs.add(`${arriving.key} ${names.join(" ")}`);
    };
    if (twin !== undefined) record(twin, arriving, "duplicate-request");
    if (standing !== null && standing.id !== arriving.id) {
      const ordered = below(standing.written, arriving.written) || below(arriving.written, standing.written);
      if (!ordered) record(standing, arriving, "concurrent");
    }
    const wins = standing === null || later(standing, arriving) < 0;
    rows.set(arriving.key, { ...row, seen: join(row.seen, arriving.written), made: wins ? arriving : standing });
  }

  #serving(region: Name): Name {
    return this.#down === region ? other(region) : region;
  }

  #name({ name, life }: Client): string {
    return life === 1 ? name : `${name}.${life}`;
  }

  #kill(region: Name): void {
    this.#down = region;
    this.story.fault("kill", [`backend-${region}`]);
    this.#pass(200);
  }

  #start(region: Name): void {
    this.#pass(200);
    const fault = `kill backend-${region}`;
    const since = this.story.events.find((event) => event.type === "fault")!.at;
    for (const { toldAt } of this.#regions[region].outbox)
      if (toldAt !== undefined && toldAt <= since) this.bounds.rpoMs = Math.max(this.bounds.rpoMs, since - toldAt);
    for (const [key, { seen, made, starting }] of this.#regions[other(region)].rows)
      this.story.surviving(fault, other(region), key, made?.value ?? starting, text(seen));
    this.#down = undefined;
    this.story.ended(`kill backend-${region}`, [`backend-${region}`]);
    this.#pass(200);
  }

  /** How long the oldest write has waited that the other region made and this one has not applied. */
  #lag(region: Name): Record<string, number> | null {
    if (this.#down === region) return null;
    const [oldest] = this.#regions[other(region)].outbox;
    const lagMs = oldest === undefined ? 0 : this.story.now - oldest.at;
    if (region === "eu") this.bounds.lagMs = Math.max(this.bounds.lagMs, lagMs);
    return { [other(region)]: lagMs / 1_000 };
  }

  /** Time goes on, and the probes and samples with it. */
  #pass(ms: number): void {
    const until = this.story.now + ms;
    for (; this.#nextProbe <= until; this.#nextProbe += 100) {
      this.story.at(Math.max(this.story.now, this.#nextProbe));
      for (const region of REGIONS) this.story.probe(region, this.#down !== region, this.#nextProbe);
    }
    for (; this.#nextSample <= until; this.#nextSample += 250)
      this.story.sample({ us: this.#lag("us"), eu: this.#lag("eu") });
    this.story.at(Math.max(this.story.now, until));
  }

  #settle(): void {
    this.story.healed();
    for (let left = this.#pending(); ; left = this.#pending()) {
      this.#pass(100);
      const differing = [...this.#regions.us.rows.keys()].filter(
        (key) => this.#face("us", key) !== this.#face("eu", key),
      );
      this.story.round(differing, left);
      if (left === 0) break;
      for (let i = 0; i < 10; i++) for (const region of REGIONS) this.#deliver(region);
    }
    for (const region of REGIONS)
      for (const [key, { seen, made, starting }] of this.#regions[region].rows)
        this.story.final(region, key, made?.value ?? starting, text(seen), 1 + seen.us + seen.eu);
    for (const region of REGIONS)
      for (const { key, winner, loser, kind } of this.#regions[region].records)
        this.story.conflict(region, key, this.#side(winner), this.#side(loser), kind);
    this.story.leftovers().end();
  }

  #pending(): number {
    return this.#regions.us.outbox.length + this.#regions.eu.outbox.length;
  }

  #face(region: Name, key: number): string {
    const { seen, made } = this.#regions[region].rows.get(key)!;
    return `${text(seen)} ${made?.value}`;
  }

  #side = ({ value, written, id }: Made) => ({ value, state: text(written), id });
}
