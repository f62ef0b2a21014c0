// A small topology for tests that start nothing: two regions, a backend and a database each, one Kafka, a gateway. Links are
// crossed by gateway -> backends, and by backend-eu -> kafka.
import type { NodeSpec, Role, Topology } from "../../src/model/topology.ts";

export function spec(name: string, role: Role, region: string, environment: NodeSpec["environment"] = {}): NodeSpec {
  return { name, role, region, needs: [], environment, port: 8000, files: [] };
}

/** With its database and its broker. */
export function backend(region: string): NodeSpec {
  const environment = { DATABASE_URL: `postgres://user:secret@db-${region}:8000/it`, KAFKA_BROKER: "kafka:8000" };
  return spec(`backend-${region}`, "backend", region, environment);
}

export const twoRegions: Topology = {
  name: "property",
  file: "/compose/property.yaml",
  regions: ["us", "eu"],
  nodes: [
    spec("gateway", "gateway", "edge"),
    backend("us"),
    backend("eu"),
    spec("db-us", "postgres", "us"),
    spec("db-eu", "postgres", "eu"),
    spec("kafka", "kafka", "us"),
  ],
  links: [],
  routes: { "/us": "us", "/eu": "eu" },
  steady: [],
  observe: {},
  conflicts: "hybrid-clock",
  workloads: {},
};
