// A client of one connection that sends what the test says, encoded by kafkajs' own modules: they are the oracle for the
// protocol, and unlike a whole client they neither retry nor hide what came back.
import { once } from "node:events";
import { createRequire } from "node:module";
import { connect, type Socket } from "node:net";

const load = createRequire(import.meta.url);

interface Request {
  apiKey: number;
  apiVersion: number;
}

interface Encoded {
  buffer: Buffer;
}

type RequestOf = (args: Record<string, unknown>) => Request;
type Frame = (args: { correlationId: number; clientId: string; request: Request }) => Promise<Encoded>;

const frame = load("kafkajs/src/protocol/request") as Frame;
const Long = load("kafkajs/src/utils/long") as { fromValue(value: number | string): unknown };
const { RecordBatch } = load("kafkajs/src/protocol/recordBatch/v0") as {
  RecordBatch(args: Record<string, unknown>): Promise<Encoded>;
};
const recordOf = load("kafkajs/src/protocol/recordBatch/record/v0") as (args: Record<string, unknown>) => unknown;

/** "produce/v7" -> kafkajs' encoder of that request. */
export function request(name: string, args: Record<string, unknown> = {}): Request {
  return (load(`kafkajs/src/protocol/requests/${name}/request`) as RequestOf)(args);
}

export function frameOf(wanted: Request, correlationId = 7): Promise<Buffer> {
  return frame({ correlationId, clientId: "test", request: wanted }).then(({ buffer }) => buffer);
}

export interface BatchWish {
  values: readonly string[];
  producerId?: number;
  epoch?: number;
  sequence?: number;
  timestamp?: number;
}

/** A record batch as a client sends it. */
export async function batchOf(wish: BatchWish): Promise<Buffer> {
  const timestamp = wish.timestamp ?? Date.now();
  const records = wish.values.map((value, index) =>
    recordOf({ key: null, value, offsetDelta: index, timestampDelta: 0 }),
  );
  const batch = await RecordBatch({
    records,
    firstTimestamp: timestamp,
    maxTimestamp: timestamp,
    lastOffsetDelta: records.length - 1,
    producerId: Long.fromValue(wish.producerId ?? -1),
    producerEpoch: wish.epoch ?? 0,
    firstSequence: wish.sequence ?? 0,
  });
  return Buffer.from(batch.buffer);
}

export interface Produced {
  errorCode: number;
  baseOffset: string;
}

export class Connection implements AsyncDisposable {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  /** Those who wait for bytes or for the end. */
  readonly #watchers = new Set<() => void>();

  private constructor(socket: Socket) {
    const changed = () => {
      for (const watcher of this.#watchers) watcher();
    };
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      changed();
    });
    socket.on("close", changed);
    socket.on("error", () => socket.destroy()); // a reset is one way of being closed
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new Connection(socket);
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Says that nothing more will come. */
  finish(): void {
    this.#socket.end();
  }

  /** Resolves when the broker has closed the connection. */
  closed(): Promise<void> {
    return this.#until(() => this.#socket.closed);
  }

  /** The next answer, without its length. */
  async receive(): Promise<{ correlationId: number; body: Buffer }> {
    const isWhole = () => this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0);
    await this.#until(() => isWhole() || this.#socket.closed);
    if (!isWhole()) throw new Error("the broker closed the connection");
    const end = 4 + this.#received.readInt32BE(0);
    const answer = this.#received.subarray(4, end);
    this.#received = this.#received.subarray(end);
    return { correlationId: answer.readInt32BE(0), body: answer.subarray(4) };
  }

  /** Sends one request of kafkajs and decodes the answer with the same version's decoder; error codes are not thrown. */
  async ask<T>(name: string, args: Record<string, unknown> = {}): Promise<T> {
    this.send(await frameOf(request(name, args)));
    const { body } = await this.receive();
    const { decode } = load(`kafkajs/src/protocol/requests/${name}/response`) as { decode(bytes: Buffer): Promise<T> };
    return decode(body);
  }

  apiVersions(): Promise<{ errorCode: number; apiVersions: { apiKey: number; maxVersion: number }[] }> {
    return this.ask("apiVersions/v2");
  }

  async createTopic(topic: string, numPartitions = 1): Promise<number> {
    const asked = { topics: [{ topic, numPartitions, replicationFactor: 1 }], validateOnly: false, timeout: 1_000 };
    const { topicErrors } = await this.ask<{ topicErrors: { errorCode: number }[] }>("createTopics/v3", asked);
    return topicErrors[0]!.errorCode;
  }

  /** The batch as it is, to partition 0. */
  async produce(topic: string, batch: Buffer): Promise<Produced> {
    const body = Buffer.concat([
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 3, 0xe8, 0, 0, 0, 1]), // no transaction, acks -1, 1 s, one topic
      int16(topic.length),
      Buffer.from(topic),
      Buffer.from([0, 0, 0, 1, 0, 0, 0, 0]),
      int32(batch.length),
      batch,
    ]);
    const header = Buffer.concat([Buffer.from([0, 0, 0, 7, 0, 0, 0, 7, 0, 1, 0x74])]); // Produce 7, correlation 7, client "t"
    this.send(Buffer.concat([int32(header.length + body.length), header, body]));
    const { decode } = load("kafkajs/src/protocol/requests/produce/v7/response") as {
      decode(bytes: Buffer): Promise<{ topics: { partitions: Produced[] }[] }>;
    };
    return (await decode((await this.receive()).body)).topics[0]!.partitions[0]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.closed();
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
