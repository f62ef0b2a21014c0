// The table of all verbs: what a step can say. To add one: a file, a line here, a scenario that shows it.
import { kill } from "../faults/kill.ts";
import { stop } from "../faults/stop.ts";
import { heal } from "./heal.ts";
import { request } from "./request.ts";
import { restart } from "./restart.ts";
import type { Verb } from "./scene.ts";
import { settle } from "./settle.ts";
import { start } from "./start.ts";
import { traffic } from "./traffic.ts";
import { wait } from "./wait.ts";

export const verbs: Readonly<Record<string, Verb>> = {
  request,
  traffic,
  kill,
  stop,
  start,
  restart,
  wait,
  settle,
  heal,
};
