// What regions hold and have recorded, read from each region's own node: never through the gateway, which would let a
// neighbour answer for a dead region.
import { z } from "zod";
import type { Node } from "../model/cluster.ts";
import type { ConflictEvent, Final } from "../model/event.ts";
import type { Topology, Workload } from "../model/topology.ts";
import { fill } from "./mapping.ts";
import { judge, type Answer } from "./outcome.ts";
import { homesOf } from "./probes.ts";

const READ_TIMEOUT_MS = 2_000;

export interface ReadKeysOptions {
  workload: Workload;
  region: string;
  node: Node;
  keys: Iterable<string>;
  /** How many are read at a time; 8 unless said. */
  concurrency?: number;
  signal?: AbortSignal;
}

/** Every key, in the order given. A key that cannot be read is an answer too: its outcome says why. */
export async function readKeys(options: ReadKeysOptions): Promise<Final[]> {
  const keys = [...options.keys];
  const finals: Final[] = [];
  let next = 0;
  const reader = async () => {
    for (let place = next++; place < keys.length; place = next++) {
      options.signal?.throwIfAborted();
      finals[place] = await readKey(options, keys[place]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency ?? 8, keys.length) }, reader));
  return finals;
}

async function readKey({ workload, region, node, signal }: ReadKeysOptions, key: string): Promise<Final> {
  const { method, path, headers } = fill(workload, "read", { region, key });
  let answer: Answer;
  try {
    answer = { reply: await node.request(path, { method, headers, timeoutMs: READ_TIMEOUT_MS, signal }) };
  } catch (failure) {
    answer = { failure };
  }
  const { outcome, value, version, state } = judge(workload, "read", answer);
  return { type: "final", region, key, outcome, value, version, state };
}

export interface ConflictsOptions {
  topology: Topology;
  region: string;
  node: Node;
  /** Only records with a greater number. */
  after?: number;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** All pages, in the order of their numbers; none where the topology does not say where to look. */
export async function pageConflicts(options: ConflictsOptions): Promise<ConflictEvent[]> {
  const { topology, region, node, timeoutMs = READ_TIMEOUT_MS, signal } = options;
  const found: ConflictEvent[] = [];
  if (topology.observe.conflicts === undefined) return found;
  let after = options.after ?? 0;
  for (;;) {
    const path = topology.observe.conflicts.replaceAll(":region", region).replaceAll(":after", String(after));
    const { status, body } = await node.request(path, { timeoutMs, signal });
    const page = Page.safeParse(body);
    if (status !== 200 || !page.success)
      throw new Error(`${node.spec.name} did not answer GET ${path} with a page of conflicts: ${why(status, page)}`);
    found.push(...page.data.conflicts.map((record) => conflictOf(region, record)));
    const last = page.data.conflicts.at(-1)?.id;
    if (page.data.next === null || last === undefined) return found;
    if (last <= after)
      throw new Error(`${node.spec.name} answers GET ${path} with records up to ${last} again and again`);
    after = last;
  }
}

/** The number of the newest record in each region: a run on a stack that is older than itself begins after these. */
export async function conflictCursors({
  topology,
  nodes,
  signal,
}: {
  topology: Topology;
  nodes: readonly Node[];
  signal?: AbortSignal;
}): Promise<Readonly<Record<string, number>>> {
  const cursors = topology.regions.map(async (region) => {
    const node = homesOf(nodes, region)[0];
    const records = node === undefined ? [] : await pageConflicts({ topology, region, node, signal });
    return [region, records.at(-1)?.number ?? 0] as const;
  });
  return Object.fromEntries(await Promise.all(cursors));
}

const Side = z
  .object({ state: z.string(), value: z.unknown(), request_id: z.string().nullish() })
  .nullish()
  .transform((side) =>
    side ? { state: side.state, value: side.value, ...(side.request_id ? { id: side.request_id } : {}) } : null,
  );

const Page = z.object({
  conflicts: z.array(
    z.object({
      id: z.number().int(),
      kind: z.enum(["rejected", "concurrent", "duplicate-request"]),
      key: z.union([z.string(), z.number()]),
      rule: z.string().nullish(),
      winner: Side,
      loser: Side,
    }),
  ),
  next: z.number().nullish().default(null),
});

function conflictOf(region: string, record: z.infer<typeof Page>["conflicts"][number]): ConflictEvent {
  const { id, kind, key, winner, loser, rule } = record;
  return { type: "conflict", region, number: id, kind, key: String(key), winner, loser, rule: rule ?? "" };
}

function why(status: number, page: z.ZodSafeParseResult<unknown>): string {
  if (status !== 200) return `status ${status}`;
  const issue = page.error?.issues[0];
  return `${issue?.path.join(".") || "the body"}: ${issue?.message ?? "unreadable"}`;
}
