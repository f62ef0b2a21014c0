// Pause, hold and region outages on a real stack, by hand: what the commands say is what clients see.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sandbox } from "../support/cli.ts";

interface Standing {
  nodes: readonly { node: string; state: string; answers: boolean }[];
  faults: readonly { id: string }[];
}

const box = sandbox();
let gateway = "";
beforeAll(async () => {
  gateway = (await box.facts<{ gateway: string }>("up")).gateway;
});
afterAll(() => box[Symbol.asyncDispose]());

const standing = async () => (await box.facts<readonly [Standing]>("status"))[0];
const troubled = async () =>
  Object.fromEntries(
    (await standing()).nodes.filter(({ state }) => state !== "up").map(({ node, state }) => [node, state]),
  );
const ask = async (path: string, init?: RequestInit) => {
  const reply = await fetch(gateway + path, { ...init, headers: { "content-type": "application/json" } });
  return { status: reply.status, servedBy: reply.headers.get("x-served-by"), body: (await reply.json()) as object };
};

describe("by hand", () => {
  it("pauses a node until it is resumed, and no longer than it was said", async () => {
    const paused = await box.run("pause", "db-us");
    expect(paused.stdout).toContain('db-us: paused until "regionctl resume db-us" or "regionctl heal"');
    expect(await troubled()).toEqual({ "db-us": "paused" });
    expect((await ask("/us/properties/1")).servedBy).toBe("backend-eu");
    await box.passes("resume", "db-us");
    const short = await box.run("pause", "kafka", "--for", "300ms");
    expect(short.stdout).toContain("kafka: up again");
    expect([await troubled(), (await standing()).faults]).toEqual([{}, []]);
  });

  it("keeps an answer back whose write is there, also for the other region, and gives it in the end", async () => {
    expect((await box.run("hold", "db-us")).code).toBe(64);
    expect((await box.run("hold", "backend-us")).stdout).toContain("answers to writes are kept back until");
    const put = { method: "PUT", body: JSON.stringify({ price: 77.5, version: 1 }) };
    expect(await ask("/us/properties/900", put)).toMatchObject({ status: 502, servedBy: null });
    await expect
      .poll(async () => (await ask("/eu/properties/900")).body, { timeout: 30_000 })
      .toMatchObject({ price: 77.5 });
    expect(await box.facts("heal")).toMatchObject({ ended: ["hold backend-us"] });
    expect((await ask("/us/properties/901", put)).status).toBe(200);
  });

  it("takes a region down, which is not a node, and brings all of it back", async () => {
    const wrong = await box.run("region-outage", "backend-us");
    expect(wrong).toMatchObject({ code: 64, stdout: "" });
    expect(wrong.stderr).toContain('has no region "backend-us"');
    const outage = box.start("region-outage", "us", "--for", "5m");
    await outage.said("measured: ");
    expect(await troubled()).toEqual({ "backend-us": "down", "db-us": "down", kafka: "down" });
    expect((await ask("/us/health")).servedBy).toBe("backend-eu");
    expect((await box.run("heal")).stdout).toContain("healed: region-outage");
    const healed = await outage.done;
    expect(healed.code, healed.stdout + healed.stderr).toBe(0);
    expect(await troubled()).toEqual({});
    const short = await box.run("region-outage", "us", "--for", "2s");
    expect(short.code, short.stdout + short.stderr).toBe(0);
    expect(await troubled()).toEqual({});
    await expect.poll(async () => (await ask("/us/health")).servedBy, { timeout: 30_000 }).toBe("backend-us");
  });
});
