// The log of a container as the API gives it: frames of eight bytes of header (which stream, how long) and then what was written.

const HEADER_BYTES = 8;

/** Its lines, both streams in the order in which they were written. */
export function linesOf(framed: Buffer): readonly string[] {
  const parts: Buffer[] = [];
  for (let at = 0; at + HEADER_BYTES <= framed.length;) {
    const end = at + HEADER_BYTES + framed.readUInt32BE(at + 4);
    parts.push(framed.subarray(at + HEADER_BYTES, end));
    at = end;
  }
  const text = Buffer.concat(parts).toString("utf8").trimEnd();
  return text === "" ? [] : text.split(/\r?\n/);
}
