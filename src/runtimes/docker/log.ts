// The log of a container as the API gives it: frames of eight bytes of header (which stream, how long) and then what was written.
import type Docker from "dockerode";
import type { Node } from "../../model/cluster.ts";

const HEADER_BYTES = 8;

/** A node whose log is on the engine, and can be read as it grows. */
export interface FollowsLog {
  /** Its last lines and then each new one, also when it ends and is started again. Ends when it is aborted, or its container is gone. */
  followLog(lines: number, signal: AbortSignal): AsyncIterable<string>;
}

export const followsLog = (node: Node): node is Node & FollowsLog => "followLog" in node;

/** Its lines, both streams in the order in which they were written. */
export function linesOf(framed: Buffer): readonly string[] {
  const text = Buffer.concat(unframed(framed).contents).toString("utf8").trimEnd();
  return text === "" ? [] : text.split(/\r?\n/);
}

/** Whole frames, and what is left of one that has not arrived yet. */
function unframed(bytes: Buffer): { contents: readonly Buffer[]; rest: Buffer } {
  const contents: Buffer[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + HEADER_BYTES + bytes.readUInt32BE(at + 4);
    if (end > bytes.length) break;
    contents.push(bytes.subarray(at + HEADER_BYTES, end));
    at = end;
  }
  return { contents, rest: bytes.subarray(at) };
}

/** What was written up to a time, which has as many digits always: they can be compared as text. */
interface Position {
  stamp: string;
}

/**
 * The lines of one life of a container, until that ends: the last `lines`, or after what was read before. A line whose
 * time is that of the last one read is taken for it; the engine's clock counts nanoseconds.
 */
export async function* linesAsTheyCome(
  container: Docker.Container,
  from: { lines: number } | Position,
  signal: AbortSignal,
): AsyncGenerator<{ text: string } & Position> {
  const start = "lines" in from ? { tail: from.lines } : { since: secondsOf(from.stamp) as unknown as number };
  const stream = await container.logs({ follow: true, stdout: true, stderr: true, timestamps: true, ...start });
  const end = () => (stream as NodeJS.ReadableStream & { destroy(): void }).destroy();
  signal.addEventListener("abort", end, { once: true });
  try {
    let bytes: Buffer = Buffer.alloc(0);
    let line = "";
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const { contents, rest } = unframed(Buffer.concat([bytes, chunk]));
      bytes = rest;
      for (const content of contents) {
        const [stamp, written] = stamped(content.toString("utf8"));
        if ("stamp" in from && stamp <= from.stamp) continue;
        line += written; // a long line comes in pieces
        if (!line.endsWith("\n")) continue;
        yield { text: line.replace(/\r?\n$/, ""), stamp };
        line = "";
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}

function stamped(content: string): [stamp: string, written: string] {
  const blank = content.indexOf(" ");
  return [content.slice(0, blank), content.slice(blank + 1)];
}

/** "2026-03-01T10:00:00.123456789Z" -> "1772359200.123456789", as the engine wants it. */
function secondsOf(stamp: string): string {
  const seconds = Math.floor(Date.parse(stamp) / 1_000);
  return `${seconds}.${/\.(\d+)/.exec(stamp)?.[1] ?? "0"}`;
}
