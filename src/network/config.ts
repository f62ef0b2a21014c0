// LINK_CONFIG: the listeners of the program, whom they lead to, and who may steer it.
import type { HostPort, LinkConfig, LinkListener } from "../model/link.ts";
import { InputProblem, list, number, record, said, text } from "./check.ts";
import { rulesOf } from "./order.ts";

const EXPECTED =
  'expected JSON such as {"listeners": [{"from": "edge", "to": "backend-us", "toZone": "us", "listen": {"host": "127.0.0.1", "port": 7000}, "upstream": {"host": "127.0.0.1", "port": 8000}}]}';
const MOST_LISTENERS = 1_000;

/** Throws InputProblem: one line that says what is wrong. */
export function readConfig(written: string | undefined): LinkConfig {
  if (written === undefined) throw new InputProblem(`LINK_CONFIG is missing: ${EXPECTED}`);
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch (error) {
    throw new InputProblem(`LINK_CONFIG is not JSON (${(error as Error).message}): ${EXPECTED}`);
  }
  const given = record(value, "LINK_CONFIG", ["listeners", "control?", "rules?"]);
  const listeners = list(given["listeners"], "listeners", MOST_LISTENERS).map((each, i) =>
    listenerOf(each, `listeners[${i}]`),
  );
  if (listeners.length === 0) throw new InputProblem(`listeners is empty: ${EXPECTED}`);
  const control = given["control"] === undefined ? undefined : controlOf(given["control"]);
  refuseTwins(listeners, control);
  return { listeners, control, rules: rulesOf(given["rules"] ?? [], "rules", listeners) };
}

function listenerOf(value: unknown, where: string): LinkListener {
  const given = record(value, where, ["from", "to", "toZone", "listen", "upstream"]);
  const from = text(given["from"], `${where}.from`);
  const to = text(given["to"], `${where}.to`);
  const toZone = text(given["toZone"], `${where}.toZone`);
  if (from === toZone) throw new InputProblem(`${where} stays in ${from}: what crosses no link needs no listener`);
  const listen = hostPortOf(given["listen"], `${where}.listen`);
  return { from, to, toZone, listen, upstream: hostPortOf(given["upstream"], `${where}.upstream`) };
}

function hostPortOf(value: unknown, where: string): HostPort {
  const { host, port } = record(value, where, ["host", "port"]);
  return { host: text(host, `${where}.host`), port: portOf(port, `${where}.port`) };
}

const portOf = (value: unknown, where: string) => number(value, where, { least: 1, most: 65_535, whole: true });

function controlOf(value: unknown): NonNullable<LinkConfig["control"]> {
  const { host, port, token } = record(value, "control", ["host", "port", "token"]);
  // An empty one would let everybody in.
  if (typeof token !== "string" || token.length < 16)
    throw new InputProblem("control.token must be a text of at least 16 characters");
  return { host: text(host, "control.host"), port: portOf(port, "control.port"), token };
}

/** Each crossing once, each port once. */
function refuseTwins(listeners: readonly LinkListener[], control: LinkConfig["control"]): void {
  const addresses = [...listeners.map(({ listen }) => listen), ...(control ? [control] : [])];
  const seen = new Set<string>();
  for (const key of [
    ...listeners.map(({ from, to }) => `${said(from)} to ${said(to)}`),
    ...addresses.map(({ host, port }) => `${host}:${port}`),
  ]) {
    if (seen.has(key)) throw new InputProblem(`LINK_CONFIG has ${key} twice`);
    seen.add(key);
  }
}
