import { describe, expect, it } from "vitest";
import { toJson } from "../../src/dashboard/json.ts";
import { EMPTY, foldAll } from "../../src/dashboard/state.ts";
import { begun, events, fault, found, region, runBegun, sample } from "./story.ts";

describe("the picture as JSON", () => {
  it("says null of what is not known", () => {
    expect(toJson(EMPTY)).toEqual({
      atMs: 0,
      stack: null,
      topology: null,
      acknowledged: 0,
      regions: [],
      nodes: [],
      links: [],
      faults: [],
      events: [],
      run: null,
      verdicts: null,
    });
    expect(toJson(foldAll(EMPTY, events([9, found()]))).regions[0]).toEqual({
      name: "us",
      healthy: null,
      healthySinceMs: null,
      requestsPerSecond: 0,
      errorsPerSecond: 0,
      p50Ms: null,
      p99Ms: null,
      lagSeconds: null,
      worstLagSeconds: null,
      pending: null,
      conflicts: null,
      conflictsLastMinute: null,
    });
  });

  it("has every fact of the picture, under names that say their units, and survives being printed", () => {
    const picture = foldAll(
      EMPTY,
      events(
        [0, found()],
        [100, runBegun],
        [200, { type: "step", phase: "begin", path: "1", verb: "kill", text: "kill backend-us for 2s", line: 3 }],
        [210, begun(fault("kill", ["backend-us"], { since: 205, until: 2_205 }))],
        [250, sample({ eu: region({ requests: 20, lagSeconds: { us: 1.5 }, conflicts: 2 }) }, 3)],
      ),
    );
    const verdict = { name: "available", text: "available", evidence: [], weight: "failed", summary: "96%" } as const;
    const json = toJson(picture, [
      { ...verdict, valid: true },
      { ...verdict, valid: false, knownGap: "later" },
    ]);
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    expect(json).toMatchObject({
      atMs: 250,
      stack: { name: "default", runtime: "embedded", gateway: "http://127.0.0.1:8080" },
      topology: "property",
      acknowledged: 3,
      faults: [
        {
          id: "kill backend-us",
          kind: "kill",
          targets: ["backend-us"],
          sinceMs: 205,
          untilMs: 2_205,
          leftMs: 1_955,
          effective: null,
          measured: null,
        },
      ],
      run: {
        id: "failover-1",
        scenario: "failover",
        beganMs: 100,
        steps: [
          { path: "1", text: "kill backend-us for 2s", state: "running", beganMs: 200, endedMs: null, detail: null },
        ],
        settling: null,
        leftovers: null,
        ended: null,
      },
      verdicts: [
        { valid: true, verdict: "passed", knownGap: null },
        { valid: false, verdict: "passed", knownGap: "later" },
      ],
    });
    expect(json.regions[1]).toMatchObject({
      requestsPerSecond: 20,
      lagSeconds: { us: 1.5 },
      worstLagSeconds: 1.5,
      conflictsLastMinute: 2,
    });
    expect(json.nodes[1]).toEqual({
      name: "backend-us",
      role: "backend",
      region: "us",
      state: "down",
      sinceMs: 210,
      unasked: false,
    });
    expect(json.links.map(({ between }) => between)).toContainEqual(["us", "eu"]);
    expect(json.events.at(-1)).toEqual({
      seq: 4,
      atMs: 210,
      tone: "notice",
      text: "kill backend-us, for 2 s",
      times: 1,
    });
  });

  it("a tick is small, however much has happened", () => {
    const many = events(
      [0, runBegun],
      ...Array.from({ length: 5_000 }, (_, i) => [i, { type: "log", level: "info", text: `line ${i}` }] as const),
    );
    const json = toJson(foldAll(EMPTY, many));
    expect(json.events).toHaveLength(20);
    expect(json.events.at(-1)?.text).toBe("line 4999");
  });
});
