// What may stand in the body of PUT /control, checked by hand: the whole Control, or a sentence about the first thing wrong.
import type { Control, ReplicationFault } from "../../model/fault.ts";

/** 24 days: what scenarios can say at most, and what timers can wait for. */
const LONGEST_MS = 24 * 24 * 60 * 60_000;

const EXAMPLE =
  '{"hold": false, "skewMs": 0, "replication": {"us": {"pause": false, "delayMs": 0, "duplicate": 0, "reorderMs": 0}}}';

export class WrongOrder extends Error {
  override name = "WrongOrder";
}

/** Throws WrongOrder. `sources`: the regions whose writes arrive here. */
export function parseOrder(body: string, sources: readonly string[]): Control {
  const order = fieldsOf(parsed(body), ["hold", "skewMs", "replication"], "The body");
  if (!isRecord(order.replication))
    throw new WrongOrder(`replication must be a map of source regions, not ${said(order.replication)}`);
  const replication = Object.entries(order.replication).map(([source, fault]) => {
    if (!sources.includes(source))
      throw new WrongOrder(`Nothing arrives here from ${said(source)}: sources are ${sources.join(", ") || "none"}`);
    return [source, faultOf(fault, `replication.${source}`)] as const;
  });
  return {
    hold: truth(order.hold, "hold"),
    skewMs: number(order.skewMs, "skewMs", -LONGEST_MS, LONGEST_MS),
    replication: Object.fromEntries(replication),
  };
}

function faultOf(value: unknown, where: string): ReplicationFault {
  const fault = fieldsOf(value, ["pause", "delayMs", "duplicate", "reorderMs"], where);
  return {
    pause: truth(fault.pause, `${where}.pause`),
    delayMs: number(fault.delayMs, `${where}.delayMs`, 0, LONGEST_MS),
    duplicate: number(fault.duplicate, `${where}.duplicate`, 0, 1),
    reorderMs: number(fault.reorderMs, `${where}.reorderMs`, 0, LONGEST_MS),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new WrongOrder(`The body is not JSON: send ${EXAMPLE}`);
  }
}

/** Exactly these: a field that was forgotten would silently end what it stands for. */
function fieldsOf<K extends string>(value: unknown, names: readonly K[], where: string): Record<K, unknown> {
  if (!isRecord(value)) throw new WrongOrder(`${where} must be an object, not ${said(value)}: send ${EXAMPLE}`);
  const missing = names.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) throw new WrongOrder(`${where} lacks ${missing}: send ${EXAMPLE}`);
  const unknown = Object.keys(value).find((name) => !names.some((known) => known === name));
  if (unknown !== undefined)
    throw new WrongOrder(`${where} has a field ${said(unknown)}, but there are only ${names.join(", ")}`);
  return value as Record<K, unknown>;
}

function truth(value: unknown, where: string): boolean {
  if (typeof value === "boolean") return value;
  throw new WrongOrder(`${where} must be true or false, not ${said(value)}`);
}

function number(value: unknown, where: string, least: number, greatest: number): number {
  if (typeof value === "number" && value >= least && value <= greatest) return value === 0 ? 0 : value;
  throw new WrongOrder(`${where} must be a number from ${least} to ${greatest}, not ${said(value)}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function said(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
