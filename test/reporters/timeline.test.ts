// The run on one screen: faults over what the clients saw, on one axis of time.
import { describe, expect, it } from "vitest";
import type { Event, Happening, RegionSample } from "../../src/model/event.ts";
import { timeline } from "../../src/reporters/timeline.ts";
import { history as few } from "./run.ts";

const [begun] = few;
const SECOND = 1_000;

const region = (lagSeconds: RegionSample["lagSeconds"]): RegionSample => ({
  healthy: true,
  lagSeconds,
  pending: 0,
  conflicts: 0,
  requests: 0,
  errors: 0,
  p50Ms: null,
  p99Ms: null,
});

/** Ten seconds: 20 requests a second in us, unanswered from 4 s to 6 s, slow at 8 s; eu falls behind while the cable is cut. */
function tenSeconds(more: readonly [number, Happening][] = []): readonly Event[] {
  const happenings: [number, Happening][] = [[0, { ...(begun as Event & { type: "run" }) }]];
  for (let at = 0; at < 10 * SECOND; at += 50) {
    const op = at / 50;
    const down = at >= 4 * SECOND && at < 6 * SECOND;
    const tookMs = at >= 8 * SECOND && at < 8.2 * SECOND ? 900 : 5;
    const client = { client: "us-1", workload: "edit-properties", region: "us", key: "7", due: at };
    happenings.push([at, { type: "invoke", op, kind: "read", ...client }]);
    const outcome = down ? ({ type: "unknown", error: "no answer" } as const) : ({ type: "ok" } as const);
    happenings.push([at + tookMs, { type: "complete", op, outcome }]);
  }
  for (let at = 0; at < 10 * SECOND; at += 250) {
    const behind = at >= 4 * SECOND && at < 6 * SECOND ? (at - 4 * SECOND) / SECOND : 0;
    const unknown = at >= 8 * SECOND;
    const regions = { us: region(null), eu: region(unknown ? null : { us: behind }) };
    happenings.push([at, { type: "sample", regions, acknowledged: 0 }]);
  }
  const links = [
    { from: "us", to: "eu" },
    { from: "eu", to: "us" },
  ];
  const fault = { id: "cable", kind: "partition", targets: [], links, regions: ["us", "eu"] } as const;
  happenings.push(
    [4 * SECOND, { type: "fault", phase: "begun", fault: { ...fault, parameters: {}, since: 4 * SECOND } }],
    [6 * SECOND, { type: "fault", phase: "ended", id: "cable", by: "time", targets: [] }],
    [10 * SECOND, { type: "end", reason: "done" }],
    ...more,
  );
  return happenings.toSorted(([a], [b]) => a - b).map(([at, happening], i) => ({ ...happening, seq: i + 1, at }));
}

const kill = (node: string, from: number, to: number, id = `kill ${node} ${from}`): [number, Happening][] => [
  [from, { type: "fault", phase: "begun", fault: { id, kind: "kill", targets: [node], parameters: {}, since: from } }],
  [to, { type: "fault", phase: "ended", id, by: "time", targets: [node] }],
];

describe("a timeline", () => {
  it("shows what happened when, and to whom", () => {
    expect(timeline(tenSeconds(), 80).join("\n")).toMatchInlineSnapshot(`
      "                     ╷0 s     ╷2 s     ╷4 s      ╷6 s     ╷8 s
        partition us | eu                    ━━━━━━━━━━━                    2 s

        us  requests       ███████████████████████████████████████████████  20/s
            errors         ··················▃█████████···················  40
            slowest        ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁·····▁▁▁▁▁▁▁▁▁▁▁██▁▁▁▁▁▁▁▁  900 ms

        eu  lag            ···················▂▂▃▄▅▆▇▇█············???????  1.75 s"
    `);
  });

  it("stands a fault over what it did: bar, errors and lag are in the same columns", () => {
    const lines = timeline(tenSeconds(), 100);
    const line = (label: string) => lines.find((one) => one.includes(label))!;
    const bar = line("partition us | eu");
    const [from, to] = [bar.indexOf("━"), bar.lastIndexOf("━")];
    expect(to - from).toBeGreaterThan(8);
    const errors = line("errors");
    expect(errors.slice(from + 1, to)).toMatch(/^█+$/);
    expect(errors.slice(errors.indexOf("·"), from)).toMatch(/^·+$/);
    expect(line("lag").slice(from + 2, to)).toMatch(/^[▁-█]+$/);
    expect(line("lag").trimEnd()).toMatch(/\?{8,} {2}1\.75 s$/); // nobody could say at the end
  });

  it.each([30, 40, 80, 120, 400])(
    "is never wider than %i columns, and all its rows begin in the same one",
    (columns) => {
      const lines = timeline(tenSeconds(kill("backend-us", 1_000, 9_500)), columns).filter((line) => line !== "");
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
      expect(lines.length).toBe(7); // an axis, two faults, three rows of us and one of eu
    },
  );

  it("draws a fault that came again on one line, and what is too much on a last one", () => {
    const again = timeline(tenSeconds([...kill("backend-us", 1_000, 2_000), ...kill("backend-us", 7_000, 8_000)]), 80);
    expect(again.filter((line) => line.includes("kill backend-us"))).toEqual([
      expect.stringMatching(/━+ +━+ +2 times$/),
    ]);
    const nodes = Array.from({ length: 9 }, (_, i) => `node-${i}`);
    const many = timeline(tenSeconds(nodes.flatMap((node, i) => kill(node, 1_000 + 100 * i, 9_000))), 80);
    expect(many.filter((line) => line.includes("━")).length).toBe(6);
    expect(many.find((line) => line.includes("more faults"))).toMatch(/5 more faults +━+ +5 times$/);
  });

  it("says of a fault that never ended just that", () => {
    const [first] = kill("backend-us", 9_000, 0);
    expect(timeline(tenSeconds([first!]), 80).join("\n")).toMatch(/kill backend-us +━+ +to the end/);
  });

  it("is not there where nothing happened, and has no rows of a region that nobody asked", () => {
    const quiet = few.filter(({ type }) => type === "run" || type === "end");
    expect(timeline(quiet, 80)).toEqual([]);
    const killed = quiet.flatMap((event) =>
      event.type === "run"
        ? [event, ...kill("kafka", 2_000, 3_000).map(([at, one], i) => ({ ...one, seq: 2 + i, at }))]
        : [event],
    );
    expect(timeline(killed, 80).length).toBe(2);
    expect(timeline(few, 80).join("\n")).not.toContain("eu");
  });

  it("has marks that can be read in a run of milliseconds", () => {
    const tiny = few.map((event) => ({ ...event, at: event.at / 200 }));
    expect(timeline(tiny, 80)[0]!.trim()).toMatchInlineSnapshot(`"╷10 ms    ╷20 ms     ╷30 ms    ╷40 ms"`);
  });

  it("has marks that can be read in a run of minutes on a stack that is up for hours", () => {
    const late = few.map((event) => ({ ...event, at: event.at * 60 + 3_600_000 }));
    expect(timeline(late, 80)[0]!.trim()).toMatchInlineSnapshot(`"╷62:00    ╷64:00     ╷66:00    ╷68:00"`);
  });
});
