// Times and events in words.
import type { Event } from "../../../model/event.ts";

/** 812 -> "812 ms", 12345 -> "12.35 s", as the sentences of the verdicts count: since the stack came up. */
export function time(ms: number): string {
  if (Math.abs(ms) < 1_000) return `${digits(ms, 1)} ms`;
  if (Math.abs(ms) < 600_000) return `${digits(ms / 1_000, 3)} s`;
  return `${digits(ms / 60_000, 2)} min`;
}

/** The same on an axis, where there is little room. */
export function tick(ms: number): string {
  if (Math.abs(ms) < 1_000) return `${digits(ms, 0)} ms`;
  return Math.abs(ms) < 600_000 ? `${digits(ms / 1_000, 2)} s` : `${digits(ms / 60_000, 2)} min`;
}

export const digits = (n: number, most: number): string => n.toLocaleString("en-US", { maximumFractionDigits: most });

export const MARKS: Readonly<Record<string, string>> = {
  passed: "✓",
  failed: "✗",
  errored: "!",
  inconclusive: "?",
  interrupted: "?",
  gap: "–",
};

type Sayings = { readonly [T in Event["type"]]?: (event: Extract<Event, { type: T }>) => string };

const SAYINGS: Sayings = {
  invoke: (e) =>
    `${e.client} asks ${e.region} to ${e.kind} key ${e.key}${e.kind === "write" ? `: ${text(e.value)}` : ""}` +
    `${e.basis === undefined ? "" : `, having seen ${e.basis}`}`,
  complete: (e) =>
    e.outcome.type === "ok"
      ? `answered: ${text(e.value)}${e.state === undefined ? "" : ` at ${e.state}`}${e.servedBy ? `, by ${e.servedBy}` : ""}`
      : `${e.outcome.type === "fail" ? "certainly not done" : "may have been done"}: ${e.outcome.error}`,
  missed: (e) => `nobody was free to begin an operation for ${e.region} that was due at ${time(e.due)}`,
  step: (e) => (e.phase === "begin" ? `step ${e.path} begins: ${e.text}` : `step ${e.path} ${e.verdict}`),
  fault: (e) => {
    if (e.phase === "begun") return `fault ${e.fault.id} begins: ${e.fault.kind} ${e.fault.targets.join(", ")}`;
    return e.phase === "proved" ? `fault ${e.id}, measured: ${e.measured}` : `fault ${e.id} ended by ${e.by}`;
  },
  node: (e) => `${e.node} is ${e.state}`,
  sample: () => "a sample of every region",
  probe: (e) => `probe of ${e.region}: ${e.ok ? "answered" : (e.error ?? "not answered")}`,
  conflict: (e) =>
    `${e.region} recorded (${e.kind}) of key ${e.key}: ${text(e.winner?.value)} won over ${text(e.loser?.value)}`,
  healed: () => "healed: every fault has ended",
  round: (e) => `every key read: ${e.differing.length === 0 ? "all equal" : `${e.differing.length} differ`}`,
  final: (e) => `in the end ${e.region} holds of key ${e.key}: ${text(e.value)}${e.state ? ` at ${e.state}` : ""}`,
  surviving: (e) => `${e.region}, which ${e.fault} left alone, shows of key ${e.key}: ${text(e.value)}`,
  leftovers: (e) => (e.found.length === 0 ? "nothing is left over" : `left over: ${e.found.join("; ")}`),
  log: (e) => e.text,
  end: (e) => `the run ended: ${e.reason}${e.error ? `: ${e.error}` : ""}`,
};

export function sayEvent(event: Event): string {
  const say = SAYINGS[event.type] as ((event: Event) => string) | undefined;
  return say?.(event) ?? event.type;
}

const text = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));
