// Compose writes one thing in several forms (a list or a map, short or long). Here each becomes one.
import { z } from "zod";

export const text = z.string().min(1);

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: "expected a text, a number, true or false",
});

/** `{ NAME: value }` or `["NAME=value"]`; null stands for "as it is where Compose runs". */
export const pairs = z
  .union([z.record(z.string(), scalar), z.array(z.string().min(1))], {
    error: 'expected a map, or a list like ["NAME=value"]',
  })
  .transform((value): Readonly<Record<string, string | null>> => {
    if (!Array.isArray(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, one === null ? null : String(one)]));
    }
    return Object.fromEntries(
      value.map((entry) => {
        const equals = entry.indexOf("=");
        return equals === -1 ? [entry, null] : [entry.slice(0, equals), entry.slice(equals + 1)];
      }),
    );
  });

export interface Port {
  /** Inside its network. */
  container: number;
  /** On this machine, where the file wishes for one. */
  published?: number;
}

const portNumber = z
  .custom<string | number>(
    (value) => /^\d{1,5}$/.test(String(value)) && Number(value) >= 1 && Number(value) <= 65_535,
    {
      error: "expected a port, 1 to 65535",
    },
  )
  .transform(Number);
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]", "::1"]);
const PORT_FORMS = 'expected a port like "127.0.0.1:8080:8080", "8080:8080" or "8080"';

/** "127.0.0.1:8080:80", "8080:80", "80", 80, or { target: 80, published: 8080 }. */
export const port = z
  .union(
    [
      z.string(),
      z.number(),
      z.strictObject({
        target: portNumber,
        published: portNumber.optional(),
        host_ip: z.string().optional(),
        protocol: z.literal("tcp").optional(),
      }),
    ],
    { error: PORT_FORMS },
  )
  .transform((value, context): Port => {
    const wrong = (message: string) => {
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    };
    const long = typeof value === "object" ? value : shortPort(String(value));
    if (long === undefined) return wrong(PORT_FORMS);
    if (long.host_ip !== undefined && !LOOPBACK.has(long.host_ip)) {
      return wrong(`regionctl publishes ports on 127.0.0.1 only, not on ${long.host_ip}`);
    }
    return { container: long.target, published: long.published };
  });

function shortPort(written: string): { target: number; published?: number; host_ip?: string } | undefined {
  const match = /^(?:(?:(\[[^\]]+\]|[^:]+):)?(\d{0,5}):)?(\d{1,5})(?:\/tcp)?$/.exec(written);
  if (!match) return undefined;
  const target = portNumber.safeParse(match[3]);
  const published = match[2] ? portNumber.safeParse(match[2]) : undefined;
  if (!target.success || published?.success === false) return undefined;
  return { target: target.data, published: published?.data, host_ip: match[1] };
}

export interface Mount {
  source: string;
  target: string;
}

const MOUNT_FORMS = 'expected a file mounted read-only, like "./nginx.conf:/etc/nginx/nginx.conf:ro"';

/** "./file:/path/in/container:ro", or { type: bind, source, target, read_only: true }. */
export const mount = z
  .union(
    [
      z.string(),
      z.strictObject({
        type: z.literal("bind"),
        source: text,
        target: text,
        read_only: z.literal(true, { error: "regionctl mounts files read-only: read_only: true" }),
      }),
    ],
    { error: MOUNT_FORMS },
  )
  .transform((value, context): Mount => {
    if (typeof value === "object") return { source: value.source, target: value.target };
    const match = /^([^:]+):(\/[^:]*)(?::([a-zA-Z,]+))?$/.exec(value);
    const message =
      match === null
        ? MOUNT_FORMS
        : !/^[./]/.test(match[1]!)
          ? `"${match[1]}" is a named volume; regionctl keeps each node's disk itself, in the stack's directory`
          : match[3] === "ro"
            ? undefined
            : "regionctl mounts files read-only: end it with :ro";
    if (message === undefined) return { source: match![1]!, target: match![2]! };
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

const condition = z.enum(["service_started", "service_healthy"], {
  error: "regionctl starts a node once those that it needs answer: service_started or service_healthy",
});

/** `[db-us]` or `{ db-us: { condition: service_healthy } }`: the names. */
export const needs = z
  .union([z.array(text), z.record(z.string(), z.strictObject({ condition: condition.optional() }))], {
    error: "expected a list of services, or a map like { db-us: { condition: service_healthy } }",
  })
  .transform((value) => (Array.isArray(value) ? value : Object.keys(value)));
