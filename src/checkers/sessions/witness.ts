// Who else saw a later write without what came before it: a reader whose version covers the one and not the other.
import type { Facts, Operation } from "../history.ts";
import { covers } from "../../model/vector.ts";
import type { Vector } from "../../model/vector.ts";
import { NUMBER, VECTOR } from "./columns.ts";
import type { Columns } from "./columns.ts";
import type { Contradiction } from "./sweep.ts";

/** Any reader of that key in any region, the first; looked for only where a story is told. */
export function witnessOf(facts: Facts, columns: Columns, { later, earlier }: Contradiction): Operation | undefined {
  const write = columns.operations[later]!;
  const reads = facts.keys.get(write.invoke.key)?.reads ?? [];
  if (columns.position[later] === VECTOR) {
    const [after, before] = [later, earlier].map((place) => vectorAt(facts, columns, place));
    return reads.find(({ complete }) => {
      const seen = facts.vector(complete?.state);
      return seen !== undefined && covers(seen, after!) && !covers(seen, before!);
    });
  }
  const [after, before] = [columns.version[later]!, columns.version[earlier]!];
  return reads.find(({ complete, servedIn }) => {
    const isNumber = columns.position[later] === NUMBER && servedIn === write.servedIn;
    const version = complete?.version;
    return isNumber && version !== undefined && version >= after && version < before;
  });
}

function vectorAt(facts: Facts, { operations }: Columns, place: number): Vector | undefined {
  return facts.vector(operations[place]!.complete?.state);
}
