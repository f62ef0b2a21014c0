// What a broken system, or a broken runner, would have told instead: each takes a good history and spoils one thing.
// `undefined` when the history has nothing of the kind to spoil.
import type { ConflictEvent, Event } from "../../src/model/event.ts";
import {
  acknowledged,
  boundOf,
  changed,
  finalsOf,
  grown,
  isOf,
  onlyALoser,
  recordsOf,
  saying,
  standing,
  withArgs,
  without,
} from "./spoiling.ts";

export interface Mutation {
  what: string;
  /** The verdicts that must turn. */
  rejectedBy: readonly string[];
  as: false | "unknown";
  spoil(history: readonly Event[]): Event[] | undefined;
}

export const mutations: readonly Mutation[] = [
  {
    what: "the last acknowledged write is rolled back everywhere",
    rejectedBy: ["no-lost-writes", "converges", "conflicts"],
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
    rejectedBy: ["no-lost-writes", "converges", "conflicts"],
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
    rejectedBy: ["no-lost-writes", "converges", "conflicts"],
    as: false,
    spoil(history) {
      const loser = onlyALoser(history);
      if (loser === undefined) return undefined;
      return without(history, (event) => event.type === "conflict" && event.loser?.id === loser);
    },
  },
  {
    what: "a write lost to a recorded conflict where losers are refused",
    rejectedBy: ["no-lost-writes"],
    as: false,
    spoil: (history) =>
      onlyALoser(history) === undefined
        ? undefined
        : changed(history, (event) =>
            event.type === "run" ? withArgs(event, "no-lost-writes", { losers: "refused" }) : event,
          ),
  },
  {
    what: "two regions, or a region and what it holds in the end, name different winners",
    rejectedBy: ["conflicts"],
    as: false,
    spoil(history) {
      const records = recordsOf(history);
      const pair = ({ key, winner, loser }: ConflictEvent) =>
        [key, ...[winner!.state, loser!.state].toSorted()].join(" ");
      const twice = records.find((a) => records.some((b) => a !== b && pair(a) === pair(b)));
      const finals = new Set(finalsOf(history).map(({ key, value }) => `${key} ${String(value)}`));
      const sentOnce = records.find(
        ({ key, winner }) =>
          finals.has(`${key} ${String(winner!.value)}`) &&
          !history.some((event) => event.type === "conflict" && event.kind !== "concurrent" && event.key === key),
      );
      const victim = twice ?? sentOnce;
      if (victim === undefined) return undefined;
      return changed(history, (event) =>
        event === victim ? { ...victim, winner: victim.loser, loser: victim.winner } : event,
      );
    },
  },
  {
    what: "a conflict was recorded between a write and one that had seen it",
    rejectedBy: ["conflicts"],
    as: false,
    spoil(history) {
      const found = standing(history);
      if (found === undefined) return undefined;
      const [winner, loser] = [found.last, found.before].map(({ invoke, complete }) => ({
        state: complete.state!,
        value: invoke.value,
        id: invoke.id,
      }));
      const { key } = found.last.invoke;
      const record = { type: "conflict", region: "us", number: 999, kind: "concurrent", key, rule: "none" } as const;
      const [seq, at] = [history.length + 1, history.at(-1)!.at];
      return [...history, { ...record, winner: winner!, loser: loser!, seq, at }];
    },
  },
  {
    what: "one more pair was recorded than ever met",
    rejectedBy: ["conflicts"],
    as: false,
    spoil(history) {
      const [first] = recordsOf(history);
      if (first === undefined) return undefined;
      const winner = { ...first.winner!, state: "us:999,eu:0" };
      const loser = { ...first.loser!, state: "us:0,eu:999" };
      const more = { ...first, number: 999, winner, loser, seq: history.length + 1 };
      return [...history, more];
    },
  },
  {
    what: "the surviving region had heard nothing of us",
    rejectedBy: ["rpo"],
    as: false,
    spoil(history) {
      const fault = history.find((event) => event.type === "fault")!;
      const oldest = acknowledged(history).find(({ complete }) => complete.servedBy === "backend-us");
      if (oldest === undefined || fault.at - oldest.complete.at <= boundOf(history, "rpo")) return undefined;
      return changed(history, (event) =>
        event.type === "surviving" ? { ...event, state: event.state!.replace(/us:\d+/, "us:0") } : event,
      );
    },
  },
  {
    what: "nobody read the surviving region",
    rejectedBy: ["rpo"],
    as: "unknown",
    spoil: (history) => without(history, (event) => event.type === "surviving"),
  },
  {
    what: "eu was once further behind",
    rejectedBy: ["lag"],
    as: false,
    spoil(history) {
      const victim = history.findLast((event) => event.type === "sample")!;
      const seconds = boundOf(history, "lag") / 1_000 + 0.001;
      return changed(history, (event) => (event === victim ? saying(victim, { us: seconds }) : event));
    },
  },
  {
    what: "eu never caught up after the fault, as far as anybody looked",
    rejectedBy: ["lag"],
    as: "unknown",
    spoil(history) {
      const end = history.findLast((event) => event.type === "fault")!;
      return changed(history, (event) => {
        if (event.type === "round") return { ...event, pending: { us: 0, eu: 1 } };
        if (event.type === "run") return withArgs(event, "lag", { region: "eu", "drains-within": 10_000 });
        return event.type === "sample" && event.at > end.at ? saying(event, { us: 1 + event.at / 1_000 }) : event;
      });
    },
  },
  {
    what: "eu could never be asked how far it is behind",
    rejectedBy: ["lag"],
    as: "unknown",
    spoil: (history) => changed(history, (event) => (event.type === "sample" ? saying(event, null) : event)),
  },
  {
    what: "most answers to the clients of us took longer",
    rejectedBy: ["latency"],
    as: false,
    spoil: (history) =>
      changed(history, (event) =>
        event.type === "complete" && isOf(history, event, "us") && event.op % 4 > 0
          ? { ...event, at: event.at + 1_000 }
          : event,
      ),
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
    rejectedBy: ["available", "latency"],
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
    rejectedBy: ["no-lost-writes", "no-duplicates", "converges", "conflicts"],
    as: "unknown",
    spoil: (history) => without(history, (event) => event.type === "healed"),
  },
  {
    what: "nobody read the regions in the end",
    rejectedBy: ["no-lost-writes", "no-duplicates", "converges", "conflicts"],
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
