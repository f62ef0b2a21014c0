// A small topology for tests that start nothing: two regions, a backend and a database each, one Kafka, a gateway.
import type { NodeSpec, Role, Topology } from "../../src/model/topology.ts";

export function spec(name: string, role: Role, region: string): NodeSpec {
  return { name, role, region, needs: [], environment: {}, port: 8000, files: [] };
}

export const twoRegions: Topology = {
  name: "property",
  file: "/compose/property.yaml",
  regions: ["us", "eu"],
  nodes: [
    spec("gateway", "gateway", "edge"),
    spec("backend-us", "backend", "us"),
    spec("backend-eu", "backend", "eu"),
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
