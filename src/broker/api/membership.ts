// Who reads together: a consumer joins its group, learns its part of the work, and says that it is still there.
import { ERROR } from "../protocol/errors.ts";
import type { Reader } from "../protocol/reader.ts";
import { Writer } from "../protocol/writer.ts";
import type { JoinAnswer } from "../member.ts";
import type { Api } from "./api.ts";

/** Members that keep their place by name (group.instance.id) are not known here; joining as one is refused aloud. */
function isStaticMember(request: Reader): boolean {
  return request.nullableString() !== null;
}

export const joinGroup: Api = {
  key: 11,
  name: "JoinGroup",
  version: 5,
  async answer(request, { clientId, clientHost }, { groups }) {
    const groupId = request.string();
    const [sessionTimeoutMs, rebalanceTimeoutMs, memberId] = [request.int32(), request.int32(), request.string()];
    const refused = isStaticMember(request);
    const protocolType = request.string();
    const protocols = request.array(() => ({ name: request.string(), metadata: request.bytesCopied() }));
    request.end();
    const timeouts = { sessionTimeoutMs, rebalanceTimeoutMs };
    const joining = { memberId, clientId, clientHost, ...timeouts, protocolType, protocols };
    const answer: JoinAnswer = refused
      ? { error: ERROR.invalidRequest, generation: -1, protocol: "", leader: "", memberId, members: [] }
      : await groups.join(groupId, joining);
    const writer = new Writer().int32(0).int16(answer.error).int32(answer.generation);
    writer.string(answer.protocol).string(answer.leader).string(answer.memberId);
    return writer.array(answer.members, (member) => {
      writer.string(member.memberId).nullableString(null).bytes(member.metadata);
    });
  },
};

export const syncGroup: Api = {
  key: 14,
  name: "SyncGroup",
  version: 3,
  async answer(request, _, { groups }) {
    const [groupId, generation, memberId] = [request.string(), request.int32(), request.string()];
    const refused = isStaticMember(request);
    const assignments = new Map(request.array(() => [request.string(), request.bytesCopied()] as const));
    request.end();
    const { error, assignment } = refused
      ? { error: ERROR.invalidRequest, assignment: Buffer.alloc(0) }
      : await groups.sync(groupId, memberId, generation, assignments);
    return new Writer().int32(0).int16(error).bytes(assignment);
  },
};

export const heartbeat: Api = {
  key: 12,
  name: "Heartbeat",
  version: 3,
  answer(request, _, { groups }) {
    const [groupId, generation, memberId] = [request.string(), request.int32(), request.string()];
    const refused = isStaticMember(request);
    request.end();
    const error = refused ? ERROR.invalidRequest : groups.heartbeat(groupId, memberId, generation);
    return new Writer().int32(0).int16(error);
  },
};

export const leaveGroup: Api = {
  key: 13,
  name: "LeaveGroup",
  version: 1,
  answer(request, _, { groups }) {
    const [groupId, memberId] = [request.string(), request.string()];
    request.end();
    return new Writer().int32(0).int16(groups.leave(groupId, memberId));
  },
};
