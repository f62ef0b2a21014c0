// The property system in small, as a literal: what every runtime must be able to run.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { NodeSpec, Topology } from "../../src/model/topology.ts";

const SEED = fileURLToPath(new URL("../../seeds/properties.sql", import.meta.url));

/** `seed`: the file that fills the databases. */
export function propertyTopology(seed: string = SEED): Topology {
  if (!fs.existsSync(seed)) throw new Error(`the seed ${seed} is missing`);
  return {
    name: "property",
    file: path.resolve("property.yaml"),
    regions: ["us", "eu"],
    nodes: [
      spec({ name: "gateway", role: "gateway", region: "edge", port: 8080, needs: ["backend-us", "backend-eu"] }),
      ...["us", "eu"].flatMap((region) => [backend(region), database(region, seed)]),
      spec({ name: "kafka", role: "kafka", region: "us", port: 29092 }),
    ],
    links: [{ between: ["us", "eu"], rttMs: 0, jitterMs: 0 }],
    routes: { "/us": "us", "/eu": "eu" },
    steady: [
      { method: "GET", path: "/us/health", region: "us" },
      { method: "GET", path: "/eu/health", region: "eu" },
    ],
    observe: { lag: "/:region/replication-lag", conflicts: "/:region/conflicts?after=:after" },
    conflicts: "hybrid-clock",
    workloads: {},
  };
}

export function spec(parts: Partial<NodeSpec> & Pick<NodeSpec, "name" | "role" | "region" | "port">): NodeSpec {
  return { needs: [], environment: {}, files: [], ...parts };
}

function backend(region: string): NodeSpec {
  return spec({
    name: `backend-${region}`,
    role: "backend",
    region,
    port: 8000,
    needs: [`db-${region}`, "kafka"],
    environment: {
      REGION: region,
      PORT: "8000",
      DATABASE_URL: `postgres://app:written@db-${region}:5432/properties_${region}`,
      KAFKA_BROKER: "kafka:29092",
      KAFKA_TOPIC: "property-updates",
    },
  });
}

function database(region: string, seed: string): NodeSpec {
  return spec({
    name: `db-${region}`,
    role: "postgres",
    region,
    port: 5432,
    environment: { POSTGRES_USER: "app", POSTGRES_PASSWORD: "written", POSTGRES_DB: `properties_${region}` },
    files: [{ source: seed, target: "/docker-entrypoint-initdb.d/1.sql" }],
  });
}
