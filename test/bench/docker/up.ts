// `up` to all healthy, and who is slow; against other ways to start the same and wait for it.
import fs from "node:fs";
import path from "node:path";
import type { StackPlace } from "../../../src/model/cluster.ts";
import type { Event } from "../../../src/model/event.ts";
import type { Bench } from "../bench.ts";
import { type Figure, figure, median } from "../figure.ts";
import { composeUps } from "./compose.ts";
import { healthEventUps } from "./health-events.ts";

/** Of each way; the first of them is the fresh one. */
const TIMES = 4;
const COMPARED = 0.6;

export async function upFigures(bench: Bench): Promise<readonly Figure[]> {
  const { home, regionctl, say } = bench;
  say(`up on Docker, ${TIMES} times ...`);
  const ups: number[] = [];
  const perNode: ReadonlyMap<string, number>[] = [];
  for (let i = 0; i < TIMES; i++) {
    if (i > 0) await regionctl("down", "--json");
    ups.push((await regionctl("up", "--json")).ms);
    perNode.push(nodesIn(path.join(placeOf(home).directory, "events.ndjson")));
  }
  const [fresh, again] = [ups[0]!, median(ups.slice(1))];

  say("the same containers, waited for by health events ...");
  const byEvents = await healthEventUps(bench, TIMES - 1);
  say("docker compose up -d --wait of the same file ...");
  const composed = await composeUps(bench, TIMES - 1);

  const names = [...perNode[0]!.keys()];
  const of = (name: string) => median(perNode.map((times) => times.get(name) ?? NaN));
  const slowest = names.toSorted((a, b) => of(b) - of(a));
  return [
    figure("`up` on Docker to all healthy, the first time", seconds(fresh), "< 6 s", fresh < 6_000),
    figure("`up` on Docker to all healthy, again (median)", seconds(again), "< 4 s", again < 4_000),
    figure("each node after (median)", slowest.map((name) => `${name} ${seconds(of(name))}`).join(", "), "", true),
    against("the same containers, parallel, waited for by health events", byEvents, again),
    against("`docker compose up -d --wait` of the same file", composed, again),
  ];
}

function against(name: string, times: readonly number[] | string, again: number): Figure {
  if (typeof times === "string") return figure(name, `left out: ${times}`, "", true);
  const share = again / median(times);
  return figure(
    `${name} (median), and \`up\` as a share of it`,
    `${seconds(median(times))}, ${share.toFixed(2)}`,
    `<= ${COMPARED}`,
    share <= COMPARED,
  );
}

/** The stack of the bench, which is up. */
export function placeOf(home: string): StackPlace {
  const directory = path.join(home, "stacks", "default");
  const { name, id } = JSON.parse(fs.readFileSync(path.join(directory, "stack.json"), "utf8")) as {
    name: string;
    id: string;
  };
  return { name, id, directory };
}

/** Milliseconds from the first node that was begun to each that answered. */
function nodesIn(file: string): ReadonlyMap<string, number> {
  const events = fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event)
    .flatMap((event) => (event.type === "node" ? [event] : []));
  const began = events[0]?.at ?? NaN;
  return new Map(events.flatMap(({ node, state, at }) => (state === "up" ? [[node, at - began] as const] : [])));
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
