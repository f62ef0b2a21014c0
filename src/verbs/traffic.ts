// traffic: clients of a workload, from here on, beside whatever else runs.
import { z } from "zod";
import { trafficArgs } from "../scenario/traffic-spec.ts";
import { verb } from "./scene.ts";

export const traffic = verb({
  name: "traffic",
  summary: "Starts clients of a workload; they run until `for` is over or the scenario settles.",
  example: "- traffic: edit-properties\n  clients: 8\n  rate: 200/s\n  for: 10s",
  args: trafficArgs,
  modifiers: ["for"],
  async perform(scene, step) {
    const { target, ...spec } = step.args;
    const regions = spec.regions ?? scene.topology.regions;
    scene.traffic.begin({ ...spec, workload: target, regions }, step.forMs);
  },
});
