// The table of all verbs: what a step can say. To add one: a file, a line here, a scenario that shows it.
import { bandwidth } from "../faults/bandwidth.ts";
import { chaos } from "../faults/chaos.ts";
import { clockSkew } from "../faults/clock-skew.ts";
import { flaky } from "../faults/flaky.ts";
import { hold } from "../faults/hold.ts";
import { isolate } from "../faults/isolate.ts";
import { kill } from "../faults/kill.ts";
import { latency } from "../faults/latency.ts";
import { partition } from "../faults/partition.ts";
import { pause } from "../faults/pause.ts";
import { regionOutage } from "../faults/region-outage.ts";
import { replication } from "../faults/replication.ts";
import { stop } from "../faults/stop.ts";
import { expect } from "./expect.ts";
import { heal } from "./heal.ts";
import { repeat } from "./repeat.ts";
import { request } from "./request.ts";
import { restart } from "./restart.ts";
import { resume } from "./resume.ts";
import type { Verb } from "./scene.ts";
import { settle } from "./settle.ts";
import { start } from "./start.ts";
import { together } from "./together.ts";
import { traffic } from "./traffic.ts";
import { wait } from "./wait.ts";

export const verbs: Readonly<Record<string, Verb>> = {
  request,
  traffic,
  kill,
  stop,
  start,
  restart,
  pause,
  resume,
  "region-outage": regionOutage,
  partition,
  isolate,
  latency,
  bandwidth,
  flaky,
  replication,
  "clock-skew": clockSkew,
  hold,
  chaos,
  heal,
  wait,
  expect,
  settle,
  together,
  repeat,
};
