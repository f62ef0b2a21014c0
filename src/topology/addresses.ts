// Addresses in the environment stand as `service:port`, wherever a network is meant: alone, in a list, in a URL with
// credentials. A runtime turns each into where that service is reached from that node: the whole of service discovery.
import { nodeNamed, type NodeSpec, type Topology } from "../model/topology.ts";

export interface Address {
  name: string;
  port: number;
  /** As written: "db-us:5432". */
  text: string;
}

/**
 *   postgres://user:secret@db-us:5432/properties     kafka:29092,kafka-2:29092     http://backend-us:8000
 *
 * A name begins after a boundary (the beginning, a blank, a comma, `=`, `@`, `//`), so never inside another name or a
 * host with dots, and what follows the port ends an address: `user:1234@` is none.
 */
const ADDRESS = /(?<=^|[\s,;=@"'([]|:\/\/)([A-Za-z][A-Za-z0-9_-]*):(\d{1,5})(?=$|[\s,;/?#&"')\]])/g;

export function addressesIn(value: string): readonly Address[] {
  return [...value.matchAll(ADDRESS)].map(([text, name, port]) => ({ text, name: name!, port: Number(port) }));
}

/** The node's environment with every address of a node replaced by where `reach` ("host:port") says it is. Pure. */
export function resolveEnvironment(
  node: NodeSpec,
  topology: Topology,
  reach: (from: NodeSpec, to: NodeSpec, port: number) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(node.environment).map(([variable, value]) => [
      variable,
      value.replace(ADDRESS, (written, name: string, port: string) => {
        const to = nodeNamed(topology, name);
        return to === undefined ? written : reach(node, to, Number(port));
      }),
    ]),
  );
}
