import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pastOf } from "../../src/dashboard/past.ts";
import type { Event } from "../../src/model/event.ts";
import { begun, ended, events, fault, node, sample } from "./story.ts";

let directory: string;
beforeEach(() => void (directory = fs.mkdtempSync(path.join(os.tmpdir(), "past-"))));
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

function logOf(all: readonly Event[], torn = ""): string {
  const file = path.join(directory, "events.ndjson");
  fs.writeFileSync(file, all.map((event) => `${JSON.stringify(event)}\n`).join("") + torn);
  return file;
}

const kill = fault("kill", ["backend-us"]);
const pause = fault("pause", ["db-eu"]);
const older = fault("kill", ["db-us"]);

describe("what happened before somebody came to watch", () => {
  it("is what the log says of faults and nodes; not the figures of back then, nor a line that is just being written", () => {
    const told = events(
      [1, begun(kill)],
      [2, node("backend-us", "down")],
      [3, sample({})],
      [4, ended(kill.id, ["backend-us"])],
      [5, begun(pause)],
      [6, sample({})],
    );
    const past = pastOf(logOf(told, '{"seq":7,"type":"node"'), [older, pause]);
    expect(past.seq).toBe(6);
    expect(past.events).toEqual(told.filter(({ type }) => type !== "sample"));
    expect(past.faults).toEqual([older]); // the other one begins in it
  });

  it("begins no fault that is not there any more and of whose end nobody wrote; of an empty log it is nothing", () => {
    expect(pastOf(logOf(events([1, begun(kill)])), []).events).toEqual([]);
    expect(pastOf(logOf([]), [kill])).toEqual({ seq: 0, events: [], faults: [kill] });
  });

  it("is only the end of a long log, in whole lines", () => {
    const many = Array.from({ length: 60_000 }, (_, i): Event => ({ seq: i + 1, at: i, ...node(`node-${i}`, "up") }));
    const past = pastOf(logOf(many), []);
    expect(past.seq).toBe(60_000);
    expect(past.events.length).toBeGreaterThan(10_000);
    expect(past.events).toEqual(many.slice(-past.events.length));
    expect(past.events.length).toBeLessThan(many.length);
  });
});
