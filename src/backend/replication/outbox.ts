// What the regions tell each other. An event carries a write whole, so that it can be applied in any order; a
// heartbeat says that everything its region had committed before is already in the log.
import type { Vector } from "../../model/vector.ts";
import type { Write } from "../conflict/resolve.ts";
import type { Answer } from "../ports.ts";

export interface WriteEvent {
  type: "write";
  key: number;
  write: Write;
  /** With a request id: what it stands for and what it was answered, so that a repeat is known in every region. */
  fingerprint: string | null;
  answer: Answer;
  /** Time of commit, milliseconds since 1970. */
  committedAt: number;
}

export interface Heartbeat {
  type: "heartbeat";
  region: string;
  at: number;
}

export function encode(event: WriteEvent | Heartbeat): string {
  return JSON.stringify(event);
}

/** undefined: not an event of ours, or not one that can be applied. */
export function decode(text: string): WriteEvent | Heartbeat | undefined {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isHeartbeat(event) || isWriteEvent(event) ? event : undefined;
}

function isHeartbeat(event: unknown): event is Heartbeat {
  return isObject(event) && event.type === "heartbeat" && typeof event.region === "string" && isTime(event.at);
}

function isWriteEvent(event: unknown): event is WriteEvent {
  return (
    isObject(event) &&
    event.type === "write" &&
    Number.isSafeInteger(event.key) &&
    isTime(event.committedAt) &&
    isWrite(event.write) &&
    (event.fingerprint === null || typeof event.fingerprint === "string") &&
    isObject(event.answer) &&
    isObject(event.answer.body) &&
    typeof event.answer.etag === "string"
  );
}

function isWrite(write: unknown): write is Write {
  return (
    isObject(write) &&
    typeof write.value === "number" &&
    Number.isSafeInteger(write.stamp) &&
    typeof write.region === "string" &&
    isTime(write.at) &&
    (write.requestId === null || typeof write.requestId === "string") &&
    isVector(write.written) &&
    (write.written[write.region] ?? 0) >= 1
  );
}

function isVector(vector: unknown): vector is Vector {
  return (
    isObject(vector) && Object.values(vector).every((counter) => Number.isSafeInteger(counter) && Number(counter) >= 0)
  );
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
