// What only the embedded gateway's own code can get wrong: limits, aborts, bad clients, its configuration and its end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PROGRAM, ask, configFor, raw, startBackend, startGateway, until } from "./world.ts";
import type { Backend, Reply } from "./world.ts";

let us: Backend;
let eu: Backend;
/** Clients that never finish what they began. They take seconds to be given up, so they wait beside the other stories. */
let slowAnswers: Promise<readonly string[]>;

beforeAll(async () => {
  [us, eu] = await Promise.all([startBackend("us"), startBackend("eu")]);
  const gateway = await start();
  slowAnswers = Promise.all([
    raw(gateway, "GET /us/health HTTP/1.1\r\nHost: x\r\n"),
    raw(gateway, "PUT /us/properties/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"),
  ]).finally(() => gateway[Symbol.asyncDispose]());
});
afterEach(() => Promise.all([us.restore(), eu.restore()]));
afterAll(() => Promise.all([us.kill(), eu.kill()]));

const start = () => startGateway("embedded", configFor([us, eu]));
const sentBytes = (reply: Reply) => String(reply.headers["x-upstream-sent"]).split(", ").map(Number);

describe("a backend killed under load", () => {
  it("fails no read, repeats no write, and tells the writes that never left from the others", async () => {
    await using gateway = await start();
    const reads: Reply[] = [];
    const writes: { id: string; reply: Reply }[] = [];
    const client = async (name: number) => {
      for (let turn = 0; turn < 10; turn++) {
        reads.push(await ask(gateway, `GET /us/properties/${name}`, { headers: { "X-Do": "slow@backend-us" } }));
        const id = `${name}-${turn}`;
        const reply = await ask(gateway, `PUT /us/properties/${name}`, { headers: { "X-Request-ID": id }, body: "{}" });
        writes.push({ id, reply });
        if (name === 0 && turn === 1) await us.kill();
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, name) => client(name)));

    expect(reads.length).toBe(200);
    expect(reads.filter(({ status }) => status !== 200)).toEqual([]);
    expect(new Set(reads.map(({ servedBy }) => servedBy))).toEqual(new Set(["backend-us", "backend-eu"]));
    const arrived = [...(await us.writes()), ...(await eu.writes())].map(({ headers }) => headers["x-request-id"]);
    for (const { id, reply } of writes) {
      const times = arrived.filter((each) => each === id).length;
      expect([200, 502]).toContain(reply.status);
      // What a client is told, and what the backends saw.
      if (reply.status === 200) expect(times).toBe(1);
      else
        expect({ times, sent: Math.max(...sentBytes(reply)) > 0 }).toEqual({
          times: expect.toSatisfy((n) => n < 2),
          sent: true,
        });
    }
  });

  it("says exactly how many bytes of the request each attempt was sent", async () => {
    await using gateway = await start();
    const short = await ask(gateway, "PUT /us/properties/7", { body: "x" });
    const long = await ask(gateway, "PUT /us/properties/7", { body: "x".repeat(10_000) });
    // One length has four digits more than the other.
    expect(sentBytes(long)[0]! - sentBytes(short)[0]!).toBe(9_999 + 4);
    await us.kill();
    const elsewhere = await ask(gateway, "PUT /us/properties/7", { body: "x" });
    expect(sentBytes(elsewhere)).toEqual([0, sentBytes(short)[0]]);
    expect(elsewhere.headers["x-upstream-addr"]).toBe(`${us.address}, ${eu.address}`);
  });
});

describe("answers on their way", () => {
  it("streams large ones, and passes HEAD on", async () => {
    await using gateway = await start();
    const large = await ask(gateway, "GET /us/properties", { headers: { "X-Do": "large" } });
    expect(String(large.body["text"]).length).toBe(3_000_000);
    const head = await ask(gateway, "HEAD /us/properties/7");
    expect(head).toMatchObject({ status: 200, servedBy: "backend-us", body: { text: "" } });
  });

  it("half an answer never looks whole: broken off or silent, the client's connection breaks too", async () => {
    await using gateway = await start();
    for (const behaviour of ["half", "stall"])
      await expect(ask(gateway, "GET /us/properties", { headers: { "X-Do": behaviour } })).rejects.toThrow(
        /aborted|hang up/,
      );
    expect((await ask(gateway, "GET /us/properties")).status).toBe(200);
  });

  it("a client that leaves ends its request at the backend too", async () => {
    await using gateway = await start();
    const headers = { "X-Do": "hang" };
    const leaving = httpRequest({ host: "127.0.0.1", port: gateway.port, path: "/us/health", headers, agent: false });
    leaving.on("error", () => {}).end();
    await until(async () => (await us.seen()).length === 1);
    leaving.destroy();
    await until(async () => (await us.seen()).some(({ left }) => left));
    expect(await eu.seen()).toEqual([]);
    await until(() => gateway.log().some((line) => line.includes('"GET /us/health HTTP/1.1" 499 0')));
    // It was the client who failed: us stays in rotation.
    expect(await ask(gateway, "GET /us/health")).toMatchObject({ servedBy: "backend-us" });
  });
});

describe("headers", () => {
  it("passes the client's on, but not those of one connection", async () => {
    await using gateway = await start();
    const headers = {
      "If-Match": '"us:1,eu:0"',
      "X-Forwarded-For": "192.0.2.1",
      Connection: "close, X-Mine-Alone",
      "X-Mine-Alone": "secret",
      TE: "trailers",
      Expect: "100-continue",
    };
    await ask(gateway, "PUT /us/properties/7", { headers, body: "{}" });
    const { headers: seen } = (await us.seen())[0]!;
    expect(seen).toMatchObject({
      "if-match": '"us:1,eu:0"',
      "x-forwarded-for": "192.0.2.1, 127.0.0.1",
      "content-length": "2",
    });
    expect(Object.keys(seen).filter((name) => ["x-mine-alone", "te", "expect"].includes(name))).toEqual([]);
  });

  it("a client cannot forge what the gateway says of its own answers", async () => {
    await using gateway = await start();
    const forged = { "X-Served-By": "backend-us", "X-Upstream-Sent": "0", "X-Upstream-Addr": "nowhere" };
    const unknown = await ask(gateway, "GET /nowhere", { headers: forged });
    expect([unknown.status, unknown.servedBy, unknown.headers["x-upstream-sent"]]).toEqual([404, undefined, undefined]);
    await us.kill();
    const silent = await ask(gateway, "GET /us/metrics", { headers: forged });
    expect(silent).toMatchObject({ status: 503, servedBy: undefined, headers: { "x-upstream-addr": us.address } });
  });
});

describe("bad clients", () => {
  it("garbage after good requests: the good ones are answered first and in order, then 400 and the end", async () => {
    await using gateway = await start();
    const good =
      "GET /us/properties/1 HTTP/1.1\r\nHost: x\r\nX-Do: slow\r\n\r\nGET /eu/properties/2 HTTP/1.1\r\nHost: x\r\n\r\n";
    const answers = (await raw(gateway, `${good}\u0001garbage\r\n\r\n`)).split(/(?=HTTP\/1\.1 )/);
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(["200", "200", "400"]);
    expect(answers[0]).toContain("/us/properties/1");
    expect(answers[1]).toContain("/eu/properties/2");
    expect(answers[2]).toMatch(/\{"detail":"This is not an HTTP request/);
  });

  it("a request that could be read in two ways reaches nobody", async () => {
    await using gateway = await start();
    const smuggled =
      "PUT /us/properties/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    expect(await raw(gateway, smuggled)).toMatch(/^HTTP\/1\.1 400 /);
    const brokenChunk = "PUT /us/properties/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    expect(await raw(gateway, brokenChunk)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await us.seen()).toEqual([]);
  });

  it("headers that are too large are 431, and no backend hears of it", async () => {
    await using gateway = await start();
    const large = `GET /us/health HTTP/1.1\r\nHost: x\r\nX-Large: ${"x".repeat(20_000)}\r\n\r\n`;
    expect(await raw(gateway, large)).toMatch(/^HTTP\/1\.1 431 .*larger than 16 KiB/s);
    expect(await us.seen()).toEqual([]);
  });

  it("cannot write into the log what did not happen", async () => {
    await using gateway = await start();
    await raw(gateway, 'GET /us/"200 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await until(() => gateway.log().length > 1);
    expect(gateway.log()[1]).toContain(String.raw`"GET /us/\x22200 HTTP/1.1" 200 `);
  });
});

describe("the program", () => {
  const spawned = async (environment: Record<string, string>) => {
    const child = spawn(process.execPath, [PROGRAM], { env: { HOST: "127.0.0.1", PORT: "0", ...environment } });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => void (said += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, said };
  };
  const good = { routes: { "/us": "us" }, upstreams: { us: [{ node: "a", address: "127.0.0.1:1" }] }, order: ["us"] };

  it.each([
    ["missing", undefined, /GATEWAY_CONFIG is missing: expected \{"routes"/],
    ["no JSON", "{", /GATEWAY_CONFIG is not JSON/],
    [
      "an unknown region",
      JSON.stringify({ ...good, routes: { "/us": "eu" } }),
      /route \/us names "eu", which has no upstreams; those with some: us/,
    ],
    [
      "an address without a port",
      JSON.stringify({ ...good, upstreams: { us: [{ node: "a", address: "localhost" }] } }),
      /upstreams\.us\[0\]\.address must be host:port, not "localhost"/,
    ],
  ])("refuses a configuration that is %s, in one line", async (_, config, line) => {
    const { code, said } = await spawned(config === undefined ? {} : { GATEWAY_CONFIG: config });
    expect(code).toBe(1);
    expect(said).toMatch(line);
    expect(said.split("\n").length).toBe(2);
  });

  it("names a port that is taken", async () => {
    await using taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const PORT = String((taken.address() as AddressInfo).port);
    const { code, said } = await spawned({ PORT, GATEWAY_CONFIG: JSON.stringify(good) });
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining(`port ${PORT} on 127.0.0.1 is taken`) });
    expect((await spawned({ PORT: "http", GATEWAY_CONFIG: JSON.stringify(good) })).said).toContain(
      "PORT must be a number",
    );
  });

  it("ends cleanly: what is under way is answered and logged, then exit 0", async () => {
    await using gateway = await start();
    const underWay = ask(gateway, "GET /us/health", { headers: { "X-Do": "slow" } });
    await until(async () => (await us.seen()).length === 1);
    const { code } = await gateway.stop();
    expect(await underWay).toMatchObject({ status: 200 });
    expect(code).toBe(0);
    expect(gateway.log().at(-1)).toContain('"GET /us/health HTTP/1.1" 200');
  });
});

// The last story, since it waits for what began with the first.
it("a client that sends its headers or its body too slowly is 408, and no backend hears of it", async () => {
  for (const answer of await slowAnswers) {
    expect(answer).toMatch(/^HTTP\/1\.1 408 .*took too long/s);
    expect(answer).not.toContain("X-Upstream");
  }
});
