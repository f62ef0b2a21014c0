// The topics: a small file replaced as a whole, and a folder per partition. The file is the truth; a folder that it does not
// name is what an interrupted creation left behind, and empty.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { numberOf } from "./configs.ts";
import { finishDeletions, setAside } from "./deleted.ts";
import { replaceFile, StorageError } from "./log/append-file.ts";
import { Partition, type PartitionOptions } from "./log/partition.ts";
import type { Settings } from "./settings.ts";

/** Of all topics together: each partition costs an open file. */
export const MAX_PARTITIONS = 10_000;

export interface Topic {
  name: string;
  partitions: readonly Partition[];
  config: Readonly<Record<string, string>>;
}

interface Stored {
  name: string;
  partitions: number;
  config: Readonly<Record<string, string>>;
}

/** A name becomes a folder, so nothing else than Apache Kafka's own characters, and neither "." nor "..". */
export function isTopicName(name: string): boolean {
  return /^[A-Za-z0-9._-]{1,249}$/.test(name) && name !== "." && name !== "..";
}

export class Topics {
  readonly #settings: Settings;
  readonly #options: Omit<PartitionOptions, "segmentBytes">;
  readonly #byName = new Map<string, Topic>();

  constructor(settings: Settings, options: Omit<PartitionOptions, "segmentBytes">) {
    this.#settings = settings;
    this.#options = options;
    const topics = readTopics(this.#path);
    const folders = new Set(topics.flatMap(({ name, partitions }) => range(0, partitions).map(folderOf(name))));
    finishDeletions(settings.directory, (folder) => folders.has(folder));
    for (const stored of topics) this.#byName.set(stored.name, this.#open(stored));
  }

  get all(): readonly Topic[] {
    return [...this.#byName.values()];
  }

  get partitionCount(): number {
    return this.all.reduce((sum, topic) => sum + topic.partitions.length, 0);
  }

  named(name: string): Topic | undefined {
    return this.#byName.get(name);
  }

  partition(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.partitions[index];
  }

  /** A topic whose folder would be the same on a disk that ignores case. */
  clashing(name: string): Topic | undefined {
    return this.all.find((topic) => topic.name.toLowerCase() === name.toLowerCase());
  }

  /** The name must be valid and free. Throws StorageError, and then there is no such topic. */
  create(name: string, partitions: number, config: Readonly<Record<string, string>>): void {
    this.#put(this.#open({ name, partitions, config }), []);
  }

  /** To more partitions than it has. Throws StorageError, and then it has as many as before. */
  grow(topic: Topic, partitions: number): void {
    const grown = this.#open({ ...topic, partitions }, topic.partitions);
    this.#put(grown, topic.partitions);
  }

  /** With all it holds. Throws StorageError, and then it is all there. Resolves when the disk is free of it. */
  delete(topic: Topic): Promise<void> {
    const folders = [...topic.partitions.keys()].map(folderOf(topic.name));
    const aside = setAside(this.#settings.directory, folders, this.#options.log);
    try {
      this.#save(this.all.filter((other) => other !== topic));
    } catch (error) {
      aside.putBack();
      throw error;
    }
    this.#byName.delete(topic.name);
    for (const partition of topic.partitions) partition.close();
    return aside.remove();
  }

  get #path(): string {
    return join(this.#settings.directory, "topics.json");
  }

  #put(topic: Topic, before: readonly Partition[]): void {
    try {
      this.#save([...this.all.filter(({ name }) => name !== topic.name), topic]);
    } catch (error) {
      for (const partition of topic.partitions.slice(before.length)) partition.close();
      throw error;
    }
    this.#byName.set(topic.name, topic);
  }

  /** Its first partitions may be open already. */
  #open({ name, partitions, config }: Stored, before: readonly Partition[] = []): Topic {
    const options = { ...this.#options, segmentBytes: numberOf({ config }, "segment.bytes", this.#settings) };
    const open = (index: number) => new Partition(join(this.#settings.directory, folderOf(name)(index)), options);
    try {
      return { name, config, partitions: [...before, ...range(before.length, partitions).map(open)] };
    } catch (error) {
      throw error instanceof StorageError ? error : new StorageError(join(this.#settings.directory, name), error);
    }
  }

  #save(topics: readonly Topic[]): void {
    const stored = topics.map(({ name, partitions, config }) => ({ name, partitions: partitions.length, config }));
    replaceFile(this.#path, `${JSON.stringify({ topics: stored }, null, 2)}\n`);
  }
}

function folderOf(topic: string): (partition: number) => string {
  return (partition) => `${topic}-${partition}`;
}

/** `from` inclusive, `to` exclusive. */
function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function readTopics(path: string): readonly Stored[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const { topics } = JSON.parse(text) as { topics?: unknown };
  if (!Array.isArray(topics) || !topics.every(isStored))
    throw new Error(`${path}: not a list of topics. Restore the file`);
  return topics;
}

function isStored(value: unknown): value is Stored {
  const topic = value as Partial<Stored> | null;
  return (
    typeof topic?.name === "string" &&
    isTopicName(topic.name) &&
    Number.isSafeInteger(topic.partitions) &&
    topic.partitions! >= 1 &&
    typeof topic.config === "object"
  );
}
