// One connection that crosses a link: the client's end, the end of the node behind, and a pipe each way.
//
// While its link is cut in mode drop it waits: nothing is read from the client, and the node behind hears nothing of it.
// After that, what the client sent meanwhile arrives, and its FIN as well.
import { lifetimeMs } from "./effect.ts";
import type { End } from "./end.ts";
import { createPipe, type Pipe, type PipePlan } from "./pipe.ts";
import type { LinkRule } from "../model/link.ts";

export interface Connection {
  /** The gate of its crossing opened: connects to the node behind. */
  proceed(): void;
  /** The effects on its bytes are others. */
  changed(): void;
  /** RST on both sides, at once. */
  reset(): void;
  /** The flaky rules under which it lives; each may end it. */
  live(flaky: readonly LinkRule[]): void;
}

export interface ConnectionPlan {
  client: End;
  /** Begins to connect to the node behind. */
  dial(connected: () => void): End;
  there: Omit<PipePlan, "source" | "sink">;
  back: Omit<PipePlan, "source" | "sink">;
  random(): number;
  /** The node behind could not be connected to. */
  refused(error: NodeJS.ErrnoException): void;
  /** This flaky rule has reset it. */
  wornOut(rule: LinkRule): void;
  closed(): void;
}

export function createConnection({ client, dial, there, back, ...rest }: ConnectionPlan): Connection {
  const { random, refused, wornOut, closed } = rest;
  const lives = new Map<string, NodeJS.Timeout>();
  let upstream: End | undefined;
  let pipes: { there: Pipe; back: Pipe } | undefined;
  let open = 1;

  const endClosed = () => {
    if (--open > 0) return;
    for (const timer of lives.values()) clearTimeout(timer);
    pipes?.there.close();
    pipes?.back.close();
    closed();
  };

  client.events = {
    bytes: (bytes) => pipes!.there.bytes(bytes),
    ended: () => pipes!.there.sourceEnded("finish"),
    drained: () => pipes?.back.sinkDrained(),
    failed() {
      pipes?.back.close();
      if (pipes === undefined) upstream?.reset();
      else pipes.there.sourceEnded("reset");
    },
    closed: endClosed,
  };

  const connected = (node: End) => {
    // The client's side may have gone meanwhile.
    if (upstream !== node || pipes !== undefined) return;
    pipes = {
      there: createPipe({ ...there, source: client, sink: node }),
      back: createPipe({ ...back, source: node, sink: client }),
    };
    pipes.there.start();
    pipes.back.start();
  };

  const failed = (error: NodeJS.ErrnoException) => {
    if (pipes === undefined) {
      client.reset();
      refused(error);
      return;
    }
    pipes.there.close();
    pipes.back.sourceEnded("reset");
  };

  const reset = () => {
    pipes?.there.close();
    pipes?.back.close();
    client.reset();
    upstream?.reset();
  };

  const wearOut = (rule: LinkRule) => {
    wornOut(rule);
    reset();
  };

  return {
    proceed() {
      if (upstream !== undefined || open === 0) return;
      open++;
      const node = dial(() => connected(node));
      upstream = node;
      node.events = {
        bytes: (bytes) => pipes!.back.bytes(bytes),
        ended: () => pipes!.back.sourceEnded("finish"),
        drained: () => pipes?.there.sinkDrained(),
        failed,
        closed: endClosed,
      };
    },
    changed() {
      pipes?.there.changed();
      pipes?.back.changed();
    },
    reset,
    live(flaky) {
      for (const [id, timer] of lives) {
        if (flaky.some((rule) => rule.id === id)) continue;
        clearTimeout(timer);
        lives.delete(id);
      }
      for (const rule of flaky) {
        if (lives.has(rule.id) || rule.effect.type !== "flaky") continue;
        const forMs = lifetimeMs(rule.effect.resetsPerSecond, random);
        // One that is to live for weeks is not worth a timer.
        if (forMs < 2 ** 31) lives.set(rule.id, setTimeout(wearOut, forMs, rule));
      }
    },
  };
}
