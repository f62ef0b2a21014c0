// What watches a stack while a scenario plays: probes, samples, and whether a node dies that nobody touched.
import { wanted } from "../faults/wanted.ts";
import { LINKS } from "../model/cluster.ts";
import type { Stack } from "../stack.ts";
import { conflictCursors } from "../traffic/final.ts";
import { type Ledger, startLedger } from "../traffic/ledger.ts";
import { startProbes } from "../traffic/probes.ts";
import { startSampler } from "../traffic/sampler.ts";
import type { Samples } from "../verbs/scene.ts";

export interface Observers extends AsyncDisposable {
  samples: Samples;
  ledger: Ledger;
  /** Per region: the number of the newest conflict record from before this run. */
  conflictCursors: Readonly<Record<string, number>>;
}

const WATCH_EVERY_MS = 100;

export async function observe(stack: Stack): Promise<Observers> {
  const { topology, cluster, clock } = stack;
  const shared = { topology, nodes: cluster.nodes, clock, record: stack.events.append };
  const cursors = await conflictCursors(shared);
  const ledger = startLedger({ firstWhole: firstValue(clock.now()) });
  const deaf = stack.events.listen(ledger.observe);
  const probes = startProbes(shared);
  const sampler = startSampler({ ...shared, probes, ledger, conflictsAfter: cursors });
  const watch = watchNodes(stack);
  return {
    samples: {
      recent: sampler.recent,
      next: async (signal) => void (await sampler.next(signal)),
    },
    ledger,
    conflictCursors: cursors,
    async [Symbol.asyncDispose]() {
      const stopped = await Promise.allSettled([watch.stop(), sampler.stop(), probes.stop()]);
      deaf();
      for (const result of stopped) if (result.status === "rejected") throw result.reason;
    },
  };
}

/** Values must be unique over the runs that one stack sees: a later run begins far above an earlier one. */
const firstValue = (now: number) => 1_000 + Math.floor(now / 1_000) * 10;

/** Records once per death that a node is down though no fault wants it so. No fault is ever on the link program. */
function watchNodes(stack: Stack): { stop(): Promise<void> } {
  const { cluster, faults, clock } = stack;
  const ending = new AbortController();
  const suspects = new Set<string>();
  const look = async () => {
    const should = wanted(stack.topology, faults.active());
    const is = await cluster.observe();
    for (const [name, state] of should.nodes) {
      const dead = state === "up" && is.nodes.get(name) === "down";
      if (!dead) {
        faults.lives(name);
        suspects.delete(name);
      } else if (faults.moving(name)) {
        suspects.delete(name); // being started right now
      } else if (name !== LINKS && !suspects.has(name)) {
        suspects.add(name); // a fault that ends or begins at this instant looks alike: look once more
      } else if (!stack.isEndedByOthers()) {
        faults.died(name);
      }
    }
  };
  const watching = (async () => {
    while (!ending.signal.aborted) {
      await look();
      await clock.sleep(WATCH_EVERY_MS, ending.signal).catch(() => {});
    }
  })();
  watching.catch(() => {}); // stop() reports it
  return {
    stop() {
      ending.abort();
      return watching;
    },
  };
}
