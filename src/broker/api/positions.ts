// Where a group stands: the offsets that it commits, and those that it finds again.
import { StorageError } from "../log/append-file.ts";
import type { Broker } from "../broker.ts";
import type { Commit } from "../offsets.ts";
import { ERROR } from "../protocol/errors.ts";
import { Writer } from "../protocol/writer.ts";
import type { Api } from "./api.ts";

const METADATA_MAX_LENGTH = 4_096;

export const offsetCommit: Api = {
  key: 8,
  name: "OffsetCommit",
  version: 5,
  async answer(request, _, broker) {
    const [group, generation, memberId] = [request.string(), request.int32(), request.string()];
    const asked = request.array(() => {
      const topic = request.string();
      // -1 and -2 are offsets too: kafkajs commits "latest" and "earliest" when it has none.
      return request.array((): Commit => {
        return { topic, partition: request.int32(), offset: request.int64(), metadata: request.nullableString() };
      });
    });
    request.end();
    const member = group === "" ? ERROR.invalidGroupId : broker.groups.commit(group, memberId, generation);
    const judged = asked
      .flat()
      .map((commit) => ({ commit, error: member === ERROR.none ? fault(commit, broker) : member }));
    const failed = await keep(
      group,
      judged.flatMap(({ commit, error }) => (error === ERROR.none ? commit : [])),
      broker,
    );
    const errors = new Map(judged.map(({ commit, error }) => [commit, error === ERROR.none ? failed : error]));

    const writer = new Writer().int32(0);
    return writer.array(
      asked.filter((commits) => commits.length > 0),
      (commits) => {
        writer.string(commits[0]!.topic);
        writer.array(commits, (commit) => writer.int32(commit.partition).int16(errors.get(commit)!));
      },
    );
  },
};

function fault(commit: Commit, broker: Broker): number {
  if (!broker.topics.partition(commit.topic, commit.partition)) return ERROR.unknownTopicOrPartition;
  return (commit.metadata?.length ?? 0) > METADATA_MAX_LENGTH ? ERROR.offsetMetadataTooLarge : ERROR.none;
}

async function keep(group: string, commits: readonly Commit[], broker: Broker): Promise<number> {
  try {
    await broker.offsets.commit(group, commits);
    return ERROR.none;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    broker.log(`group ${group}: offsets not committed: ${error.message}`);
    return ERROR.storageError;
  }
}

export const offsetFetch: Api = {
  key: 9,
  name: "OffsetFetch",
  version: 4,
  answer(request, _, { offsets }) {
    const group = request.string();
    const asked = request.nullableArray(() => ({
      topic: request.string(),
      partitions: request.array(() => request.int32()),
    }));
    request.end();
    const topics = asked ?? everything(offsets.ofGroup(group));
    const writer = new Writer().int32(0);
    writer.array(topics, ({ topic, partitions }) => {
      writer.string(topic).array(partitions, (partition) => {
        const found = offsets.find(group, topic, partition);
        writer
          .int32(partition)
          .int64(found?.offset ?? -1)
          .nullableString(found ? found.metadata : "")
          .int16(ERROR.none);
      });
    });
    return writer.int16(ERROR.none);
  },
};

function everything(commits: readonly Commit[]): readonly { topic: string; partitions: readonly number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of commits) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}
