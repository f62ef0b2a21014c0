// The Docker runtime does what every runtime must do, with the real programs on a real engine.
import fs from "node:fs";
import { docker } from "../../src/runtimes/docker/cluster.ts";
import { LINKS } from "../../src/model/cluster.ts";
import type { LinkConfig } from "../../src/model/link.ts";
import { connect } from "../../src/runtimes/docker/engine.ts";
import { temporaryHome } from "../runtimes/children.ts";
import { databaseUrl } from "../runtimes/databases.ts";
import { addressIn, asIn, environmentIn, leftoversOf, placeIn, withDocker } from "../runtimes/docker/engine.ts";
import { describeLinks } from "./links.ts";
import { describeNoWayAround } from "./no-way-around.ts";
import { type Bench, describeRuntime } from "./runtime.ts";
import { propertyTopology } from "./topology.ts";

async function bench(): Promise<Bench> {
  const engine = await connect();
  let removeHome = () => {};
  const home = temporaryHome((how) => (removeHome = how));
  const place = placeIn(home, "conformance");
  const environment = (node: string) => environmentIn(engine, place, node);
  const forgetName = asIn(engine, place, "eu"); // the only zone here whose clients are told the name of a link
  return {
    place,
    topology: propertyTopology(),
    runtime: () => docker(),
    databaseUrl: (node) => databaseUrl(place, node),
    environment,
    async entrance({ from, to }) {
      if (to === "kafka") return (await environment(`backend-${from}`))["KAFKA_BROKER"]!;
      const { listeners } = JSON.parse((await environment(LINKS))["LINK_CONFIG"]!) as LinkConfig;
      const { listen } = listeners.find((one) => one.from === from && one.to === to)!;
      return `${await addressIn(engine, place, LINKS, from)}:${listen.port}`;
    },
    leftovers: () => leftoversOf(engine, place),
    remove() {
      forgetName();
      fs.rmSync(place.directory, { recursive: true, force: true });
      removeHome();
    },
  };
}

await withDocker("the docker runtime", propertyTopology(), () => {
  describeRuntime("docker", bench);
  describeLinks("docker", bench);
  describeNoWayAround("docker", bench);
});
