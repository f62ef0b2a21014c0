// Who is there: one broker, at the address of the listener through which the client came. Any other address would lead the
// client around the link that it was given.
import { CLUSTER_ID, NODE_ID, type Broker } from "../broker.ts";
import { ERROR } from "../protocol/errors.ts";
import { Writer } from "../protocol/writer.ts";
import { isTopicName } from "../topics.ts";
import type { Api } from "./api.ts";

export const metadata: Api = {
  key: 3,
  name: "Metadata",
  version: 4,
  answer(request, { listener }, broker) {
    const asked = request.nullableArray(() => request.string());
    request.boolean(); // may topics be created by asking for them? Here never.
    request.end();
    const names = asked ?? broker.topics.all.map((topic) => topic.name);
    const writer = new Writer().int32(0);
    writer.array([listener.advertised], ({ host, port }) => {
      writer.int32(NODE_ID).string(host).int32(port).nullableString(null);
    });
    writer.nullableString(CLUSTER_ID).int32(NODE_ID);
    return writer.array([...new Set(names)], (name) => writeTopic(writer, name, broker));
  },
};

function writeTopic(writer: Writer, name: string, broker: Broker): void {
  const topic = broker.topics.named(name);
  const missing = isTopicName(name) ? ERROR.unknownTopicOrPartition : ERROR.invalidTopic;
  writer
    .int16(topic ? ERROR.none : missing)
    .string(name)
    .boolean(false);
  writer.array([...(topic?.partitions.keys() ?? [])], (index) => {
    writer.int16(ERROR.none).int32(index).int32(NODE_ID);
    for (const nodes of [[NODE_ID], [NODE_ID]]) writer.array(nodes, (id) => writer.int32(id)); // replicas, in-sync replicas
  });
}

const GROUP = 0;

export const findCoordinator: Api = {
  key: 10,
  name: "FindCoordinator",
  version: 2,
  answer(request, { listener }) {
    request.string();
    const kind = request.int8();
    request.end();
    const writer = new Writer().int32(0);
    if (kind !== GROUP) {
      return writer
        .int16(ERROR.invalidRequest)
        .string("transactions are not spoken here")
        .int32(-1)
        .string("")
        .int32(-1);
    }
    const { host, port } = listener.advertised;
    return writer.int16(ERROR.none).nullableString(null).int32(NODE_ID).string(host).int32(port);
  },
};
