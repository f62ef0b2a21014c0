// Workloads are data: how a key is read and written over HTTP, so that a user's own service needs no code of ours.
import path from "node:path";
import { z } from "zod";
import type { Workload } from "../model/topology.ts";
import { parseAt } from "./issues.ts";
import { isMap, openSource, type Path, readText, type Source } from "./source.ts";
import { didYouMean } from "./words.ts";

export const PLACEHOLDERS = ["region", "key", "value", "id", "state", "version"] as const;
type Placeholder = (typeof PLACEHOLDERS)[number];

const MAX_KEYS = 10_000_000;
const MAX_WORKLOADS = 32;
const answerPath = "expected where it lies in the answer, e.g. body.price or header.etag";

const where = z
  .string({ error: answerPath })
  .regex(/^(body(\.[\w-]+)*|headers?\.[\w-]+)$/, { error: answerPath, abort: true });

const requestLine = z
  .string({ error: "expected a method and a path, e.g. GET /${region}/properties/${key}" })
  .regex(/^(GET|HEAD|POST|PUT|PATCH|DELETE) \/\S*$/, {
    error: "expected a method and a path, e.g. GET /${region}/properties/${key}",
  });

const status = z.int({ error: "expected a status, e.g. 409" }).min(100).max(599);

const request = {
  request: requestLine,
  headers: z.record(z.string(), z.string({ error: "expected a text" })).default({}),
  body: z.unknown().optional(),
};

const range = z
  .string({ error: "expected a range of whole numbers, e.g. 1..1200" })
  .transform((text, context): Workload["keys"] => {
    const [from, to] = (/^(\d{1,15})\.\.(\d{1,15})$/.exec(text) ?? []).slice(1).map(Number);
    const message =
      from === undefined || to === undefined
        ? "expected a range of whole numbers, e.g. 1..1200"
        : from > to
          ? `expected a range from small to large, e.g. ${to}..${from}`
          : to - from >= MAX_KEYS
            ? `expected at most ${MAX_KEYS} keys`
            : undefined;
    if (message === undefined) return { from: from!, to: to! };
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

const workload = z.strictObject({
  kind: z.literal("register", { error: "expected register, the kind of workload that there is" }),
  keys: range,
  read: z.strictObject({ ...request, value: where, state: where.optional(), version: where.optional() }),
  write: z.strictObject({
    ...request,
    refused: z.array(status, { error: "expected a list of statuses, e.g. [409]" }).default([]),
    done: z.record(z.string().regex(/^[1-5]\d\d$/, "expected a status, e.g. 422"), where).default({}),
  }),
});
type Parsed = z.infer<typeof workload>;

export type Workloads = Readonly<Record<string, Workload>>;

/** A file of its own (its `workloads` key), or the map itself. */
export function workloadsOf(source: Source, at: Path, value: unknown): Workloads {
  if (typeof value !== "string") return workloadsIn(source, at, value);
  const file = path.resolve(path.dirname(source.file), value);
  const read = readText(file, "a file of workloads");
  if ("problem" in read) {
    source.say(at, `${file}: ${read.problem.message}`);
    return {};
  }
  const own = openSource(file, read.text);
  if (isMap(own.value)) {
    for (const key of Object.keys(own.value)) {
      if (key !== "workloads" && !key.startsWith("x-")) {
        own.say({ path: [key], key: true }, `there is no "${key}" here`, 'This file holds one map, "workloads".');
      }
    }
  }
  const found =
    own.problems.length > 0
      ? {}
      : workloadsIn(own, ["workloads"], isMap(own.value) ? own.value["workloads"] : undefined);
  source.problems.push(...own.problems);
  return found;
}

function workloadsIn(source: Source, at: Path, value: unknown): Workloads {
  if (!isMap(value)) {
    source.say(at, "expected a map of workloads: a name, and how it reads and writes");
    return {};
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_WORKLOADS) source.say(at, `a topology has ${MAX_WORKLOADS} workloads at most`);
  return Object.fromEntries(
    entries.slice(0, MAX_WORKLOADS).flatMap(([name, written]) => {
      const found = workloadOf(source, [...at, name], name, written);
      return found ? [[name, found]] : [];
    }),
  );
}

function workloadOf(source: Source, at: Path, name: string, value: unknown): Workload | undefined {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    source.say({ path: at, key: true }, "a workload is called with lower-case letters, digits and dashes");
  }
  const parsed = parseAt(source, at, value, workload);
  if (parsed === undefined) return undefined;
  checkRequest(source, [...at, "read"], parsed.read, "read");
  checkRequest(source, [...at, "write"], parsed.write, "write");
  const { value: valuePath, state, version } = parsed.read;
  return {
    name,
    kind: parsed.kind,
    keys: parsed.keys,
    read: { request: template(parsed.read), value: valuePath, state, version },
    write: { request: template(parsed.write), refused: parsed.write.refused, done: parsed.write.done },
  };
}

function template({ request, headers, body }: Parsed["read"] | Parsed["write"]) {
  const [method, path] = request.split(" ") as [string, string];
  return { method, path, headers, ...(body === undefined ? {} : { body }) };
}

const METHODS = { read: ["GET", "HEAD"], write: ["PUT", "POST", "PATCH", "DELETE"] } as const;
/** A path cannot leave a part of itself out, so it uses only what every operation has. */
const ALWAYS: readonly Placeholder[] = ["region", "key"];

function checkRequest(
  source: Source,
  at: Path,
  parsed: Parsed["read"] | Parsed["write"],
  kind: "read" | "write",
): void {
  const { method, path: target } = template(parsed);
  const line = { path: [...at, "request"] };
  if (!(METHODS[kind] as readonly string[]).includes(method)) {
    source.say({ ...line, word: method }, `a ${kind} is a ${METHODS[kind].join(" or ")}`);
  }
  const allowed = kind === "read" ? ALWAYS : PLACEHOLDERS;
  checkPlaceholders(source, line.path, target, ALWAYS);
  checkPlaceholders(source, [...at, "headers"], parsed.headers, allowed);
  checkPlaceholders(source, [...at, "body"], parsed.body, allowed);
  if (!target.includes("${key}")) source.say(line, `the path of a ${kind} names the key: \${key}`);
  if (kind === "write" && !JSON.stringify([parsed.headers, parsed.body]).includes("${value}")) {
    source.say({ path: at, key: true }, "a write sends the value somewhere: ${value} in its body or headers");
  }
}

function checkPlaceholders(source: Source, at: Path, value: unknown, allowed: readonly string[]): void {
  if (Array.isArray(value)) value.forEach((one, i) => checkPlaceholders(source, [...at, i], one, allowed));
  else if (isMap(value)) {
    for (const [name, one] of Object.entries(value)) checkPlaceholders(source, [...at, name], one, allowed);
  } else if (typeof value === "string") {
    for (const [written, name] of value.matchAll(/\$\{([^}]*)\}/g)) {
      if (allowed.includes(name!)) continue;
      const hint = didYouMean(name!, allowed, "Possible here are");
      source.say({ path: at, word: written }, `there is no ${written} here`, hint);
    }
  }
}
