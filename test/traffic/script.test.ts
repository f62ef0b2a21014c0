// Requests that a scenario writes by hand: operations where they touch a workload, invisible where they do not.
import { describe, expect, it } from "vitest";
import type { Reply } from "../../src/model/cluster.ts";
import { startScript, type ScriptedRequest } from "../../src/traffic/script.ts";
import { historyOn, manualClock, properties, reply } from "./support.ts";

const served = { "x-served-by": "backend-us" };
const row = (price: number, version: number) =>
  reply(200, { price, version }, { ...served, etag: `"us:${version - 1},eu:0"` });
const path = "/us/properties/7";
const put = (price: number, version: number, id?: string): ScriptedRequest => ({
  method: "PUT",
  path,
  body: { price, version },
  ...(id === undefined ? {} : { headers: { "X-Request-ID": id } }),
});

function story() {
  const clock = manualClock();
  const history = historyOn(clock);
  let op = 0;
  const script = startScript({
    workloads: { "edit-properties": properties },
    regions: ["us", "eu"],
    clock,
    record: history.record,
    nextOp: () => ++op,
  });
  const send = (request: ScriptedRequest, answer: Reply | Error) =>
    script.send(request, async () => {
      if (answer instanceof Error) throw answer;
      return answer;
    });
  return { history, script, send };
}

describe("a scripted request", () => {
  it("is an operation of the client `script` when it reads or writes a key, and touches it", async () => {
    const { history, script, send } = story();
    expect(await send({ method: "GET", path }, row(5, 1))).toEqual(row(5, 1));
    await send(put(6, 1, "a"), row(6, 2));
    expect(history.of("invoke")).toMatchObject([
      { op: 1, client: "script", workload: "edit-properties", region: "us", key: "7", kind: "read" },
      { op: 2, client: "script", kind: "write", value: 6, id: "a", expected: 1 },
    ]);
    expect(history.of("complete")).toMatchObject([
      { op: 1, outcome: { type: "ok" }, value: 5, state: "us:0,eu:0" },
      { op: 2, outcome: { type: "ok" }, value: 6, state: "us:1,eu:0", servedBy: "backend-us" },
    ]);
    expect(script.touched).toEqual(new Map([["edit-properties", new Set(["7"])]]));
  });

  it.each(["/us/health", "/us/properties/5000", "/mars/properties/7"])("leaves no trace for %s", async (elsewhere) => {
    const { history, script, send } = story();
    expect((await send({ method: "GET", path: elsewhere }, reply(404))).status).toBe(404);
    expect(history.events).toEqual([]);
    expect(script.touched.size).toBe(0);
  });

  it("was based on the state that its version named when the script last saw it, unless it says If-Match", async () => {
    const { history, send } = story();
    await send({ method: "GET", path }, row(5, 1));
    await send(put(6, 1), row(6, 2));
    await send(put(7, 9), reply(409, {}, served));
    await send({ ...put(8, 2), headers: { "If-Match": '"us:0,eu:1"' } }, row(8, 3));
    const bases = history.of("invoke").map(({ basis }) => basis);
    expect(bases).toEqual([undefined, "us:0,eu:0", undefined, "us:0,eu:1"]);
  });

  it("is a repeat when it sends the same write again, and none when the id comes with another one", async () => {
    const { history, send } = story();
    const stored = reply(422, { original_response: { price: 6, version: 2 } }, { ...served, etag: '"us:1,eu:0"' });
    await send(put(6, 1, "a"), row(6, 2));
    await send({ ...put(6, 1, "a"), path: "/eu/properties/7" }, stored);
    await send(put(9, 1, "a"), reply(422, { detail: "another request" }, served));
    expect(history.of("invoke").map(({ repeatOf }) => repeatOf)).toEqual([undefined, 1, undefined]);
    expect(history.of("complete").map(({ outcome, stored }) => [outcome.type, stored])).toEqual([
      ["ok", undefined],
      ["ok", true],
      ["fail", undefined],
    ]);
  });

  it("fails as it failed, recorded; then the script goes on under a new name, and a refused repeat proves nothing", async () => {
    const { history, send } = story();
    await expect(send(put(6, 1, "a"), new Error("no answer within 5 s"))).rejects.toThrow("no answer within 5 s");
    await send(put(6, 1, "a"), reply(409, {}, served));
    await send({ method: "GET", path }, row(6, 2));
    expect(history.of("complete").map(({ outcome }) => outcome.type)).toEqual(["unknown", "unknown", "ok"]);
    expect(history.of("invoke").map(({ client }) => client)).toEqual(["script", "script.2", "script.3"]);
  });
});
