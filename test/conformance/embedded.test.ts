// The embedded runtime does what every runtime must do, with the real programs.
import fs from "node:fs";
import path from "node:path";
import type { StackPlace } from "../../src/model/cluster.ts";
import { embedded } from "../../src/runtimes/embedded/cluster.ts";
import { findByMark } from "../../src/runtimes/embedded/processes.ts";
import { databaseUrl } from "../runtimes/databases.ts";
import { temporaryHome } from "../runtimes/children.ts";
import { describeRuntime } from "./runtime.ts";
import { propertyTopology } from "./topology.ts";

describeRuntime("embedded", () => {
  let remove = () => {};
  const home = temporaryHome((how) => (remove = how));
  const directory = path.join(home, "stacks", "conformance");
  fs.mkdirSync(directory, { recursive: true });
  const place: StackPlace = { name: "conformance", id: `test${process.pid}`, directory };
  return {
    place,
    topology: propertyTopology(),
    runtime: () => embedded({ home }),
    databaseUrl: (node) => databaseUrl(place, node),
    leftovers: async () => findByMark(`${place.id}.`).map(({ pid }) => `process ${pid}`),
    remove,
  };
});
