// request: one HTTP request of the script, through the gateway unless `to` names a node, and what its answer must be.
import { z } from "zod";
import { parseDuration } from "../model/units.ts";
import { at as valueAt } from "../model/path.ts";
import { fill } from "../scenario/placeholders.ts";
import { nodeNamed, type Topology } from "../model/topology.ts";
import type { Complaint } from "../model/vocabulary.ts";
import { routed } from "../topology/block.ts";
import { duration } from "./duration.ts";
import { type Scene, StepProblem, verb } from "./scene.ts";

type Answer = Awaited<ReturnType<Scene["traffic"]["script"]>>;

const TIMEOUT_MS = 5_000;
const POLL_EVERY_MS = 20;
const shape = "expected a method and a path, e.g. GET /us/health";

const line = z.string({ error: shape }).regex(/^(GET|HEAD|POST|PUT|PATCH|DELETE) \/\S*$/, shape);

const statusShape = "expected a status, e.g. 200, or a list of them, any of which will do, e.g. [200, 409]";
const status = z.int({ error: statusShape }).min(100, statusShape).max(599, statusShape);

const expectation = z.strictObject({
  status: z.union([status, z.array(status).min(1, statusShape)], { error: statusShape }).optional(),
  body: z.unknown().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  "served-by": z.string({ error: "expected a node or a region" }).optional(),
  "faster-than": duration.optional(),
});
type Expected = z.infer<typeof expectation>;

const args = z.strictObject({
  target: line,
  body: z.unknown().optional(),
  headers: z.record(z.string(), z.string()).default({}),
  to: z.string({ error: "expected a node" }).optional(),
  expect: expectation.optional(),
});
type Args = z.infer<typeof args>;

export const request = verb<Args>({
  name: "request",
  summary: "Sends one request through the gateway (or `to` a node) and checks the answer.",
  example: "- request: GET /us/health\n  expect: { status: 200, served-by: backend-us }",
  args: args as z.ZodType<Args>,
  modifiers: ["within", "save"],
  check(args, topology) {
    const complaints: Complaint[] = unrouted(args, topology);
    if (args.to !== undefined && nodeNamed(topology, args.to) === undefined) {
      complaints.push({
        path: ["to"],
        message: `topology "${topology.name}" has no node "${args.to}"`,
        hint: nodeList(topology),
      });
    }
    const servedBy = args.expect?.["served-by"];
    if (servedBy !== undefined && nodeNamed(topology, servedBy) === undefined && !topology.regions.includes(servedBy)) {
      complaints.push({
        path: ["expect", "served-by"],
        message: `topology "${topology.name}" has no node or region "${servedBy}"`,
        hint: nodeList(topology),
      });
    }
    return complaints;
  },
  async perform(scene, step) {
    const deadline = step.withinMs === undefined ? undefined : scene.clock.now() + step.withinMs;
    if (deadline !== undefined && !/^(GET|HEAD) /.test(step.args.target)) {
      throw new StepProblem("errored", "`within` repeats a request, and only reads may be repeated");
    }
    for (;;) {
      const timeoutMs =
        deadline === undefined ? TIMEOUT_MS : Math.min(TIMEOUT_MS, Math.max(1, deadline - scene.clock.now()));
      const wrong = await attempt(scene, step.args, step.save ?? {}, timeoutMs);
      if (wrong === undefined) return;
      if (deadline === undefined || scene.clock.now() > deadline) throw new StepProblem("failed", wrong);
      await scene.clock.sleep(POLL_EVERY_MS, scene.signal);
    }
  },
});

/** A path that no route has reaches no region, so only the gateway's own 404 can answer it. */
function unrouted({ target, to, expect }: Args, topology: Topology): Complaint[] {
  const [, path] = /^[A-Z]+ (\/[\w.~-]*(?:\/[^?#]*)?)(?:[?#]|$)/.exec(target) ?? []; // "/${region}" says nothing yet
  const routes = Object.keys(topology.routes);
  if (path === undefined || to !== undefined || routes.length === 0) return [];
  if (allowed(expect?.status).includes(404)) return [];
  if (routed(path, topology.routes) !== undefined) return [];
  const message = `topology "${topology.name}" has no route for "${path}"`;
  return [{ path: ["target"], word: path, message, hint: `Its routes are ${routes.join(", ")}.` }];
}

const nodeList = (topology: Topology) => `Its nodes are ${topology.nodes.map((node) => node.name).join(", ")}.`;

/** What is wrong with the answer, in words; undefined when it is as expected. */
async function attempt(
  scene: Scene,
  args: Args,
  save: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<string | undefined> {
  const [method, path] = (fill(args.target, scene.values) as string).split(" ") as [string, string];
  const node = scene.cluster.nodes.find((candidate) => candidate.spec.name === args.to);
  let answer: Answer;
  try {
    answer = await scene.traffic.script({
      method,
      path,
      headers: texts(fill(args.headers, scene.values)),
      body: args.body === undefined ? undefined : fill(args.body, scene.values),
      to: node ? `http://${node.address}` : scene.gateway,
      timeoutMs,
    });
  } catch (error) {
    scene.signal.throwIfAborted();
    return `no answer: ${(error as Error).message}`;
  }
  const wrong = args.expect ? mismatches(fill(args.expect, scene.values) as Expected, answer, scene.topology) : [];
  if (wrong.length > 0) return wrong.join("; ");
  for (const [name, where] of Object.entries(save)) {
    const value = valueAt(answer, where);
    if (value === undefined) return `nothing to save as "${name}": the answer has no ${where}`;
    scene.values.set(name, value);
  }
  return undefined;
}

/** None: whatever it is. */
const allowed = (status: Expected["status"]): readonly number[] => (status === undefined ? [] : [status].flat());

/** Every difference between what was expected and what came, in words. */
export function mismatches(expected: Expected, answer: Answer, topology: Topology): readonly string[] {
  const wrong: string[] = [];
  const served = answer.headers["x-served-by"];
  const servedBy = expected["served-by"];
  const servedOk = servedBy === served || (served !== undefined && nodeNamed(topology, served)?.region === servedBy);
  const statuses = allowed(expected.status);
  if (statuses.length > 0 && !statuses.includes(answer.status))
    wrong.push(`expected status ${statuses.join(" or ")}, got ${answer.status}${detailOf(answer.body)}`);
  if (servedBy !== undefined && !servedOk)
    wrong.push(`expected to be served by ${servedBy}, was served by ${served ?? "the gateway itself"}`);
  for (const [name, value] of Object.entries(texts(expected.headers ?? {}))) {
    const got = answer.headers[name.toLowerCase()];
    if (got !== value) wrong.push(`expected header ${name}: ${value}, got ${got ?? "none"}`);
  }
  if (expected.body !== undefined) wrong.push(...bodyMismatches(expected.body, answer.body, "body"));
  const limitMs = expected["faster-than"] as number | string | undefined;
  const boundMs = typeof limitMs === "string" ? parseDuration(limitMs) : limitMs;
  if (boundMs !== undefined && answer.tookMs >= boundMs)
    wrong.push(`expected an answer in less than ${boundMs} ms, it took ${Math.round(answer.tookMs)} ms`);
  return wrong;
}

/** What is expected must be there; an answer may hold more. A key with dots is a path ("original_response.version"). */
function bodyMismatches(expected: unknown, got: unknown, path: string): readonly string[] {
  if (expected !== null && typeof expected === "object" && !Array.isArray(expected)) {
    return Object.entries(expected).flatMap(([key, value]) =>
      bodyMismatches(value, valueAt(got, key), `${path}.${key}`),
    );
  }
  const same = JSON.stringify(expected) === JSON.stringify(got);
  return same
    ? []
    : [`expected ${path} ${JSON.stringify(expected)}, got ${got === undefined ? "nothing" : JSON.stringify(got)}`];
}

/** Headers are text, also where a saved number was filled in. */
function texts(headers: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(headers as object).map(([name, value]) => [name, String(value)]));
}

function detailOf(body: unknown): string {
  const detail = valueAt(body, "detail");
  return typeof detail === "string" ? ` (${detail})` : "";
}
