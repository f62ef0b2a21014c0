// What is wrong with a history that its schema cannot see: each complaint with its place inside what was checked.
import type { Complaint } from "../model/vocabulary.ts";
import { didYouMean } from "../topology/words.ts";
import type { HistoryHead, HistoryOperation } from "./history-format.ts";

type Regions = ReadonlySet<string>;

export function complaintsOfOperation(one: HistoryOperation, regions: Regions): readonly Complaint[] {
  const { kind, outcome, invoked, completed, value, servedIn } = one;
  const wrong: Complaint[] = [...unknown(one.region, ["region"], regions)];
  if (servedIn !== undefined) wrong.push(...unknown(servedIn, ["servedIn"], regions));
  if (completed === undefined && outcome !== "unknown") {
    wrong.push({
      path: [],
      message: `"completed" is missing: an operation that ended with "${outcome}" has the time of its answer`,
      hint: 'Without an answer its outcome is "unknown".',
    });
  }
  if (completed !== undefined && completed < invoked) {
    wrong.push({ path: ["completed"], message: `it was begun at ${invoked} and cannot be completed before` });
  }
  if (value === undefined && kind === "write") {
    wrong.push({ path: [], message: '"value" is missing: a write has the value that was written' });
  }
  if (value === undefined && kind === "read" && outcome === "ok") {
    wrong.push({
      path: [],
      message: '"value" is missing: a read that is "ok" has the value that was read',
      hint: "null stands for nothing.",
    });
  }
  if (one.status !== undefined && completed === undefined) {
    wrong.push({ path: ["status"], message: 'an answer with a status has the time when it came, as "completed"' });
  }
  if (kind === "read") {
    for (const name of ["basis", "expected", "id"] as const)
      if (one[name] !== undefined) wrong.push({ path: [name], message: `"${name}" is of writes, and this is a read` });
  }
  return wrong;
}

export function complaintsOfHead({
  regions,
  faults = [],
  finals = [],
  conflicts = [],
}: HistoryHead): readonly Complaint[] {
  const known = new Set(regions);
  const twice = regions.findIndex((region, i) => regions.indexOf(region) !== i);
  const read = new Set<string>();
  return [
    ...(twice === -1 ? [] : [{ path: ["regions", twice], message: `"${regions[twice]}" stands here twice` }]),
    ...faults.flatMap(({ from, to, regions: touched }, i): readonly Complaint[] => [
      ...touched.flatMap((region, j) => unknown(region, ["faults", i, "regions", j], known)),
      ...(to !== undefined && to < from
        ? [{ path: ["faults", i, "to"], message: `it began at ${from} and cannot be over before` }]
        : []),
    ]),
    ...finals.flatMap(({ region, key }, i): readonly Complaint[] => {
      const name = `${region} ${key}`;
      const again = read.has(name);
      read.add(name);
      return [
        ...unknown(region, ["finals", i, "region"], known),
        ...(again ? [{ path: ["finals", i], message: `what ${region} holds of key ${key} stands here twice` }] : []),
      ];
    }),
    ...conflicts.flatMap(({ region }, i) => unknown(region, ["conflicts", i, "region"], known)),
  ];
}

function unknown(region: string, path: Complaint["path"], regions: Regions): readonly Complaint[] {
  if (regions.has(region)) return [];
  const hint = didYouMean(region, [...regions], 'Its "regions" are');
  return [{ path, message: `this history has no region "${region}"`, hint }];
}
