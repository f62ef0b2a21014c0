// The schedule: drawn by the seed, dealt evenly, kept to the millisecond whatever the process does.
import { describe, expect, it } from "vitest";
import { seeded } from "../../src/model/random.ts";
import type { TrafficSpec } from "../../src/model/scenario.ts";
import { arrivals, dealClients, drawKeys, type Arrival } from "../../src/traffic/arrivals.ts";
import { play, ticks } from "../../src/traffic/schedule.ts";
import { manualClock, properties, spec } from "./support.ts";

function draw(count: number, changes: Partial<TrafficSpec> = {}, seed: number | string = 42, from = 0): Arrival[] {
  const drawn: Arrival[] = [];
  for (const arrival of arrivals(spec(changes), properties, seeded(seed), from)) {
    if (drawn.push(arrival) === count) break;
  }
  return drawn;
}

const share = (drawn: readonly Arrival[], what: (arrival: Arrival) => boolean) =>
  drawn.filter(what).length / drawn.length;

describe("what is drawn", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(draw(300, { repeats: 0.2 })).toEqual(draw(300, { repeats: 0.2 }));
    expect(draw(300)).not.toEqual(draw(300, {}, 43));
  });

  it("keeps its gaps and keys when only the shares change", () => {
    const face = ({ due, key, client, region }: Arrival) => ({ due, key, client, region });
    expect(draw(300, { reads: 0.9, repeats: 0.5 }).map(face)).toEqual(draw(300, { reads: 0.1 }).map(face));
  });

  it("starts when the traffic starts: the same gaps, later", () => {
    const later = draw(50, {}, 42, 5_000).map((arrival) => arrival.due - 5_000);
    for (const [place, arrival] of draw(50).entries()) expect(later[place]).toBeCloseTo(arrival.due, 6);
  });

  it("comes at the rate that was asked, with gaps like those of strangers", () => {
    const drawn = draw(20_000, { ratePerSecond: 200 });
    expect(20_000 / (drawn.at(-1)!.due / 1_000)).toBeCloseTo(200, -1);
    const gaps = drawn.slice(1).map((arrival, place) => arrival.due - drawn[place]!.due);
    // Exponential: a share of 1/e of the gaps is longer than the mean of 5 ms.
    expect(gaps.filter((gap) => gap > 5).length / gaps.length).toBeCloseTo(Math.exp(-1), 1);
  });

  it("has the shares that were asked, half of the repeats at once and half afterwards", () => {
    const drawn = draw(20_000, { reads: 0.3, repeats: 0.2 });
    expect(share(drawn, ({ kind }) => kind === "read")).toBeCloseTo(0.3, 1);
    expect(share(drawn, ({ repeat }) => repeat === "concurrent")).toBeCloseTo(0.1, 1);
    expect(share(drawn, ({ repeat }) => repeat === "afterwards")).toBeCloseTo(0.1, 1);
    expect(share(draw(1_000), ({ repeat }) => repeat === "none")).toBe(1);
  });
});

describe("roaming", () => {
  const roam = { share: 0.2, regions: ["us", "eu", "ap"] };

  it("sends that share of each client's operations to another region, and says where home is", () => {
    const drawn = draw(20_000, { roam });
    const away = drawn.filter(({ home }) => home !== undefined);
    expect(away.length / drawn.length).toBeCloseTo(0.2, 1);
    expect(new Set(away.map(({ home, region }) => `${home} -> ${region}`))).toEqual(
      new Set(["us -> eu", "us -> ap", "eu -> us", "eu -> ap"]),
    );
    for (const { client, region, home = region } of drawn) expect(home).toBe(client % 2 === 0 ? "us" : "eu");
  });

  it("changes nothing but the region, and nobody roams where there is no other", () => {
    const face = ({ due, key, client, kind }: Arrival) => ({ due, key, client, kind });
    expect(draw(300, { roam }).map(face)).toEqual(draw(300).map(face));
    const alone = draw(300, { regions: ["us"], roam: { share: 1, regions: ["us"] } });
    expect(share(alone, ({ home }) => home === undefined)).toBe(1);
  });
});

describe("dealing", () => {
  it("gives every region its share of clients and operations, and every client its turn", () => {
    const drawn = draw(800, { clients: 8 });
    expect(share(drawn, ({ region }) => region === "us")).toBe(0.5);
    for (let client = 0; client < 8; client++) {
      const own = drawn.filter((arrival) => arrival.client === client);
      expect(own).toHaveLength(100);
      expect(new Set(own.map(({ region }) => region))).toEqual(new Set([client % 2 === 0 ? "us" : "eu"]));
    }
  });

  it("gives regions equal operations also when they have unequal clients", () => {
    const drawn = draw(600, { clients: 3 });
    expect(share(drawn, ({ region }) => region === "eu")).toBe(0.5);
    expect(share(drawn, ({ client }) => client === 1)).toBe(0.5);
  });

  it("leaves out a region without a client, and refuses traffic without any", () => {
    expect(dealClients(spec({ clients: 1 }))).toEqual([{ region: "us", clients: [0] }]);
    expect(() => dealClients(spec({ clients: 0 }))).toThrow(/at least one/);
  });
});

describe("keys", () => {
  it("are as many different ones of the range as asked, the same for all regions, others for another seed", () => {
    const keys = drawKeys(spec({ keys: 20 }), properties, seeded(1));
    expect(new Set(keys).size).toBe(20);
    expect(keys.every((key) => Number(key) >= 1 && Number(key) <= 1200)).toBe(true);
    expect(keys).not.toEqual(drawKeys(spec({ keys: 20 }), properties, seeded(2)));
    const used = (region: string) =>
      new Set(draw(2_000, { keys: 20 }, 1).flatMap((arrival) => (arrival.region === region ? [arrival.key] : [])));
    expect(used("us")).toEqual(new Set(keys));
    expect(used("eu")).toEqual(new Set(keys));
  });

  it("are all of the range when more are asked, each once", () => {
    const workload = { ...properties, keys: { from: 3, to: 9 } };
    const keys = drawKeys(spec({ keys: 50 }), workload, seeded(1));
    expect(keys.toSorted()).toEqual(["3", "4", "5", "6", "7", "8", "9"]);
  });
});

describe("playing a schedule", () => {
  it("begins nothing early, begins all that a stall made late at once, and does not drift after it", async () => {
    const clock = manualClock();
    const ending = new AbortController();
    const begun: { due: number; at: number }[] = [];
    const playing = play(ticks(0, 100), clock, ending.signal, ({ due }) => begun.push({ due, at: clock.now() }));
    await clock.advance(0);
    await clock.advance(99);
    expect(begun).toEqual([{ due: 0, at: 0 }]);
    await clock.advance(351); // the process was stalled: 450
    expect(begun.slice(1)).toEqual([100, 200, 300, 400].map((due) => ({ due, at: 450 })));
    await clock.advance(50);
    expect(begun.at(-1)).toEqual({ due: 500, at: 500 });
    ending.abort();
    await playing;
    await clock.advance(1_000);
    expect(begun).toHaveLength(6);
  });

  it("lets the rest of the program run while it is hopelessly late", async () => {
    const clock = { now: () => 1e9, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) };
    const ending = new AbortController();
    let begun = 0;
    const playing = play(ticks(0, 1), clock, ending.signal, () => begun++);
    setImmediate(() => ending.abort());
    await playing;
    expect(begun).toBeGreaterThan(0);
  });
});
