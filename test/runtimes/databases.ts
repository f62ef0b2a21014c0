// How a test logs in to a database of an embedded stack.
import fs from "node:fs";
import path from "node:path";
import type { Node, StackPlace } from "../../src/model/cluster.ts";

export function databaseUrl(place: StackPlace, node: Node): string {
  const secrets = JSON.parse(fs.readFileSync(path.join(place.directory, "secrets.json"), "utf8")) as Record<
    string,
    string
  >;
  const { POSTGRES_USER, POSTGRES_DB } = node.spec.environment;
  return `postgres://${POSTGRES_USER}:${secrets[node.spec.name]}@${node.address}/${POSTGRES_DB}`;
}
