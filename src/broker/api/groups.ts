// Groups seen from outside: which there are, who is in them, and their end. A group is there while it has members or
// committed positions.
import type { Broker } from "../broker.ts";
import type { GroupDescription } from "../group.ts";
import { StorageError } from "../log/append-file.ts";
import { ERROR } from "../protocol/errors.ts";
import { Writer } from "../protocol/writer.ts";
import type { Api } from "./api.ts";

const STATE_NAMES = {
  empty: "Empty",
  preparing: "PreparingRebalance",
  completing: "CompletingRebalance",
  stable: "Stable",
} as const satisfies Record<GroupDescription["state"], string>;

export const describeGroups: Api = {
  key: 15,
  name: "DescribeGroups",
  version: 2,
  answer(request, _, broker) {
    const ids = new Set(request.array(() => request.string()));
    request.end();
    const writer = new Writer().int32(0);
    return writer.array([...ids], (id) => {
      const group = broker.groups.describe(id);
      const state = group ? STATE_NAMES[group.state] : exists(id, broker) ? STATE_NAMES.empty : "Dead";
      writer.int16(ERROR.none).string(id);
      writer
        .string(state)
        .string(group?.protocolType ?? "")
        .string(group?.protocol ?? "");
      writer.array(group?.members ?? [], ({ memberId, clientId, clientHost, metadata, assignment }) => {
        writer.string(memberId).string(clientId).string(clientHost).bytes(metadata).bytes(assignment);
      });
    });
  },
};

export const listGroups: Api = {
  key: 16,
  name: "ListGroups",
  version: 2,
  answer(request, _, { groups, offsets }) {
    request.end();
    const ids = new Set([...groups.ids, ...offsets.groups]);
    const writer = new Writer().int32(0).int16(ERROR.none);
    return writer.array([...ids], (id) => writer.string(id).string(groups.describe(id)?.protocolType ?? ""));
  },
};

export const deleteGroups: Api = {
  key: 42,
  name: "DeleteGroups",
  version: 1,
  async answer(request, _, broker) {
    const ids = new Set(request.array(() => request.string()));
    request.end();
    const results: { id: string; error: number }[] = [];
    for (const id of ids) results.push({ id, error: await remove(id, broker) });
    const writer = new Writer().int32(0);
    return writer.array(results, ({ id, error }) => writer.string(id).int16(error));
  },
};

async function remove(id: string, broker: Broker): Promise<number> {
  if (!exists(id, broker)) return ERROR.groupIdNotFound;
  if (!broker.groups.remove(id)) return ERROR.nonEmptyGroup;
  try {
    await broker.offsets.forget(id);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    broker.log(`group ${id}: not deleted: ${error.message}`);
    return ERROR.storageError;
  }
  broker.log(`group ${id}: deleted`);
  return ERROR.none;
}

function exists(id: string, { groups, offsets }: Broker): boolean {
  return groups.describe(id) !== undefined || offsets.ofGroup(id).length > 0;
}
