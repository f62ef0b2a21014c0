// Registers to judge: what clients of a correct one could have seen, what spoils that, and anything at all; and the slowest and
// plainest judge of them, which tries every order of everything.
import type { Plain } from "../../../src/checkers/linearizable/model.ts";
import type { Random } from "../../../src/model/random.ts";

export interface WorldOptions {
  operations?: number;
  /** The values that writes draw from; without it every value is new. */
  values?: number;
  clients?: number;
}

interface Effect {
  at: number;
  apply(): void;
}

/**
 * A register in one place, asked by clients who wait, answer by answer; each operation takes effect at one moment between its
 * two ends. Answers get lost (the effect comes then, later, or never), requests get lost, writes of elsewhere arrive when they
 * like, win or lose (then only the version grows), and writers say which version they expect and are refused otherwise.
 */
export function atomic(random: Random, { operations = 30, values, clients = 3 }: WorldOptions = {}): Plain[] {
  const done: Plain[] = [];
  const effects: Effect[] = [];
  let [value, version, next] = [0, 1, 0];
  const fresh = () => (values === undefined ? ++next : 1 + Math.floor(random.next() * values));
  const set = (to: number) => {
    value = to;
    return ++version;
  };
  let known: number | undefined;
  const free = Array.from({ length: clients }, () => random.next() * 5);
  for (let i = 0; i < operations; i++) {
    const client = free.indexOf(Math.min(...free));
    const invoked = free[client]!;
    const at = invoked + random.next() * 10;
    const completed = at + random.next() * 10;
    free[client] = completed + random.next() * 5;
    const chance = random.next();
    if (chance < 0.5) {
      const read: Plain = { kind: "read", value: 0, invoked, completed };
      effects.push({
        at,
        apply() {
          Object.assign(read, { value, version });
          known = version;
        },
      });
      done.push(read);
      continue;
    }
    const write: Plain = { kind: "write", value: fresh(), invoked, completed };
    if (chance < 0.75) {
      const expected = random.next() < 0.5;
      effects.push({
        at,
        apply() {
          if (expected && known !== version) return void done.splice(done.indexOf(write), 1); // refused
          if (expected) write.expected = version;
          write.version = set(write.value as number);
        },
      });
    } else {
      // Of elsewhere, or without an answer.
      write.completed = Infinity;
      const late = at + random.next() * 40;
      if (chance < 0.9) effects.push({ at: late, apply: () => set(write.value as number) });
      else if (chance < 0.95) effects.push({ at: late, apply: () => version++ });
    }
    done.push(write);
  }
  for (const { apply } of effects.toSorted((a, b) => a.at - b.at)) apply();
  return done;
}

/** Anything at all, true or not: small times, so that much overlaps and much is a tie. */
export function anything(random: Random, { operations = 6, values }: WorldOptions = {}): Plain[] {
  const upTo = (n: number) => Math.floor(random.next() * n);
  const written: number[] = [0];
  const writes = 1 + upTo(operations - 1);
  return Array.from({ length: operations }, (_, i): Plain => {
    const invoked = upTo(12);
    const completed = invoked + upTo(6);
    const version = 1 + upTo(5);
    const read = random.next() < 0.03 ? -1 : random.pick(written);
    if (i >= writes) return { kind: "read", value: read, invoked, completed, version };
    const value = values === undefined ? i + 1 : upTo(values);
    written.push(value);
    if (random.next() < 0.35) return { kind: "write", value, invoked, completed: Infinity };
    const expected = random.next() < 0.3 ? upTo(5) : undefined;
    return { kind: "write", value, invoked, completed, version, expected };
  });
}

export interface Spoiling {
  what: string;
  /** undefined: there is nothing of the kind to spoil. */
  spoil(operations: readonly Plain[], random: Random): Plain[] | undefined;
}

const replaced = (operations: readonly Plain[], at: Plain, by: Partial<Plain>): Plain[] =>
  operations.map((one) => (one === at ? { ...one, ...by } : one));

const drawn = (random: Random, from: readonly Plain[]) => (from.length === 0 ? undefined : random.pick(from));
const reads = (operations: readonly Plain[]) => operations.filter(({ kind }) => kind === "read");
const acknowledged = (operations: readonly Plain[]) =>
  operations.filter(({ kind, completed }) => kind === "write" && completed !== Infinity);

/** What a broken system would have answered instead. */
export const spoilings: readonly Spoiling[] = [
  {
    what: "an acknowledged write had no effect",
    spoil(operations, random) {
      const write = drawn(random, acknowledged(operations));
      const before = reads(operations).find(({ version }) => version! < (write?.version ?? 0));
      if (write === undefined || before === undefined) return undefined;
      const { value, version } = before;
      return operations.map((one) =>
        one.kind === "read" && one.value === write.value ? { ...one, value, version } : one,
      );
    },
  },
  {
    what: "the versions of two writes are swapped",
    spoil(operations, random) {
      const [one, other] = [drawn(random, acknowledged(operations)), drawn(random, acknowledged(operations))];
      if (one === undefined || other === undefined || one === other) return undefined;
      const once = replaced(operations, one, { version: other.version });
      return once.map((write) => (write === other ? { ...write, version: one.version } : write));
    },
  },
  {
    what: "two writes made one version",
    spoil(operations, random) {
      const [one, other] = [drawn(random, acknowledged(operations)), drawn(random, acknowledged(operations))];
      return one === undefined || other === undefined || one === other
        ? undefined
        : replaced(operations, one, { version: other.version });
    },
  },
  {
    what: "a write took effect once more at the end",
    spoil(operations, random) {
      const write = drawn(random, acknowledged(operations));
      const invoked =
        Math.max(...operations.map((one) => (one.completed === Infinity ? one.invoked : one.completed))) + 1;
      const greatest = Math.max(...operations.map(({ version = 0 }) => version));
      if (write === undefined) return undefined;
      return [
        ...operations,
        { kind: "read", value: write.value, invoked, completed: invoked + 1, version: greatest + 1 },
      ];
    },
  },
  {
    what: "a read is stale",
    spoil(operations, random) {
      const read = drawn(random, reads(operations));
      const old = drawn(
        random,
        reads(operations).filter(({ version }) => version! < (read?.version ?? 0)),
      );
      if (read === undefined || old === undefined) return undefined;
      return replaced(operations, read, { value: old.value, version: old.version });
    },
  },
  {
    what: "a read is from the future",
    spoil(operations, random) {
      const read = drawn(random, reads(operations));
      const write = operations.find(
        (one) => one.kind === "write" && read !== undefined && one.invoked > read.completed,
      );
      if (read === undefined || write === undefined) return undefined;
      return replaced(operations, read, { value: write.value, version: write.version ?? read.version });
    },
  },
  {
    what: "a read shows what nobody wrote",
    spoil(operations, random) {
      const read = drawn(random, reads(operations));
      return read === undefined ? undefined : replaced(operations, read, { value: -1 });
    },
  },
];

/** Tries every order. `versions`: they must be explained too. Only for a few operations. */
export function tryAll(operations: readonly Plain[], initial: unknown, versions: boolean): boolean {
  const left = new Set(operations);
  const go = (value: unknown, version: number, changed: boolean): boolean => {
    if ([...left].every(({ completed }) => completed === Infinity)) return true;
    for (const one of operations) {
      if (!left.has(one)) continue;
      if ([...left].some((other) => other.completed < one.invoked)) continue;
      const above = changed ? one.version! > version : one.version! >= version;
      let [nextVersion, nextChanged] = [versions ? (one.version ?? version) : version, false];
      if (one.kind === "read") {
        if (one.value !== value || (versions && !above)) continue;
      } else if (one.completed === Infinity) {
        nextChanged = true; // its version is somewhere above, below that of whatever comes next
      } else if (versions) {
        const expects = one.expected;
        if (expects !== undefined && !(changed ? expects > version : expects >= version)) continue;
        if (one.version! <= (expects ?? version)) continue;
      }
      left.delete(one);
      const found = go(one.value, nextVersion, nextChanged);
      left.add(one);
      if (found) return true;
    }
    return false;
  };
  return go(initial, -Infinity, false);
}
