// Folds as many events as it is told into what a dashboard shows, and prints what that took: a run of a two-region system that
// goes on and on, with clients, samples, faults that come and go, and log lines.
import fs from "node:fs";
import { EMPTY, fold } from "../../src/dashboard/state.ts";
import { loadTopologyOrThrow } from "../../src/commands/files.ts";
import type { Event, Happening, RegionSample } from "../../src/model/event.ts";

const wished = Number(process.argv[2]);
const topology = loadTopologyOrThrow("property");
let picture = EMPTY;
let seq = 0;
let at = 0;

const next = (happening: Happening): Event => ({ ...happening, seq: ++seq, at: (at += 0.5) });

const sample = (n: number): RegionSample => ({
  healthy: n % 50 !== 0,
  lagSeconds: n % 9 === 0 ? null : { us: (n % 100) / 10 },
  pending: n % 13,
  conflicts: n,
  requests: 200 + (n % 7),
  errors: n % 3,
  p50Ms: 3 + (n % 5),
  p99Ms: 20 + (n % 40),
});

function* history(): Generator<Event> {
  yield next({
    type: "stack",
    name: "default",
    topology,
    runtime: "embedded",
    gateway: "http://127.0.0.1:8080",
    faults: [],
  });
  for (let n = 1; ; n++) {
    const id = `kill backend-us #${n}`;
    const backend = { targets: ["backend-us"], parameters: {}, since: at };
    for (let op = 0; op < 20; op++) {
      const number = n * 20 + op;
      yield next({
        type: "invoke",
        op: number,
        client: "c1",
        workload: "w",
        region: "us",
        key: `${op}`,
        kind: "read",
        due: at,
      });
      yield next({
        type: "complete",
        op: number,
        outcome: { type: "ok" },
        status: 200,
        servedBy: "backend-us",
        value: n,
      });
    }
    yield next({ type: "probe", region: "us", ok: true, due: at });
    yield next({ type: "sample", regions: { us: sample(n), eu: sample(n + 1) }, acknowledged: n });
    if (n % 10 !== 0) continue;
    yield next({ type: "fault", phase: "begun", fault: { id, kind: "kill", ...backend } });
    yield next({ type: "node", node: "backend-us", state: "down", expected: true });
    yield next({ type: "fault", phase: "proved", id, effective: true, measured: `no process (${n})` });
    yield next({ type: "fault", phase: "ended", id, by: "time", targets: ["backend-us"] });
    yield next({ type: "node", node: "backend-us", state: "up", expected: true });
    yield next({ type: "log", level: "warning", text: `something to tell, the ${n}th time` });
  }
}

const began = performance.now();
for (const event of history()) {
  picture = fold(picture, event);
  if (seq >= wished) break;
}
const ms = performance.now() - began;
if (picture.at !== at) throw new Error("what was folded last does not show");
const kib = Number(/^VmHWM:\s+(\d+) kB/m.exec(fs.readFileSync("/proc/self/status", "utf8"))?.[1]);
process.stdout.write(JSON.stringify({ ms, rssMiB: kib / 1024 }));
