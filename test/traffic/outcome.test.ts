// The one table on which every checker depends: each row, and beside it the case that must not fall into it.
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { inDoubt, isAnswered, judge, type Answer } from "../../src/traffic/outcome.ts";
import { openWire } from "../../src/traffic/wire.ts";
import { properties, reply } from "./support.ts";

const served = { "x-served-by": "backend-us" };
const stored = { detail: "Duplicate request", original_response: { price: 5, version: 2 } };
const failure = (code: string) => ({ failure: Object.assign(new Error(`it broke: ${code}`), { code }) });
const came = (...args: Parameters<typeof reply>): Answer => ({ reply: reply(...args) });

type Line = [what: string, kind: "read" | "write", answer: Answer, type: "ok" | "fail" | "unknown", error: RegExp];

const TABLE: readonly Line[] = [
  ["a write that was done", "write", came(200, { price: 5, version: 2 }, served), "ok", /^$/],
  ["a write answered without content", "write", came(204, "", served), "ok", /^$/],
  ["an id that was applied before", "write", came(422, stored, served), "ok", /^$/],
  ["an id that belongs to another request", "write", came(422, { detail: "other" }, served), "fail", /other.*another/],
  ["a stored answer that is null", "write", came(422, { original_response: null }, served), "fail", /another/],
  ["a refused write", "write", came(409, { detail: "Version conflict" }, served), "fail", /^409: Version conflict$/],
  ["a malformed write", "write", came(400, { detail: "no version" }, served), "fail", /^400: no version$/],
  ["a write to nothing", "write", came(404, {}, served), "fail", /^404$/],
  ["a write refused for being busy", "write", came(429, {}, served), "unknown", /^429$/],
  ["a redirect", "write", came(302), "unknown", /^302$/],
  ["a backend that broke", "write", came(500, { detail: "oops" }, served), "unknown", /^500: oops$/],
  ["a 503 of a backend", "write", came(503, {}, { ...served, "x-upstream-sent": "0" }), "unknown", /^503$/],
  ["a gateway that sent nothing", "write", came(502, {}, { "x-upstream-sent": "0" }), "fail", /nothing sent/],
  ["nothing sent, twice", "write", came(503, {}, { "x-upstream-sent": "0, -" }), "fail", /nothing sent/],
  ["a gateway that sent to the second", "write", came(504, {}, { "x-upstream-sent": "0, 312" }), "unknown", /may have/],
  ["a gateway that does not say", "write", came(502), "unknown", /may have/],
  ["a 500 of the gateway", "write", came(500, {}, { "x-upstream-sent": "0" }), "unknown", /^500$/],
  ["a refused connection", "write", failure("ECONNREFUSED"), "fail", /connection refused/],
  ["a refused connection inside a fetch", "write", wrapped("ECONNREFUSED"), "fail", /connection refused/],
  ["a reset", "write", failure("ECONNRESET"), "unknown", /reset/],
  ["a connection that closed", "write", failure("UND_ERR_SOCKET"), "unknown", /closed before the answer/],
  ["no answer in time", "write", { failure: new Error("no answer within 2 s") }, "unknown", /no answer within 2 s/],
  ["something that is no error", "write", { failure: "gone" }, "unknown", /gone/],
  ["a read", "read", came(200, { price: 5, version: 2 }, served), "ok", /^$/],
  ["a read without the value", "read", came(200, { version: 2 }, served), "unknown", /200 without body.price/],
  ["a read of nothing", "read", came(404, { detail: "not found" }, served), "fail", /^404: not found$/],
  ["a read with a write's refusal", "read", came(409, {}, served), "unknown", /^409$/],
  ["a read that broke", "read", came(503, "no region answers"), "unknown", /no region answers/],
];

function wrapped(code: string): Answer {
  return { failure: new TypeError("fetch failed", { cause: failure(code).failure }) };
}

describe("what an answer means", () => {
  it.each(TABLE)("%s (%s)", (_, kind, answer, type, error) => {
    const { outcome } = judge(properties, kind, answer);
    expect(outcome.type).toBe(type);
    expect(outcome.type === "ok" ? "" : outcome.error).toMatch(error);
  });

  it("reads value, version and state from an ok, and the same ones from a stored answer", () => {
    const headers = { ...served, etag: '"us:1,eu:0"' };
    const content = { outcome: { type: "ok" }, value: 5, version: 2, state: "us:1,eu:0", servedBy: "backend-us" };
    expect(judge(properties, "write", came(200, { price: 5, version: 2 }, headers))).toEqual({
      ...content,
      status: 200,
    });
    expect(judge(properties, "write", came(422, stored, headers))).toEqual({ ...content, status: 422, stored: true });
  });

  it("keeps no value of what was refused", () => {
    const judged = judge(properties, "write", came(409, { price: 5, version: 2 }, { ...served, etag: '"us:1,eu:0"' }));
    expect(judged).toEqual({ outcome: { type: "fail", error: "409" }, status: 409, servedBy: "backend-us" });
  });

  it("doubts the refusal of a repeat, but neither an ok nor an unknown", () => {
    const refused = judge(properties, "write", came(409, {}, served));
    expect(inDoubt(refused).outcome).toMatchObject({ type: "unknown", error: expect.stringMatching(/may have been/) });
    for (const answer of [came(422, stored, served), came(500, {}, served)]) {
      const judged = judge(properties, "write", answer);
      expect(inDoubt(judged)).toBe(judged);
    }
  });

  it("counts a correct refusal as an answer, and a gateway's own 503 as none", () => {
    expect(isAnswered(judge(properties, "write", came(409, {}, served)))).toBe(true);
    expect(isAnswered(inDoubt(judge(properties, "write", came(409, {}, served))))).toBe(true);
    expect(isAnswered(judge(properties, "write", came(503, {}, { "x-upstream-sent": "0" })))).toBe(false);
    expect(isAnswered(judge(properties, "write", failure("ECONNREFUSED")))).toBe(false);
  });
});

describe("what really happens on a socket", () => {
  const put = { method: "PUT", path: "/us/properties/1", headers: {}, body: { price: 1 } };

  const outcomeOf = async (port: number) => {
    const wire = openWire(`http://127.0.0.1:${port}`, 1);
    try {
      return judge(properties, "write", { reply: await wire.send(put) }).outcome;
    } catch (error) {
      return judge(properties, "write", { failure: error }).outcome;
    } finally {
      await wire.close();
    }
  };

  it("is a fail when nobody listens, and unknown when the listener hangs up after reading", async () => {
    const server = createServer((socket) => socket.once("data", () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await outcomeOf(port)).toMatchObject({ type: "unknown" });
    await new Promise((resolve) => server.close(resolve));
    expect(await outcomeOf(port)).toEqual({ type: "fail", error: "connection refused" });
  });
});
