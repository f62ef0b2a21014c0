// The embedded runtime does what every runtime must do, with the real programs.
import fs from "node:fs";
import path from "node:path";
import { execaSync } from "execa";
import type { GatewayConfig } from "../../src/gateway/route.ts";
import type { StackPlace } from "../../src/model/cluster.ts";
import { embedded } from "../../src/runtimes/embedded/cluster.ts";
import { findByMark } from "../../src/runtimes/embedded/processes.ts";
import { databaseUrl } from "../runtimes/databases.ts";
import { temporaryHome } from "../runtimes/children.ts";
import { describeLinks } from "./links.ts";
import { describeNoWayAround } from "./no-way-around.ts";
import { type Bench, describeRuntime } from "./runtime.ts";
import { propertyTopology } from "./topology.ts";

let stacks = 0;

function bench(): Bench {
  let remove = () => {};
  const home = temporaryHome((how) => (remove = how));
  const directory = path.join(home, "stacks", "conformance");
  fs.mkdirSync(directory, { recursive: true });
  const place: StackPlace = { name: "conformance", id: `test${process.pid}x${++stacks}`, directory };
  const environment = async (node: string) => environmentOf(place, node);
  return {
    place,
    topology: propertyTopology(),
    runtime: () => embedded({ home }),
    databaseUrl: (node) => databaseUrl(place, node),
    environment,
    async entrance({ from, to }) {
      if (to === "kafka") return (await environment(`backend-${from}`))["KAFKA_BROKER"]!;
      const { upstreams } = JSON.parse((await environment("gateway"))["GATEWAY_CONFIG"]!) as GatewayConfig;
      return Object.values(upstreams)
        .flat()
        .find(({ node }) => node === to)!.address;
    },
    leftovers: async () => findByMark(`${place.id}.`).map(({ pid }) => `process ${pid}`),
    remove,
  };
}

/** As the operating system tells it. */
function environmentOf(place: StackPlace, node: string): Readonly<Record<string, string>> {
  const file = path.join(place.directory, "nodes", `${node}.json`);
  const { pid } = JSON.parse(fs.readFileSync(file, "utf8")) as { pid: number };
  const lines = fs.existsSync(`/proc/${pid}/environ`)
    ? fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")
    : execaSync("ps", ["eww", "-o", "command=", "-p", String(pid)]).stdout.split(/ (?=[A-Z_]+=)/);
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const),
  );
}

describeRuntime("embedded", bench);
describeLinks("embedded", bench);
describeNoWayAround("embedded", bench);
