// The links of an embedded stack: the node that is their program, and that program asked and steered over its control port.
import { type Links, LINKS, type Reply, type RequestInit } from "../../model/cluster.ts";
import {
  type Crossing,
  type CrossingId,
  crossingsOf,
  type LinkRule,
  type LinksState,
  type ProbeAnswer,
  type RulesOrder,
  type TimedRule,
} from "../../model/link.ts";
import { StackError } from "../../model/problem.ts";
import { EDGE, type NodeSpec, type Topology } from "../../model/topology.ts";

/** Every node of a stack: those of its topology, and the link program where anything crosses a link. */
export function nodesOfStack(topology: Topology): readonly NodeSpec[] {
  return crossingsOf(topology).length === 0 ? topology.nodes : [...topology.nodes, LINK_PROGRAM];
}

const LINK_PROGRAM: NodeSpec = {
  name: LINKS,
  role: "link",
  region: EDGE,
  needs: [], // it waits by itself for whom it leads to, and refuses meanwhile
  environment: {},
  port: 0, // nobody writes it behind its name
  files: [],
};

/** The name of the link program's listener of a crossing. */
export const crossingName = ({ from, to }: CrossingId) => `${from} -> ${to}`;

/** The zones from which a node is reached through a link. */
export function zonesCalling(node: string, topology: Topology): readonly string[] {
  return crossingsOf(topology)
    .filter(({ to }) => to === node)
    .map(({ from }) => from);
}

export interface RemoteLinks extends Links {
  /** The rules in force, as they would be set; undefined: nobody tells. */
  rules(): Promise<readonly LinkRule[] | undefined>;
  /** Resolves with true once each of these leads to its node, with false when that takes too long or nobody tells. */
  lead(crossings: readonly Crossing[], withinMs?: number): Promise<boolean>;
}

/** A look at what is may not wait long for one that hangs; an order may. */
const LOOK_MS = 2_000;
const ORDER_MS = 3_000;
/** The program itself looks every 20 ms whether a node has come. */
const LEAD_WITHIN_MS = 3_000;
/** For a stack that starts, where nothing can be cut: only a busy machine keeps a link from leading to a node that answers. */
export const LEAD_AT_START_MS = 20_000;
const LEAD_EVERY_MS = 5;

/** `request` asks the program's control port. */
export function remoteLinks(request: (path: string, init?: RequestInit) => Promise<Reply>, token: string): RemoteLinks {
  const headers = { authorization: `Bearer ${token}` };

  async function ask(path: string, init: RequestInit): Promise<unknown> {
    let reply: Reply;
    const once = () => request(path, { ...init, headers });
    try {
      // A connection that was kept may be of the program's former life. Whatever is asked here may be asked twice.
      reply = await once().catch((error: unknown) => (STALE.has(said(error)) ? once() : Promise.reject(error)));
    } catch (error) {
      throw new StackError(`the link program cannot be reached (${said(error)})`, HINT, { cause: error });
    }
    if (reply.status === 200) return reply.body;
    throw new StackError(`the link program answered ${reply.status} to ${path}: ${JSON.stringify(reply.body)}`);
  }

  const state = async (timeoutMs = ORDER_MS) => (await ask("/state", { timeoutMs })) as LinksState;

  return {
    async set(rules, now) {
      await ask("/rules", { method: "PUT", body: rulesOrder(rules, now), timeoutMs: ORDER_MS });
    },
    state: () => state(),
    async probe(order) {
      const timeoutMs = order.patienceMs + ORDER_MS;
      return (await ask("/probe", { method: "POST", body: order, timeoutMs })) as ProbeAnswer;
    },
    async rules() {
      try {
        return (await state(LOOK_MS)).rules.map(plain);
      } catch {
        return undefined; // it is ending, starting or too busy: asked again with the next look
      }
    },
    async lead(crossings, withinMs = LEAD_WITHIN_MS) {
      const wanted = new Set(crossings.map(crossingName));
      for (const began = performance.now(); performance.now() - began < withinMs;) {
        const now = await state().catch(() => undefined);
        if (now === undefined) return false;
        const refusing = now.crossings.filter(({ accepts }) => !accepts).map(crossingName);
        if (!refusing.some((name) => wanted.has(name))) return true;
        await new Promise((resolve) => setTimeout(resolve, LEAD_EVERY_MS));
      }
      return false;
    },
  };
}

const STALE: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);
const HINT = 'Look with "regionctl status" and "regionctl logs links"; "regionctl heal" starts it again.';

/** Times since `up` mean nothing to the program: it is told how long from now. What is over is not set again. */
export function rulesOrder(rules: readonly TimedRule[], now: number): RulesOrder {
  return {
    rules: rules.flatMap(({ until, ...rule }) => {
      if (until === undefined) return [rule];
      return until > now ? [{ ...rule, forMs: until - now }] : [];
    }),
  };
}

/** A rule without what its program tells of it. */
function plain({ id, from, to, crossing, effect }: LinkRule): LinkRule {
  return { id, from, to, ...(crossing && { crossing }), effect };
}

function said(error: unknown): string {
  const { code, message } = error as { code?: unknown; message: string };
  return typeof code === "string" ? code : message;
}
