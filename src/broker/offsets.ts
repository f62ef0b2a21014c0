// The positions that groups commit: in memory by group, and in a journal of one entry per commit.
import { join } from "node:path";
import { StorageError } from "./log/append-file.ts";
import { Journal, type JournalOptions } from "./log/journal.ts";

export interface Commit {
  topic: string;
  partition: number;
  offset: number;
  metadata: string | null;
}

/** Without an offset: the position is forgotten. */
type Entry = readonly [
  group: string,
  topic: string,
  partition: number,
  ...([offset: number, metadata: string | null] | []),
];

export class Offsets {
  /** group -> "topic/partition" -> the last commit */
  readonly #groups = new Map<string, Map<string, Commit>>();
  readonly #journal: Journal<Entry>;
  readonly #log: (line: string) => void;

  constructor(directory: string, options: JournalOptions) {
    this.#log = options.log;
    const subject = { apply: (entry: Entry) => this.#apply(entry), entries: () => this.#entries() };
    this.#journal = new Journal(join(directory, "offsets.log"), subject, options);
  }

  /** Those that have committed something. */
  get groups(): readonly string[] {
    return [...this.#groups.keys()];
  }

  /** All of one request or none of it. `safe` as for a partition. Throws StorageError, and then nothing was kept. */
  commit(group: string, commits: readonly Commit[]): Promise<void> | undefined {
    return this.#journal.append(
      commits.map(({ topic, partition, offset, metadata }) => [group, topic, partition, offset, metadata]),
    );
  }

  /** Everything that the group has committed. Throws StorageError, and then all of it is still there. */
  forget(group: string): Promise<void> | undefined {
    return this.#journal.append(this.ofGroup(group).map(({ topic, partition }) => [group, topic, partition]));
  }

  /** Positions in topics that are no more. What a full disk does not take, the next start does again. */
  forgetTopics(isGone: (topic: string) => boolean): Promise<void> | undefined {
    const gone = this.#entries()
      .filter(([, topic]) => isGone(topic))
      .map(([group, topic, partition]): Entry => [group, topic, partition]);
    try {
      return this.#journal.append(gone);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#log(`offsets of deleted topics are forgotten in memory only: ${error.message}`);
      for (const entry of gone) this.#apply(entry);
      return undefined;
    }
  }

  find(group: string, topic: string, partition: number): Commit | undefined {
    return this.#groups.get(group)?.get(`${topic}/${partition}`);
  }

  ofGroup(group: string): readonly Commit[] {
    return [...(this.#groups.get(group)?.values() ?? [])];
  }

  #apply([group, topic, partition, offset, metadata]: Entry): void {
    const commits = this.#groups.get(group) ?? new Map<string, Commit>();
    if (offset === undefined) commits.delete(`${topic}/${partition}`);
    else commits.set(`${topic}/${partition}`, { topic, partition, offset, metadata: metadata ?? null });
    if (commits.size > 0) this.#groups.set(group, commits);
    else this.#groups.delete(group);
  }

  #entries(): readonly Entry[] {
    return [...this.#groups].flatMap(([group, commits]) =>
      [...commits.values()].map(({ topic, partition, offset, metadata }): Entry => [
        group,
        topic,
        partition,
        offset,
        metadata,
      ]),
    );
  }
}
