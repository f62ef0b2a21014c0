// What mutations.ts looks for in a history, and how it changes one.
import type { Complete, ConflictEvent, Event, Final, Invoke, RunBegun, Sample } from "../../src/model/event.ts";
import { covers, parseVector } from "../../src/model/vector.ts";

type At<T> = T & { seq: number; at: number };

export interface Written {
  invoke: At<Invoke>;
  complete: At<Complete>;
}

export function acknowledged(history: readonly Event[]): readonly Written[] {
  const invokes = new Map(history.filter((event) => event.type === "invoke").map((event) => [event.op, event]));
  return history
    .filter((event): event is At<Complete> => event.type === "complete" && event.outcome.type === "ok")
    .map((complete) => ({ complete, invoke: invokes.get(complete.op)! }))
    .filter(({ invoke, complete }) => invoke.kind === "write" && !complete.stored);
}

export const finalsOf = (history: readonly Event[]) =>
  history.filter((event): event is At<Final> => event.type === "final");

/** An acknowledged write that stands in the end, and an earlier one of the same key that was its basis. */
export function standing(history: readonly Event[]): { last: Written; before: Written } | undefined {
  const writes = acknowledged(history);
  for (const final of finalsOf(history)) {
    const last = writes.find(({ invoke }) => invoke.key === final.key && invoke.value === final.value);
    const before = writes.find(
      ({ invoke, complete }) => invoke.key === final.key && complete.state === last?.invoke.basis,
    );
    if (last !== undefined && before !== undefined) return { last, before };
  }
  return undefined;
}

export const changed = (history: readonly Event[], change: (event: Event) => Event | undefined): Event[] =>
  history.map(change).filter((event) => event !== undefined);

export const without = (history: readonly Event[], drop: (event: Event) => boolean): Event[] | undefined => {
  const left = history.filter((event) => !drop(event));
  return left.length === history.length ? undefined : left;
};

export const recordsOf = (history: readonly Event[]) =>
  history.filter((event): event is At<ConflictEvent> => event.type === "conflict" && event.kind === "concurrent");

/** The bound that the world itself worked out. */
export function boundOf(history: readonly Event[], name: string): number {
  const [run] = history;
  const expectation = run?.type === "run" ? run.scenario.expect.find((one) => one.name === name) : undefined;
  if (expectation === undefined) throw new Error(`the world expects nothing of "${name}"`);
  return (expectation.args as { "at-most": number })["at-most"];
}

export function withArgs(run: At<RunBegun>, name: string, args: object): Event {
  const expect = run.scenario.expect.map((one) => (one.name === name ? { ...one, args } : one));
  return { ...run, scenario: { ...run.scenario, expect } };
}

export function saying(sample: At<Sample>, lagSeconds: Record<string, number> | null): Event {
  return { ...sample, regions: { ...sample.regions, eu: { ...sample.regions["eu"]!, lagSeconds } } };
}

/** A write that nothing but conflict records accounts for: no later write of its key had seen it. */
export function onlyALoser(history: readonly Event[]): string | undefined {
  const bases = history.flatMap((event) =>
    event.type === "invoke" && event.kind === "write" && event.basis
      ? [{ key: event.key, basis: parseVector(event.basis)! }]
      : [],
  );
  const losers = history.filter(
    (event): event is At<ConflictEvent> => event.type === "conflict" && event.kind === "concurrent",
  );
  const twice = new Set(
    history.flatMap((event) =>
      event.type === "conflict" && event.kind === "duplicate-request" ? [event.loser?.id] : [],
    ),
  );
  const answered = new Set(acknowledged(history).map(({ invoke }) => invoke.id));
  return losers.find(({ key, loser }) => {
    const state = parseVector(loser!.state)!;
    const seen = bases.some((one) => one.key === key && covers(one.basis, state));
    return answered.has(loser!.id) && !twice.has(loser!.id) && !seen;
  })?.loser?.id;
}

export function isOf(history: readonly Event[], complete: Complete, region: string): boolean {
  return history.some((event) => event.type === "invoke" && event.op === complete.op && event.region === region);
}

/** One more write of us than there was. */
export const grown = (state: string): string =>
  state.replace(/us:(\d+)/, (_, counter: string) => `us:${Number(counter) + 1}`);
