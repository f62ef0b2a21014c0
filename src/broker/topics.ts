// The topics: a small file replaced as a whole, and a folder per partition. The file is the truth; a folder that it does not
// name is what an interrupted creation left behind.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile, StorageError } from "./log/append-file.ts";
import { Partition, type PartitionOptions } from "./log/partition.ts";

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
  readonly #directory: string;
  readonly #options: PartitionOptions;
  readonly #byName = new Map<string, Topic>();

  constructor(directory: string, options: PartitionOptions) {
    this.#directory = directory;
    this.#options = options;
    for (const stored of readTopics(this.#path)) this.#byName.set(stored.name, this.#open(stored));
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
    const topic = this.#open({ name, partitions, config });
    try {
      this.#save([...this.all, topic]);
    } catch (error) {
      for (const partition of topic.partitions) partition.close();
      throw error;
    }
    this.#byName.set(name, topic);
  }

  get #path(): string {
    return join(this.#directory, "topics.json");
  }

  #open(stored: Stored): Topic {
    const indices = Array.from({ length: stored.partitions }, (_, index) => index);
    const open = (index: number) => new Partition(join(this.#directory, `${stored.name}-${index}`), this.#options);
    try {
      return { name: stored.name, config: stored.config, partitions: indices.map(open) };
    } catch (error) {
      throw error instanceof StorageError ? error : new StorageError(join(this.#directory, stored.name), error);
    }
  }

  #save(topics: readonly Topic[]): void {
    const stored = topics.map(({ name, partitions, config }) => ({ name, partitions: partitions.length, config }));
    replaceFile(this.#path, `${JSON.stringify({ topics: stored }, null, 2)}\n`);
  }
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
