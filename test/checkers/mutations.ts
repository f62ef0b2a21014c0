// What a broken system, or a broken runner, would have told instead: each takes a good history and spoils one thing.
// `undefined` when the history has nothing of the kind to spoil.
import type { Complete, ConflictEvent, Event, Final, Invoke } from "../../src/model/event.ts";
import { covers, parseVector } from "../../src/model/vector.ts";

type At<T> = T & { seq: number; at: number };

export interface Mutation {
  what: string;
  /** The verdicts that must turn. */
  rejectedBy: readonly string[];
  as: false | "unknown";
  spoil(history: readonly Event[]): Event[] | undefined;
}

interface Written {
  invoke: At<Invoke>;
  complete: At<Complete>;
}

function acknowledged(history: readonly Event[]): readonly Written[] {
  const invokes = new Map(history.filter((event) => event.type === "invoke").map((event) => [event.op, event]));
  return history
    .filter((event): event is At<Complete> => event.type === "complete" && event.outcome.type === "ok")
    .map((complete) => ({ complete, invoke: invokes.get(complete.op)! }))
    .filter(({ invoke, complete }) => invoke.kind === "write" && !complete.stored);
}

const finalsOf = (history: readonly Event[]) => history.filter((event): event is At<Final> => event.type === "final");

/** An acknowledged write that stands in the end, and an earlier one of the same key that was its basis. */
function standing(history: readonly Event[]): { last: Written; before: Written } | undefined {
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

const changed = (history: readonly Event[], change: (event: Event) => Event | undefined): Event[] =>
  history.map(change).filter((event) => event !== undefined);

const without = (history: readonly Event[], drop: (event: Event) => boolean): Event[] | undefined => {
  const left = history.filter((event) => !drop(event));
  return left.length === history.length ? undefined : left;
};

export const mutations: readonly Mutation[] = [
  {
    what: "the last acknowledged write is rolled back everywhere",
    rejectedBy: ["no-lost-writes", "converges"],
    as: false,
    spoil(history) {
      const found = standing(history);
      if (found === undefined) return undefined;
      const { value } = found.before.invoke;
      const { state, version } = found.before.complete;
      return changed(history, (event) =>
        event.type === "final" && event.key === found.last.invoke.key ? { ...event, value, state, version } : event,
      );
    },
  },
  {
    what: "the last acknowledged write's value vanished, its state did not",
    rejectedBy: ["no-lost-writes", "converges"],
    as: false,
    spoil(history) {
      const found = standing(history);
      if (found === undefined) return undefined;
      return changed(history, (event) =>
        event.type === "final" && event.key === found.last.invoke.key
          ? { ...event, value: found.before.invoke.value }
          : event,
      );
    },
  },
  {
    what: "two answers to writes of one region and key are swapped",
    rejectedBy: ["no-lost-writes"],
    as: false,
    spoil(history) {
      const writes = acknowledged(history);
      for (const a of writes)
        for (const b of writes) {
          const same = a !== b && a.invoke.key === b.invoke.key && a.complete.servedBy === b.complete.servedBy;
          const sentOnce = [a, b].every(
            ({ invoke }) => history.filter((event) => event.type === "invoke" && event.id === invoke.id).length === 1,
          );
          if (!same || !sentOnce) continue;
          return changed(history, (event) => {
            if (event === a.complete) return { ...a.complete, state: b.complete.state, version: b.complete.version };
            if (event === b.complete) return { ...b.complete, state: a.complete.state, version: a.complete.version };
            return event;
          });
        }
      return undefined;
    },
  },
  {
    what: "an effect happened once more",
    rejectedBy: ["no-duplicates"],
    as: false,
    spoil(history) {
      const doubtful = new Set(
        history.flatMap((event) =>
          event.type === "conflict" && event.kind === "duplicate-request" ? [event.key] : [],
        ),
      );
      const invokes = new Map(
        history.flatMap((event) => (event.type === "invoke" ? [[event.op, event] as const] : [])),
      );
      for (const event of history)
        if (event.type === "complete" && event.outcome.type === "unknown" && invokes.get(event.op)!.kind === "write")
          doubtful.add(invokes.get(event.op)!.key);
      const certain = acknowledged(history).find(({ invoke }) => !doubtful.has(invoke.key));
      if (certain === undefined) return undefined;
      return changed(history, (event) =>
        event.type === "final" && event.key === certain.invoke.key
          ? { ...event, state: grown(event.state!), version: event.version! + 1 }
          : event,
      );
    },
  },
  {
    what: "a repeat was answered with another state",
    rejectedBy: ["no-duplicates"],
    as: false,
    spoil(history) {
      const found = acknowledged(history).at(-1);
      if (found === undefined) return undefined;
      const op = 1_000_000;
      const again: Event[] = [
        { ...found.invoke, op, repeatOf: found.invoke.op },
        { ...found.complete, op, state: grown(found.complete.state!), stored: undefined },
      ];
      return history.flatMap((event) => (event === found.complete ? [event, ...again] : [event]));
    },
  },
  {
    what: "the same id was accepted with another value",
    rejectedBy: ["no-duplicates"],
    as: false,
    spoil(history) {
      const found = acknowledged(history).at(-1);
      if (found === undefined) return undefined;
      const op = 1_000_000;
      const other: Event[] = [
        { ...found.invoke, op, value: -1 },
        { ...found.complete, op, value: -1 },
      ];
      return history.flatMap((event) => (event === found.complete ? [event, ...other] : [event]));
    },
  },
  {
    what: "a loser's conflict was never recorded",
    rejectedBy: ["no-lost-writes", "converges"],
    as: false,
    spoil(history) {
      const loser = onlyALoser(history);
      if (loser === undefined) return undefined;
      return without(history, (event) => event.type === "conflict" && event.loser?.id === loser);
    },
  },
  {
    what: "one region holds another value in the end",
    rejectedBy: ["converges"],
    as: false,
    spoil(history) {
      const written = new Set(acknowledged(history).map(({ invoke }) => invoke.key));
      const victim = finalsOf(history).find((final) => final.region === "eu" && written.has(final.key));
      if (victim === undefined) return undefined;
      return changed(history, (event) => (event === victim ? { ...victim, value: -1 } : event));
    },
  },
  {
    what: "all regions hold a value that nobody wrote",
    rejectedBy: ["converges"],
    as: false,
    spoil(history) {
      const key = acknowledged(history)[0]?.invoke.key;
      if (key === undefined) return undefined;
      return changed(history, (event) =>
        event.type === "final" && event.key === key ? { ...event, value: -1 } : event,
      );
    },
  },
  {
    what: "replication had not drained when the reading stopped",
    rejectedBy: ["converges"],
    as: "unknown",
    spoil: (history) =>
      changed(history, (event) => (event.type === "round" ? { ...event, pending: { us: 0, eu: 3 } } : event)),
  },
  {
    what: "the fault was never proved",
    rejectedBy: ["faults-took-effect"],
    as: false,
    spoil: (history) => without(history, (event) => event.type === "fault" && event.phase === "proved"),
  },
  {
    what: "the region stayed down",
    rejectedBy: ["recovers"],
    as: "unknown",
    spoil(history) {
      const begun = history.findIndex((event) => event.type === "fault");
      return changed(history, (event) =>
        event.type === "probe" && event.region === "us" && event.seq > begun ? { ...event, ok: false } : event,
      );
    },
  },
  {
    what: "nobody answered the clients of us",
    rejectedBy: ["available"],
    as: false,
    spoil: (history) =>
      changed(history, (event) =>
        event.type === "complete" && isOf(history, event, "us")
          ? {
              type: "complete",
              op: event.op,
              seq: event.seq,
              at: event.at,
              outcome: { type: "unknown", error: "timeout" },
            }
          : event,
      ),
  },
  {
    what: "it never came to rest",
    rejectedBy: ["no-lost-writes", "no-duplicates", "converges"],
    as: "unknown",
    spoil: (history) => without(history, (event) => event.type === "healed"),
  },
  {
    what: "nobody read the regions in the end",
    rejectedBy: ["no-lost-writes", "no-duplicates", "converges"],
    as: "unknown",
    spoil: (history) => without(history, (event) => event.type === "final"),
  },
  {
    what: "a node is still paused after the heal",
    rejectedBy: ["nothing-left"],
    as: false,
    spoil: (history) =>
      changed(history, (event) => (event.type === "leftovers" ? { ...event, found: ["backend-us is paused"] } : event)),
  },
  {
    what: "the runner died",
    rejectedBy: ["ended"],
    as: false,
    spoil: (history) => without(history, (event) => event.type === "end"),
  },
];

/** A write that nothing but conflict records accounts for: no later write of its key had seen it. */
function onlyALoser(history: readonly Event[]): string | undefined {
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

function isOf(history: readonly Event[], complete: Complete, region: string): boolean {
  return history.some((event) => event.type === "invoke" && event.op === complete.op && event.region === region);
}

/** One more write of us than there was. */
const grown = (state: string): string => state.replace(/us:(\d+)/, (_, counter: string) => `us:${Number(counter) + 1}`);
