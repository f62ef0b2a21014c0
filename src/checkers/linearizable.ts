// linearizable: one region behaves as if each key were a single register that everybody asks in turn (Herlihy & Wing 1990):
// what was acknowledged is there for whoever asks afterwards, and what was replaced does not come back. Judged per key, from what
// that region itself answered (linearizable/region.ts), in up to three ways that must agree (linearizable/agree.ts).
//
// It is a promise of one region only. Between regions replication is late by design: `staleness` tells how late.
import { z } from "zod";
import type { Event } from "../model/event.ts";
import { merge } from "../model/verdict.ts";
import type { Judgement, Part } from "../model/verdict.ts";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { regionName, unknownRegion } from "./args.ts";
import { faultsOf } from "./faults.ts";
import { agree, WAYS } from "./linearizable/agree.ts";
import type { Agreed } from "./linearizable/agree.ts";
import { operationsIn } from "./linearizable/contradiction.ts";
import { explain } from "./linearizable/explain.ts";
import { regionOf } from "./linearizable/region.ts";
import type { Judged, Region } from "./linearizable/region.ts";
import { count, judged, several, STORIES, wereSeen } from "./say.ts";
import { faultAt } from "./sessions/windows.ts";

/** Of all searches of one verdict together: a few seconds. */
export const STEPS = 5_000_000;

const args = z.strictObject({ region: regionName });
type Args = z.output<typeof args>;

export const linearizable: ExpectationWords<Args> = {
  name: "linearizable",
  summary:
    "One region answers as if each key were a single register: nothing acknowledged is missed, nothing replaced comes back.",
  example: "- linearizable: { region: us }",
  args,
  check: ({ region }, topology) => unknownRegion(region, topology),
  judge: (history, { region }) => judgeRegion(history, region, STEPS),
};

export function judgeRegion(history: readonly Event[], region: string, steps: number): Judgement {
  const told = regionOf(history, region);
  const little = tooLittle(told, region);
  if (little !== undefined) return judged("unknown", little);
  const agreed = agree(
    told.keys.map(({ register }) => register),
    steps,
  );
  const valid = merge(agreed.map((one) => one.valid));
  const telling = told.keys
    .map((key, i): Case => ({ key, agreed: agreed[i]! }))
    .filter((one) => one.agreed.valid === valid && one.agreed.found !== undefined);
  const explained = telling
    .slice(0, STORIES)
    .map((one) => ({ ...one, ...explain(one.key, region, one.agreed.found!) }));
  const story = explained.flatMap((one) => [
    ...(one.agreed.disagreement === undefined
      ? []
      : [`Key ${one.key.key}: the checkers disagree, which is a bug of regionctl: ${one.agreed.disagreement}.`]),
    ...one.story,
  ]);
  if (telling.length > STORIES) story.push(`And ${count(telling.length - STORIES)} more keys like these.`);
  const breakdown = partsOf(history, told, agreed);
  return {
    ...judged(
      valid,
      summarise(told, agreed, region),
      explained.flatMap((one) => one.evidence),
      story,
    ),
    ...(breakdown.length > 0 ? { breakdown } : {}),
  };
}

interface Case {
  key: Judged;
  agreed: Agreed;
}

/** Too little to mean anything: why, in a sentence. */
function tooLittle({ reads, writes }: Region, region: string): string | undefined {
  if (reads > 0 && writes > 0) return undefined;
  const missing = [
    ...(reads === 0 ? ["no read was answered"] : []),
    ...(writes === 0 ? ["no write was acknowledged"] : []),
  ];
  const others = reads + writes === 0 ? "" : `, beside ${several(reads + writes, reads > 0 ? "read" : "write")}`;
  return `${missing.join(" and ")} by ${region} itself${others}: too little to judge`;
}

/** "900 operations of us (500 reads, 400 writes) on 20 keys: each key has an order that explains every answer, by version ..." */
function summarise(told: Region, agreed: readonly Agreed[], region: string): string {
  const { reads, writes, again, pending, dropped, keys } = told;
  const more = again > 0 ? `, ${several(again, "further effect")} of one id` : "";
  const judgedBy = `${several(reads + writes + again, "operation")} of ${region} (${several(reads, "read")}, ${several(writes, "write")}${more})`;
  return [
    `${judgedBy} on ${several(keys.length, "key")}: ${outcome(keys, agreed)}, ${ways(agreed)}`,
    ...(pending.all > 0
      ? [`${several(pending.all, "write")} of elsewhere or without an answer, of which ${wereSeen(pending.seen)}`]
      : []),
    ...(dropped > 0 ? [`${several(dropped, "read")} without an answer left out`] : []),
  ].join("; ");
}

function outcome(keys: readonly Judged[], agreed: readonly Agreed[]): string {
  const broken = agreed.filter(({ valid }) => valid === false).length;
  if (broken > 0)
    return `${several(broken, "key")} ${broken === 1 ? "has" : "have"} no order that explains every answer`;
  const bugs = agreed.filter(({ disagreement }) => disagreement !== undefined).length;
  if (bugs > 0) return `the checkers disagree on ${several(bugs, "key")}, which is a bug of regionctl`;
  const open = keys.flatMap(({ key, register }, i) => {
    const { valid, explained = 0 } = agreed[i]!;
    return valid === "unknown" ? [`${count(explained)} of ${count(register.size)} operations of key ${key}`] : [];
  });
  if (open.length === 0) return "each key has an order that explains every answer";
  const some = open.slice(0, STORIES).join(", ");
  return `${several(open.length, "key")} not decided within the steps of the search, which got as far as ${some}`;
}

/** "by version and by zones, which agree" */
function ways(agreed: readonly Agreed[]): string {
  const used = WAYS.filter((way) => agreed.some(({ opinions }) => opinions.some((one) => one.way === way)));
  const both = agreed.filter(({ opinions }) => opinions.length > 1);
  const said = used.map((way) => `by ${way}`).join(used.length > 2 ? ", " : " and ");
  if (both.length === 0 || agreed.some(({ disagreement }) => disagreement !== undefined)) return said;
  const same = both.every(({ opinions: [a, b] }) => a!.valid === b!.valid);
  if (same) return `${said}, which agree`;
  const decided = both.every(({ opinions: [a, b] }) => a!.valid !== "unknown" && b!.valid !== "unknown");
  return decided ? `${said} (values alone have an order, versions have none)` : said;
}

/** Who asked, and when: at home or moved, inside a fault or outside. A contradiction counts where it came to light. */
function partsOf(history: readonly Event[], { keys }: Region, agreed: readonly Agreed[]): readonly Part[] {
  const windows = faultsOf(history);
  const parts: Part[] = PARTS.map((of) => ({ of, checked: 0, violated: 0 }));
  const partOf = ({ register: { invoked, completed }, moved }: Judged, place: number): Part => {
    const inside = faultAt(windows, invoked[place]!, completed[place]!) !== undefined;
    return parts[(moved(place) ? 1 : 0) + (inside ? 2 : 0)]!;
  };
  for (const [i, key] of keys.entries()) {
    const { register } = key;
    for (let place = 0; place < register.size; place++)
      if (register.completed[place] !== Infinity) partOf(key, place).checked++;
    const { valid, found } = agreed[i]!;
    if (valid !== false || found === undefined) continue;
    const finite = operationsIn(found).filter((place) => register.completed[place] !== Infinity);
    const last = finite.toSorted((a, b) => register.completed[b]! - register.completed[a]!)[0];
    if (last !== undefined) partOf(key, last).violated++;
  }
  return parts.filter(({ checked }) => checked > 0);
}

const PARTS = [
  "same region, outside fault windows",
  "moved region, outside fault windows",
  "same region, inside fault windows",
  "moved region, inside fault windows",
];
