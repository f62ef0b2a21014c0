// The APIs that this broker speaks, and the way from a request's bytes to its answer. To add one: a line here.
import type { Broker } from "../broker.ts";
import { ERROR } from "../protocol/errors.ts";
import { ProtocolError, Reader } from "../protocol/reader.ts";
import { Writer } from "../protocol/writer.ts";
import type { Answer, Api, Call } from "./api.ts";
import { findCoordinator, metadata } from "./cluster.ts";
import { describeConfigs } from "./configs.ts";
import { fetch, listOffsets } from "./consume.ts";
import { deleteGroups, describeGroups, listGroups } from "./groups.ts";
import { heartbeat, joinGroup, leaveGroup, syncGroup } from "./membership.ts";
import { offsetCommit, offsetFetch } from "./positions.ts";
import { initProducerId, produce } from "./produce.ts";
import { createPartitions, createTopics, deleteTopics } from "./topics.ts";

const apiVersions: Api = {
  key: 18,
  name: "ApiVersions",
  version: 2,
  answer(request, { version }) {
    request.end();
    return versions(version, ERROR.none);
  },
};

export const APIS: readonly Api[] = [
  apiVersions,
  metadata,
  createTopics,
  createPartitions,
  deleteTopics,
  describeConfigs,
  initProducerId,
  produce,
  fetch,
  listOffsets,
  findCoordinator,
  joinGroup,
  syncGroup,
  heartbeat,
  leaveGroup,
  offsetCommit,
  offsetFetch,
  describeGroups,
  listGroups,
  deleteGroups,
];

const BY_KEY = new Map(APIS.map((api) => [api.key, api]));

/** What goes back to the client, without its length; undefined when nothing does. Throws ProtocolError. */
export async function answer(
  frame: Buffer,
  call: Omit<Call, "version" | "clientId">,
  broker: Broker,
): Promise<readonly Buffer[] | undefined> {
  const request = new Reader(frame);
  const [key, version, correlationId] = [request.int16(), request.int16(), request.int32()];
  const written = await dispatch(key, version, request, call, broker);
  return written && [...new Writer().int32(correlationId).finish(), ...written.finish()];
}

async function dispatch(
  key: number,
  version: number,
  request: Reader,
  call: Omit<Call, "version" | "clientId">,
  broker: Broker,
): Promise<Answer> {
  const api = BY_KEY.get(key);
  if (!api) throw new ProtocolError(`API ${key} (version ${version}) is not spoken here`);
  if (api === apiVersions && version > api.version) return versions(0, ERROR.unsupportedVersion); // it asks again with 0
  if (version > api.version || version < 0 || (version < api.version && api !== apiVersions)) {
    throw new ProtocolError(`${api.name} version ${version} was asked; only ${api.version} is spoken here`);
  }
  const clientId = request.nullableString() ?? "";
  try {
    return await api.answer(request, { ...call, version, clientId }, broker);
  } catch (error) {
    if (error instanceof ProtocolError) error.message = `${api.name}: ${error.message}`;
    throw error;
  }
}

/** 0 is advertised as each minimum although only one version is spoken: librdkafka derives its features from ranges. */
function versions(version: number, error: number): Writer {
  const writer = new Writer().int16(error);
  writer.array(APIS, (api) => writer.int16(api.key).int16(0).int16(api.version));
  return version >= 1 ? writer.int32(0) : writer;
}
