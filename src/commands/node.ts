// A node of a stack that is up, by the name that a user typed.
import type { Node } from "../model/cluster.ts";
import { UsageError } from "../model/problem.ts";
import type { Role } from "../model/topology.ts";
import type { Stack } from "../stack.ts";
import { didYouMean } from "../topology/words.ts";

/** With `role`, only one of those. Throws UsageError that names what there is. */
export function nodeOf(stack: Stack, name: string, role?: Role): Node {
  const possible = stack.cluster.nodes.filter(({ spec }) => role === undefined || spec.role === role);
  const found = possible.find(({ spec }) => spec.name === name);
  if (found !== undefined) return found;
  const names = possible.map(({ spec }) => spec.name);
  const other = stack.cluster.nodes.find(({ spec }) => spec.name === name);
  const kind = role === undefined ? "node" : (NOUNS[role] ?? role);
  throw new UsageError(
    [
      other === undefined ? `stack "${stack.record.name}" has no ${kind} "${name}".` : `"${name}" is no ${kind}.`,
      names.length === 0 ? `It has no ${kind} at all.` : didYouMean(name, names, `Its ${kind}s are`),
    ].join(" "),
  );
}

/** What people call them. */
const NOUNS: Partial<Readonly<Record<Role, string>>> = { postgres: "database", kafka: "broker" };
