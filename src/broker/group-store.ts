// What is kept of groups when members shall outlive a restart (KAFKA_GROUP_PERSIST_MEMBERS): as Apache Kafka does, the last
// generation that its leader has shared out. Its members are then expected back, each for one session. Without the setting
// nothing is kept: nobody is known after a restart, and everybody joins again.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { StorageError } from "./log/append-file.ts";
import { Journal, type JournalOptions } from "./log/journal.ts";
import type { Joining } from "./member.ts";

/** One generation, shared out. */
export interface Generation {
  group: string;
  generation: number;
  protocol: string;
  leader: string;
  /** Each with the one protocol that was agreed on. */
  members: readonly (Joining & { assignment: Buffer })[];
}

export interface GroupStore {
  /** Those that had members when the broker ended. */
  readonly kept: readonly Generation[];
  keep(generation: Generation): void;
  forget(group: string): void;
}

/** Apache Kafka keeps a group in one record, which may not be larger either. */
const MAX_ENTRY_BYTES = 1 << 20;

/** Bytes as base64. */
type Stored<T> = T extends Buffer
  ? string
  : T extends readonly (infer U)[]
    ? readonly Stored<U>[]
    : T extends object
      ? { [K in keyof T]: Stored<T[K]> }
      : T;
/** Alone: the group has no members any more. */
type Entry = readonly [group: string, ...([generation: Stored<Generation>] | [])];

export function openGroupStore(directory: string, persistMembers: boolean, options: JournalOptions): GroupStore {
  const path = join(directory, "groups.log");
  if (persistMembers) return new KeptGroups(path, options);
  rmSync(path, { force: true }); // whoever turns it on again must not meet members of long ago
  return { kept: [], keep: () => {}, forget: () => {} };
}

class KeptGroups implements GroupStore {
  readonly #byId = new Map<string, Entry>();
  readonly #journal: Journal<Entry>;
  readonly #log: (line: string) => void;

  constructor(path: string, options: JournalOptions) {
    this.#log = options.log;
    const apply = (entry: Entry) => {
      if (entry.length === 1) this.#byId.delete(entry[0]);
      else this.#byId.set(entry[0], entry);
    };
    this.#journal = new Journal(path, { apply, entries: () => [...this.#byId.values()] }, options);
  }

  get kept(): readonly Generation[] {
    return [...this.#byId.values()].flatMap(([, stored]) => (stored ? restored(stored) : []));
  }

  keep(generation: Generation): void {
    const stored = storedOf(generation);
    const bytes = JSON.stringify(stored).length;
    if (bytes <= MAX_ENTRY_BYTES) return this.#append([generation.group, stored]);
    this.#log(`group ${generation.group}: ${bytes} bytes are too many to keep; after a restart its members join again`);
    this.forget(generation.group);
  }

  forget(group: string): void {
    if (this.#byId.has(group)) this.#append([group]);
  }

  /** The group works on when the disk is full; after a restart its members are told to join again, which they survive. */
  #append(entry: Entry): void {
    try {
      void this.#journal.append([entry]);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#log(`group ${entry[0]}: its members are not kept: ${error.message}`);
    }
  }
}

function storedOf(generation: Generation): Stored<Generation> {
  const members = generation.members.map((member) => ({
    ...member,
    protocols: member.protocols.map(({ name, metadata }) => ({ name, metadata: metadata.toString("base64") })),
    assignment: member.assignment.toString("base64"),
  }));
  return { ...generation, members };
}

function restored(stored: Stored<Generation>): Generation {
  const members = stored.members.map((member) => ({
    ...member,
    protocols: member.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata, "base64") })),
    assignment: Buffer.from(member.assignment, "base64"),
  }));
  return { ...stored, members };
}
