// Addresses stand as `service:port` in what users write. A runtime turns each into where that service is reached from the
// region of the node that reads it: the whole of service discovery. Pure.
import type { NodeSpec } from "../model/topology.ts";

/** Where `to` is reached from a region, as "host:port". */
export type Reach = (to: NodeSpec, fromRegion: string) => string;

export function resolveAddresses(
  environment: Readonly<Record<string, string>>,
  nodes: readonly NodeSpec[],
  fromRegion: string,
  reach: Reach,
): Readonly<Record<string, string>> {
  return mapValues(environment, (value) =>
    // One pass, so that what was put in is not looked at again.
    value.replace(ADDRESS, (written, name: string, port: string) => {
      const to = nodes.find((node) => node.name === name && node.port === Number(port));
      return to ? reach(to, fromRegion) : written;
    }),
  );
}

/** A name as Compose allows it, a colon and a port, standing as a word. */
const ADDRESS = /(?<![\w.-])([A-Za-z0-9][\w.-]*):(\d{1,5})(?![\w.-])/g;

/** Puts the passwords that this stack knows in place of those that are written: postgres://user:WRITTEN@db-us:5432/... */
export function insertPasswords(
  environment: Readonly<Record<string, string>>,
  passwords: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  return mapValues(environment, (value) =>
    value.replace(CREDENTIALS, (written, before: string, name: string, after: string) => {
      const password = passwords.get(name);
      return password === undefined ? written : `${before}:${encodeURIComponent(password)}@${name}${after}`;
    }),
  );
}

const CREDENTIALS = /(:\/\/[^:@/\s]*)(?::[^@/\s]*)?@([A-Za-z0-9][\w.-]*)(:\d{1,5})(?!\d)/g;

function mapValues(
  from: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value)]));
}
