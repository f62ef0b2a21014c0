// traffic: clients of a workload, from here on, beside whatever else runs.
import { checkTraffic, trafficArgs, trafficSpec } from "../scenario/traffic-spec.ts";
import { verb } from "./scene.ts";

export const traffic = verb({
  name: "traffic",
  summary: "Starts clients of a workload; they run until `for` is over or the scenario ends.",
  example: "- traffic: edit-properties\n  clients: 8\n  rate: 200/s\n  for: 10s",
  args: trafficArgs,
  modifiers: ["for"],
  check: checkTraffic,
  async perform(scene, step) {
    scene.traffic.begin(trafficSpec(step.args, scene.topology), step.forMs);
  },
});
