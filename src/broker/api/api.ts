// What one API is: a line in the table of index.ts. Each is spoken in one version, the one given; clients ask first.
import type { Broker } from "../broker.ts";
import type { Reader } from "../protocol/reader.ts";
import type { Writer } from "../protocol/writer.ts";
import type { Listener } from "../settings.ts";

export interface Call {
  version: number;
  clientId: string;
  /** "/127.0.0.1" */
  clientHost: string;
  /** The one through which the client came. */
  listener: Listener;
  /** The client has gone, or the broker stops: whoever waits should end. */
  over: AbortSignal;
}

/** undefined: the client wants no answer. */
export type Answer = Writer | undefined;

export interface Api {
  key: number;
  name: string;
  version: number;
  answer(request: Reader, call: Call, broker: Broker): Answer | Promise<Answer>;
}
