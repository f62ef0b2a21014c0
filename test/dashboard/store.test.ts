import { describe, expect, it } from "vitest";
import { createStore } from "../../src/dashboard/store.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { begun, events, fault, found, node, region, sample } from "./story.ts";

function watched(fps = 4) {
  const clock = virtualClock();
  const store = createStore({ fps, clock });
  const told: number[] = [];
  const deaf = store.subscribe(() => told.push(clock.now()));
  return { clock, store, told, deaf };
}

const someSample = events([0, sample({ us: region() })]);

describe("the store", () => {
  it("folds at once, and gives the same picture until something comes", () => {
    const { store } = watched();
    store.push(events([5, found()]));
    const picture = store.get();
    expect(picture.nodes).toHaveLength(7);
    expect(store.get()).toBe(picture);
    store.push([]); // something beside the events is to be drawn anew: React draws what is another object
    expect(store.get()).not.toBe(picture);
    expect(store.get()).toEqual(picture);
    store.reset();
    expect(store.get().nodes).toEqual([]);
  });

  it("tells of figures at most four times a second, and of the last ones too", async () => {
    const { clock, store, told } = watched();
    for (let i = 0; i < 95; i++) {
      store.push(someSample);
      await clock.advance(10);
    }
    expect(told).toEqual([0, 250, 500, 750]);
    await clock.advance(1_000);
    expect(told).toEqual([0, 250, 500, 750, 1_000]);
    expect(clock.asleep()).toBe(0); // nothing came: nothing is told
  });

  it("tells of a node, a fault or a step at once, but of many at most every 50 ms", async () => {
    const { clock, store, told } = watched();
    store.push(someSample);
    await clock.advance(100);
    store.push(someSample); // waits for its frame
    await clock.advance(20);
    store.push(events([1, begun(fault("kill", ["backend-us"]))]));
    expect(told).toEqual([0, 120]);
    store.push(events([2, node("backend-us", "down")]));
    await clock.advance(10);
    store.push(events([3, node("backend-us", "up")]));
    expect(told).toEqual([0, 120]);
    await clock.advance(1_000);
    expect(told).toEqual([0, 120, 170]);
  });

  it("shows nothing of the void between a reset and what comes next; a reset alone is told", async () => {
    const { clock, store } = watched();
    const nodes: number[] = [];
    store.subscribe(() => nodes.push(store.get().nodes.length));
    store.push(events([1, found()]));
    await clock.advance(1_000);
    store.reset();
    store.push(events([1, found()]));
    await clock.advance(1_000);
    expect(nodes).toEqual([7, 7]);
    store.reset();
    await clock.advance(50);
    expect(nodes).toEqual([7, 7, 0]);
  });

  it("tells nobody after they left, or after the end; what was planned is dropped", async () => {
    const one = watched();
    one.deaf();
    one.store.push(someSample);
    expect(one.told).toEqual([]);

    const { clock, store, told } = watched();
    store.push(someSample);
    store.push(someSample);
    expect(clock.asleep()).toBe(1);
    store.close();
    store.close();
    await clock.advance(1_000);
    store.push(events([9, found()]));
    expect([told, clock.asleep()]).toEqual([[0], 0]);
    expect(store.get().at).toBe(9);
  });
});
