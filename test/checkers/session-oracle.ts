// The session guarantees and staleness once more, straight from their definitions: every operation against every earlier one,
// with the vectors of the model. Far too slow for a run, and short enough to be believed.
import type { Event } from "../../src/model/event.ts";
import { covers } from "../../src/model/vector.ts";
import { faultsOf } from "../../src/checkers/faults.ts";
import { factsOf } from "../../src/checkers/history.ts";
import type { Facts, Operation } from "../../src/checkers/history.ts";

const GRACE_MS = 1_000;

export type Kind = "read" | "write";
/** By moved (0, 1) and inside (0, 1). */
export interface Counts {
  checked: Record<string, number>;
  violated: Record<string, number>;
  apart: number;
}

export function oracle(history: readonly Event[], laterKind: Kind, earlierKind: Kind): Counts {
  const facts = factsOf(history);
  const repeats = new Set(facts.writes.flatMap(({ attempts }) => attempts.slice(1)));
  const counts: Counts = { checked: {}, violated: {}, apart: 0 };
  const oks = facts.operations.filter(({ outcome }) => outcome.type === "ok");
  for (const later of oks.filter(({ invoke }) => invoke.kind === laterKind)) {
    if (laterKind === "write" && (repeats.has(later) || later.complete?.stored)) continue;
    const before = oks.filter(
      (one) =>
        one.invoke.kind === earlierKind &&
        one.invoke.client === later.invoke.client &&
        one.invoke.key === later.invoke.key &&
        one.completed < later.invoke.at,
    );
    const comparable = before.filter((one) => compare(facts, later, one) !== undefined);
    if (comparable.length < before.length) counts.apart++;
    if (comparable.length === 0) continue;
    const contradicted = comparable.filter((one) => compare(facts, later, one) === false);
    const same = (one: Operation) => place(one) === place(later);
    const latest = comparable.reduce((a, b) => (b.completed >= a.completed ? b : a));
    const moved = contradicted.length > 0 ? !contradicted.some(same) : !same(latest);
    const part = `${moved ? "moved" : "same"} region, ${isInside(history, later) ? "inside" : "outside"} fault windows`;
    counts.checked[part] = (counts.checked[part] ?? 0) + 1;
    if (contradicted.length > 0) counts.violated[part] = (counts.violated[part] ?? 0) + 1;
  }
  return counts;
}

export interface Stale {
  timeMs: number;
  versions: number;
  inside: boolean;
}

/** Of every read that can be compared with an acknowledged write before it. */
export function staleReads(history: readonly Event[]): readonly Stale[] {
  const facts = factsOf(history);
  return [...facts.keys.values()].flatMap(({ reads, writes }) => {
    // One write that is told twice with one state is one; with two states (of two regions) it is two.
    const acknowledged = writes.flatMap(({ attempts }, number) =>
      attempts
        .filter(({ outcome }) => outcome.type === "ok")
        .map((by) => ({ by, name: `${number} ${by.complete!.state ?? `${by.servedIn} ${by.complete!.version}`}` })),
    );
    return reads.flatMap((read): readonly Stale[] => {
      const before = acknowledged.filter(
        ({ by }) => by.completed < read.invoke.at && compare(facts, read, by) !== undefined,
      );
      if (before.length === 0) return [];
      const newer = before.filter(({ by }) => compare(facts, read, by) === false);
      const timeMs = Math.max(0, ...newer.map(({ by }) => read.invoke.at - by.completed));
      return [{ timeMs, versions: new Set(newer.map(({ name }) => name)).size, inside: isInside(history, read) }];
    });
  });
}

const place = ({ servedIn, invoke }: Operation) => servedIn ?? invoke.region;

/** Does the later one's state cover the earlier one's? undefined: nobody can say. */
function compare(facts: Facts, later: Operation, earlier: Operation): boolean | undefined {
  const [after, before] = [later, earlier].map(({ complete }) => facts.vector(complete?.state));
  if (after !== undefined && before !== undefined) return covers(after, before);
  if (after !== undefined || before !== undefined) return undefined;
  const [a, b] = [later.complete, earlier.complete];
  if (a?.version === undefined || b?.version === undefined || a.stored || b.stored) return undefined;
  return later.servedIn !== undefined && later.servedIn === earlier.servedIn ? a.version >= b.version : undefined;
}

function isInside(history: readonly Event[], { invoke, completed }: Operation): boolean {
  return faultsOf(history).some(({ from, to }) => from <= completed && to + GRACE_MS >= invoke.at);
}
