// Addresses in the environment stand as `service:port`, wherever a network is meant: alone, in a list, in a URL with
// credentials. A runtime turns each into where that service is reached from that node: the whole of service discovery.
import type { NodeSpec } from "./topology.ts";

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

/** The nodes that an environment names by address, each once. */
export function namedIn(environment: NodeSpec["environment"], nodes: readonly NodeSpec[]): readonly NodeSpec[] {
  const addresses = Object.values(environment).flatMap(addressesIn);
  return nodes.filter((node) => addresses.some(({ name, port }) => node.name === name && node.port === port));
}

/** Every address of a node replaced by where `reach` ("host:port") says it is; others stay as written. Pure. */
export function withAddresses(
  environment: NodeSpec["environment"],
  nodes: readonly NodeSpec[],
  reach: (to: NodeSpec) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).map(([variable, value]) => [
      variable,
      // One pass, so that what was put in is not looked at again.
      value.replace(ADDRESS, (written, name: string, port: string) => {
        const to = nodes.find((node) => node.name === name && node.port === Number(port));
        return to === undefined ? written : reach(to);
      }),
    ]),
  );
}
