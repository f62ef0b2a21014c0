// A request of the script: what is sent, what counts as the expected answer, how long it is tried, what is kept of it.
import { describe, expect, it } from "vitest";
import { StepProblem } from "../../src/verbs/scene.ts";
import { mismatches, request } from "../../src/verbs/request.ts";
import { twoRegions } from "../support/topology.ts";
import { fakeScene, perform, reply } from "./scene.ts";

const wrong = (expected: Parameters<typeof mismatches>[0], answer: Parameters<typeof mismatches>[1]) =>
  mismatches(expected, answer, twoRegions);

describe("an answer", () => {
  it("has the status, or the reason is given beside the one that came", () => {
    expect(wrong({ status: 200 }, reply(200))).toEqual([]);
    expect(wrong({ status: [200, 409] }, reply(409))).toEqual([]);
    expect(wrong({ status: [200, 409] }, reply(503))).toEqual(["expected status 200 or 409, got 503"]);
    expect(wrong({ status: 200 }, reply(409, { detail: "version 3 is current" }))).toEqual([
      "expected status 200, got 409 (version 3 is current)",
    ]);
    expect(wrong({}, reply(500))).toEqual([]);
  });

  it("is served by a node, or by any node of a region", () => {
    const fromUs = reply(200, {}, { "x-served-by": "backend-us" });
    expect(wrong({ "served-by": "backend-us" }, fromUs)).toEqual([]);
    expect(wrong({ "served-by": "us" }, fromUs)).toEqual([]);
    expect(wrong({ "served-by": "eu" }, fromUs)).toEqual(["expected to be served by eu, was served by backend-us"]);
    expect(wrong({ "served-by": "backend-eu" }, fromUs)).toHaveLength(1);
    expect(wrong({ "served-by": "us" }, reply(503))).toEqual([
      "expected to be served by us, was served by the gateway itself",
    ]);
  });

  it("holds what is expected of its body, and may hold more", () => {
    const body = { region: "us", price: 10, owner: { name: "Ada", age: 36 }, tags: ["a", "b"], note: null };
    const answer = reply(200, body);
    for (const expected of [
      { region: "us" },
      { owner: { name: "Ada" } },
      { "owner.name": "Ada", tags: ["a", "b"] },
      { note: null, "tags.1": "b" },
    ]) {
      expect(wrong({ body: expected }, answer), JSON.stringify(expected)).toEqual([]);
    }
    expect(
      wrong({ body: { region: "eu", owner: { name: "Bob" }, tags: ["a"], gone: 1, price: "10" } }, answer),
    ).toEqual([
      'expected body.region "eu", got "us"',
      'expected body.owner.name "Bob", got "Ada"',
      'expected body.tags ["a"], got ["a","b"]',
      "expected body.gone 1, got nothing",
      'expected body.price "10", got 10',
    ]);
    expect(wrong({ body: "pong" }, reply(200, "pong"))).toEqual([]);
    expect(wrong({ body: { region: "us" } }, reply(200, "pong"))).toEqual(['expected body.region "us", got nothing']);
  });

  it("has the headers, however their names are written", () => {
    const answer = reply(200, {}, { etag: '"us:1"', "content-type": "application/json" });
    expect(wrong({ headers: { ETag: '"us:1"', "content-type": "application/json" } }, answer)).toEqual([]);
    expect(wrong({ headers: { ETag: '"us:2"', "X-Region": "us" } }, answer)).toEqual([
      'expected header ETag: "us:2", got "us:1"',
      "expected header X-Region: us, got none",
    ]);
  });

  it("comes faster than the bound, not just as fast", () => {
    expect(wrong({ "faster-than": 50 }, reply(200, {}, {}, 49.9))).toEqual([]);
    expect(wrong({ "faster-than": 50 }, reply(200, {}, {}, 50))).toEqual([
      "expected an answer in less than 50 ms, it took 50 ms",
    ]);
  });

  it("is blamed for everything at once", () => {
    const expected = { status: 200, "served-by": "us", body: { region: "us" }, headers: { a: "b" }, "faster-than": 1 };
    expect(wrong(expected, reply(503))).toHaveLength(5);
  });
});

describe("a request", () => {
  it("goes to the gateway, or to a node, with what it was told and what was saved", async () => {
    const scene = fakeScene();
    scene.values.set("version", 7).set("key", 12);
    await perform(scene, "request", { target: "GET /us/health" });
    await perform(scene, "request", {
      target: "PUT /us/properties/${key}",
      to: "backend-us",
      headers: { "If-Match": 'W/"${version}"' },
      body: { price: 10, version: "${version}", note: "version ${version}" },
    });
    expect(scene.asked).toMatchObject([
      { method: "GET", path: "/us/health", to: "http://127.0.0.1:8080", headers: {}, body: undefined },
      {
        method: "PUT",
        path: "/us/properties/12",
        to: `http://${scene.cluster.node("backend-us").address}`,
        headers: { "If-Match": 'W/"7"' },
        body: { price: 10, version: 7, note: "version 7" },
      },
    ]);
  });

  it("fails its step with everything that is wrong, after one attempt", async () => {
    const scene = fakeScene();
    scene.answer = () => reply(503, { detail: "no region answers" });
    const failed = perform(scene, "request", { target: "GET /us/health", expect: { status: 200, "served-by": "us" } });
    await expect(failed).rejects.toMatchObject({
      verdict: "failed",
      message:
        "expected status 200, got 503 (no region answers); expected to be served by us, was served by the gateway itself",
    });
    expect(scene.asked).toHaveLength(1);
  });

  it("without an expectation wants an answer, whatever it is", async () => {
    const scene = fakeScene();
    scene.answer = () => reply(500);
    await perform(scene, "request", { target: "GET /us/health" });
    scene.answer = () => Promise.reject(new Error("connection refused"));
    await expect(perform(scene, "request", { target: "GET /us/health" })).rejects.toMatchObject({
      verdict: "failed",
      message: "no answer: connection refused",
    });
  });

  it("keeps what `save` names, for later steps; what is not there fails the step", async () => {
    const scene = fakeScene();
    scene.answer = () => reply(200, { version: 3 }, { etag: '"us:1"' });
    await perform(scene, "request", { target: "GET /a" }, { save: { v: "body.version", tag: "header.ETag" } });
    expect([...scene.values]).toEqual([
      ["v", 3],
      ["tag", '"us:1"'],
    ]);
    await perform(scene, "request", { target: "GET /b", expect: { body: { version: "${v}" } } });
    await expect(perform(scene, "request", { target: "GET /a" }, { save: { x: "body.nope" } })).rejects.toMatchObject({
      verdict: "failed",
      message: 'nothing to save as "x": the answer has no body.nope',
    });
  });
});

describe("`within`", () => {
  const expectUp = { target: "GET /us/health", expect: { status: 200 } };

  it("asks again until the answer is as expected", async () => {
    const scene = fakeScene();
    scene.answer = () => (scene.clock.now() >= 300 ? reply(200) : reply(503));
    const step = perform(scene, "request", expectUp, { withinMs: 1_000 });
    await scene.clock.advance(400);
    await step;
    expect(scene.asked.length).toBeGreaterThan(5);
    expect(scene.clock.asleep()).toBe(0);
  });

  it("survives attempts without an answer, and tells of the last one when the time is over", async () => {
    const scene = fakeScene();
    scene.answer = () =>
      scene.clock.now() < 500 ? Promise.reject(new Error("connection refused")) : reply(503, { detail: "starting" });
    const step = perform(scene, "request", expectUp, { withinMs: 1_000 });
    const failed = expect(step).rejects.toMatchObject({
      verdict: "failed",
      message: "expected status 200, got 503 (starting)",
    });
    await scene.clock.advance(900);
    expect(scene.clock.asleep()).toBe(1);
    await scene.clock.advance(200);
    await failed;
  });

  it("does not repeat a write", async () => {
    const scene = fakeScene();
    const step = perform(scene, "request", { target: "PUT /us/properties/7" }, { withinMs: 1_000 });
    await expect(step).rejects.toThrow(StepProblem);
    expect(scene.asked).toEqual([]);
  });

  it("ends with the run", async () => {
    const scene = fakeScene();
    scene.answer = () => reply(503);
    const step = perform(scene, "request", expectUp, { withinMs: 60_000 });
    const ended = expect(step).rejects.toThrow("Ctrl-C");
    await scene.clock.advance(100);
    scene.interrupt.abort(new Error("Ctrl-C"));
    await ended;
  });
});

describe("a request's words", () => {
  it("are refused when they make no request", () => {
    for (const target of ["/us/health", "FETCH /us/health", "GET us/health", "GET /us /eu", "get /us/health", 7]) {
      expect(request.args.safeParse({ target }).success, String(target)).toBe(false);
    }
    const fine = { target: "GET /us/health", expect: { status: 200, "faster-than": "80ms" } };
    expect(request.args.safeParse(fine).success).toBe(true);
    for (const expectation of [
      { status: 99 },
      { status: [] },
      { status: [200, 99] },
      { status: "200" },
      { "faster-than": "80" },
      { colour: "red" },
    ]) {
      expect(request.args.safeParse({ ...fine, expect: expectation }).success, JSON.stringify(expectation)).toBe(false);
    }
  });

  it("name nodes and regions that exist", () => {
    const complaints = (args: object) => request.check!(request.args.parse({ target: "GET /", ...args }), twoRegions);
    expect(complaints({ to: "backend-us", expect: { "served-by": "eu" } })).toEqual([]);
    expect(complaints({ to: "backend-asia", expect: { "served-by": "asia" } })).toMatchObject([
      { path: ["to"], message: 'topology "property" has no node "backend-asia"' },
      { path: ["expect", "served-by"], message: 'topology "property" has no node or region "asia"' },
    ]);
  });
});
