// The rules of failover, one body against both gateways: ours, and NGINX with the configuration that we render.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startWan } from "../backend/wan.ts";
import { ask, configFor, fillBacklog, nginxRuns, startBackend, startGateway, until } from "./world.ts";
import type { Backend, Kind, Reply } from "./world.ts";

let us: Backend;
let eu: Backend;
let ap: Backend;

beforeAll(async () => {
  [us, eu, ap] = await Promise.all([startBackend("us"), startBackend("eu"), startBackend("ap")]);
});
afterEach(() => Promise.all([us, eu, ap].map((backend) => backend.restore())));
afterAll(() => Promise.all([us, eu, ap].map((backend) => backend.kill())));

const ours = (reply: Reply, status: number, detail: RegExp) => {
  expect(reply.status).toBe(status);
  expect(reply.servedBy).toBeUndefined();
  expect(reply.headers["content-type"]).toBe("application/json");
  expect(reply.body["detail"]).toMatch(detail);
};
const sentBytes = (reply: Reply) =>
  String(reply.headers["x-upstream-sent"])
    .split(/ : |, /)
    .map(Number);
const PRICE = JSON.stringify({ price: 500_000, version: 1, note: "x".repeat(2_000) });

const kinds: readonly { kind: Kind; runs: boolean; title: string }[] = [
  { kind: "embedded", runs: true, title: "the embedded gateway" },
  { kind: "nginx", runs: nginxRuns(), title: nginxRuns() ? "NGINX" : "NGINX (not run: not installed, or not root)" },
];

describe.each(kinds)("$title", ({ kind, runs }) => {
  const story = it.runIf(runs);
  const two = () => startGateway(kind, configFor([us, eu]));
  const three = () => startGateway(kind, configFor([us, eu, ap]));

  story("sends each prefix to its region, and says that others are unknown", async () => {
    await using gateway = await two();
    const reply = await ask(gateway, "GET /eu/properties?limit=2", { headers: { "X-Client": "7" } });
    expect(reply).toMatchObject({ status: 200, servedBy: "backend-eu", body: { path: "/eu/properties?limit=2" } });
    expect(reply.headers).toMatchObject({ etag: '"us:1"', "x-upstream-addr": eu.address });
    expect((await eu.seen())[0]!.headers).toMatchObject({ "x-client": "7", "x-forwarded-for": "127.0.0.1" });
    ours(await ask(gateway, "GET /usa/health"), 404, /begin with \/us or \/eu/);
  });

  story("a killed backend: the first write goes elsewhere, once and whole; so do reads, until it is back", async () => {
    await using gateway = await two();
    await us.kill();
    const write = await ask(gateway, "PUT /us/properties/7", { body: PRICE });
    expect(write).toMatchObject({ status: 200, servedBy: "backend-eu" });
    expect(await eu.writes()).toMatchObject([{ path: "/us/properties/7", body: PRICE }]);
    for (let read = 0; read < 20; read++)
      expect(await ask(gateway, "GET /us/health")).toMatchObject({ status: 200, servedBy: "backend-eu" });
    await us.restore();
    await until(async () => (await ask(gateway, "GET /us/health")).servedBy === "backend-us");
  });

  story(
    "sent and not answered within a second: a write is 502 and never repeated, a read is asked elsewhere",
    async () => {
      await using gateway = await two();
      const hang = { headers: { "X-Do": "hang@backend-us" } };
      const [write, read] = await Promise.all([
        ask(gateway, "PUT /us/properties/7", { ...hang, body: PRICE }),
        ask(gateway, "GET /us/properties/7", hang),
      ]);
      ours(write, 502, /may or may not have had its effect/);
      expect(sentBytes(write)).toEqual([expect.toSatisfy((bytes: number) => bytes > PRICE.length)]);
      expect([await us.writes(), await eu.writes()].map(({ length }) => length)).toEqual([1, 0]);
      expect(read).toMatchObject({ status: 200, servedBy: "backend-eu" });
      expect(read.headers["x-upstream-addr"]).toBe(`${us.address}, ${eu.address}`);
    },
  );

  story("a connection reset: a write is 502 and never repeated, a read is asked elsewhere", async () => {
    const reset = { headers: { "X-Do": "reset@backend-us" } };
    await using gateway = await two();
    ours(await ask(gateway, "PUT /us/properties/7", { ...reset, body: PRICE }), 502, /may or may not/);
    expect([await us.writes(), await eu.writes()].map(({ length }) => length)).toEqual([1, 0]);
    // Another gateway, since the first now keeps us out of rotation.
    await using another = await two();
    expect(await ask(another, "GET /us/health", reset)).toMatchObject({ status: 200, servedBy: "backend-eu" });
    expect((await us.seen()).filter(({ method }) => method === "GET")).not.toEqual([]);
  });

  story("503 sends a read on and not a write", async () => {
    await using gateway = await two();
    const unready = { headers: { "X-Do": "unready@backend-us" } };
    expect(await ask(gateway, "PUT /us/properties/7", unready)).toMatchObject({ status: 503, servedBy: "backend-us" });
    expect(await ask(gateway, "GET /us/health", unready)).toMatchObject({ status: 200, servedBy: "backend-eu" });
    expect(await eu.writes()).toEqual([]);
    // When every region says so, its own words come through.
    const everywhere = { headers: { "X-Do": "unready" } };
    expect(await ask(gateway, "GET /eu/health", everywhere)).toMatchObject({
      status: 503,
      servedBy: expect.stringMatching(/^backend-/),
    });
  });

  story("diagnostics are answered by their own region or by nobody", async () => {
    await using gateway = await two();
    for (const what of ["replication-lag", "conflicts?after=0", "metrics"])
      expect(await ask(gateway, `GET /us/${what}`)).toMatchObject({ status: 200, servedBy: "backend-us" });
    await us.kill();
    for (const what of ["replication-lag", "conflicts?after=0", "metrics", "x/..//%6detrics"])
      ours(await ask(gateway, `GET /us/${what}`), 503, /no other region may answer/);
    expect(await eu.seen()).toEqual([]);
    expect(await ask(gateway, "GET /us/health")).toMatchObject({ status: 200, servedBy: "backend-eu" });
  });

  story("no region answers: 503, and nothing was sent", async () => {
    await using gateway = await two();
    await Promise.all([us.kill(), eu.kill()]);
    for (const what of ["PUT /us/properties/7", "GET /eu/properties/7", "PUT /eu/properties/7"]) {
      const reply = await ask(gateway, what, what.startsWith("PUT") ? { body: PRICE } : {});
      ours(reply, 503, /No region answered/);
      expect(reply.headers["x-upstream-sent"]).toMatch(/^[-0 ,:]*$/);
    }
  });

  story("a region that is out of rotation is asked last, but before nobody answers", async () => {
    await using gateway = await two();
    const byEu = { status: 200, servedBy: "backend-eu" };
    await Promise.all([us.kill(), eu.kill()]);
    ours(await ask(gateway, "GET /us/health"), 503, /No region answered/);
    // Both are out now, and one of them is back before its time.
    await eu.restore();
    expect(await ask(gateway, "GET /us/health")).toMatchObject(byEu);
    await Promise.all([us.restore(), eu.kill()]);
    await until(async () => (await ask(gateway, "GET /us/health")).servedBy === "backend-us");
    // Only the other one is out now, and home fails.
    const reset = { headers: { "X-Do": "reset@backend-us" } };
    ours(await ask(gateway, "GET /us/health", reset), 503, /No region answered/);
    await until(async () => (await ask(gateway, "GET /us/health")).servedBy === "backend-us");
    await eu.restore();
    expect(await ask(gateway, "GET /us/health", reset)).toMatchObject(byEu);
    await until(async () => (await ask(gateway, "GET /us/health")).servedBy === "backend-us");
    // A write as well, which nobody was sent before.
    await Promise.all([us.kill(), eu.kill()]);
    ours(await ask(gateway, "PUT /us/properties/7", { body: PRICE }), 503, /No region answered/);
    await us.restore();
    expect(await ask(gateway, "PUT /us/properties/7", { body: PRICE })).toMatchObject({ servedBy: "backend-us" });
    expect((await us.writes()).length).toBe(1);
  });

  story("three regions: a write passes two dead ones; and what the second took never reaches the third", async () => {
    await using gateway = await three();
    await us.kill();
    const taken = await ask(gateway, "PUT /us/properties/7", { headers: { "X-Do": "hang@backend-eu" }, body: PRICE });
    ours(taken, 502, /may or may not/);
    expect(sentBytes(taken)).toEqual([0, expect.toSatisfy((bytes: number) => bytes > PRICE.length)]);
    expect([await eu.writes(), await ap.writes()].map(({ length }) => length)).toEqual([1, 0]);
    await eu.kill();
    // Another gateway, since the first now keeps both out of rotation.
    await using another = await three();
    const passed = await ask(another, "PUT /us/properties/8", { body: PRICE });
    expect(passed).toMatchObject({ status: 200, servedBy: "backend-ap" });
    expect(await ap.writes()).toMatchObject([{ path: "/us/properties/8", body: PRICE }]);
  });

  story("a paused backend: a write is 502, a read comes from the other region", async () => {
    await using gateway = await two();
    us.pause();
    const [write, read] = await Promise.all([
      ask(gateway, "PUT /us/properties/7", { body: PRICE }),
      ask(gateway, "GET /us/properties/7"),
    ]);
    ours(write, 502, /may or may not/);
    expect(sentBytes(write)[0]).toBeGreaterThan(PRICE.length);
    expect(read).toMatchObject({ status: 200, servedBy: "backend-eu" });
    expect(await eu.writes()).toEqual([]);
  });

  story(
    "a backend that takes no connection: a write goes elsewhere after the connect time-out, nothing sent",
    async () => {
      const full = await startBackend("us", { backlog: 1 });
      full.pause();
      const crowd = await fillBacklog(full.address);
      await using gateway = await startGateway(kind, configFor([full, eu]));
      const write = await ask(gateway, "PUT /us/properties/7", { body: PRICE });
      expect(write).toMatchObject({ status: 200, servedBy: "backend-eu" });
      expect((await eu.writes()).length).toBe(1);
      for (const socket of crowd) socket.destroy();
      await full.kill();
      expect(await full.seen()).toEqual([]);
    },
  );

  story(
    "a region behind a network that is cut: out of rotation after the first silence, and back by itself",
    async () => {
      await using wan = await startWan(Number(us.address.split(":")[1]));
      await using gateway = await startGateway(kind, configFor([{ ...us, address: wan.address }, eu]));
      expect(await ask(gateway, "GET /us/health")).toMatchObject({ status: 200, servedBy: "backend-us" });
      wan.cut();
      // Connections open as ever, so a write has left, and nobody knows what became of it.
      const [write, read] = await Promise.all([
        ask(gateway, "PUT /us/properties/7", { body: PRICE }),
        ask(gateway, "GET /us/properties/7"),
      ]);
      ours(write, 502, /may or may not/);
      expect(sentBytes(write)[0]).toBeGreaterThan(PRICE.length);
      expect(read).toMatchObject({ status: 200, servedBy: "backend-eu" });
      for (let n = 0; n < 20; n++)
        expect(await ask(gateway, "GET /us/health")).toMatchObject({ status: 200, servedBy: "backend-eu" });
      ours(await ask(gateway, "GET /us/metrics"), 503, /no other region may answer/);
      const before = wan.opened();
      for (let n = 0; n < 50; n++) await ask(gateway, "GET /us/properties/7");
      // Hardly anybody is sent there to see: one a second.
      expect(wan.opened() - before).toBeLessThan(10);
      wan.mend();
      await until(async () => (await ask(gateway, "GET /us/health")).servedBy === "backend-us");
      expect(await eu.writes()).toEqual([]);
      // What was under way has arrived by now, once.
      await until(async () => (await us.seen()).some(({ method }) => method === "PUT"));
      expect((await us.seen()).filter(({ method, left }) => method === "PUT" && !left)).toHaveLength(1);
    },
  );

  story("a body of 64 KiB passes; one byte more is 413, and no backend sees it", async () => {
    await using gateway = await two();
    expect((await ask(gateway, "PUT /us/properties/7", { body: "x".repeat(65_536) })).status).toBe(200);
    ours(await ask(gateway, "PUT /us/properties/7", { body: "x".repeat(65_537) }), 413, /larger than 65536 bytes/);
    const chunked = { headers: { "Transfer-Encoding": "chunked" }, body: "x".repeat(65_537) };
    ours(await ask(gateway, "PUT /us/properties/7", chunked), 413, /larger than 65536 bytes/);
    expect((await us.writes()).length).toBe(1);
  });

  story("a backend cannot forge what the gateway says", async () => {
    await using gateway = await two();
    const { headers } = await ask(gateway, "GET /us/health", { headers: { "X-Do": "forge" } });
    expect(headers).toMatchObject({ "x-kept": "yes", "x-served-by": "backend-us", "x-upstream-addr": us.address });
    if (kind === "embedded") expect(Number(headers["x-upstream-sent"])).toBeGreaterThan(0);
  });

  story("logs one line per request, with upstream_response_time", async () => {
    await using gateway = await two();
    await us.kill();
    await ask(gateway, "GET /us/health");
    // NGINX's error log tells of the same request.
    const line = () => gateway.log().find((each) => each.includes("GET /us/health") && each.includes("request_time"));
    await until(() => line() !== undefined);
    expect(line()).toMatch(
      new RegExp(
        String.raw`^\d{4}-\d\d-\d\dT\S+ 127\.0\.0\.1 "GET /us/health HTTP/1\.1" 200 \d+ request_time=\d+\.\d{3} ` +
          `upstream_addr="${us.address}, ${eu.address}" upstream_status="(-|502), 200" ` +
          String.raw`upstream_response_time="\d+\.\d{3}, \d+\.\d{3}"$`,
      ),
    );
  });
});
