// Loopback ports for the nodes of a stack: chosen once, written down, and kept for as long as the stack lives, so that a
// node that starts again is where it was.
//
// Several commands may choose at the same time. No lock is needed: each writes its claim first and then looks at all
// others. Whoever wrote later sees the earlier claim, so of two equal ones at least one is withdrawn and chosen anew, and
// nothing stays locked when a command is killed. Others are also the stacks below other homes: that nobody listens on a port
// says nothing of a stack that is just starting, or whose node is down for a while.
import { createHash, randomInt } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { StackError } from "../../model/problem.ts";
import { LAYOUT, readJson, writeJson } from "./directory.ts";
import type { StackPlace } from "../../model/cluster.ts";

/** Node -> listener -> port. Most nodes have one listener, "main". */
export type Ports = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface PortWish {
  node: string;
  listener: string;
  /** Taken when nobody has it. */
  preferred?: number;
}

/** Below what systems use for outgoing connections (32768 on Linux, 49152 on macOS), where any client could take one. */
const FIRST = 20_000;
const LAST = 31_999;
const ROUNDS = 50;

export async function allocatePorts(place: StackPlace, wishes: readonly PortWish[]): Promise<Ports> {
  let ports = readPorts(place);
  makeKnown(place);
  for (let round = 0; round < ROUNDS; round++) {
    ports = await fill(ports, wishes, claimedByOthers(place));
    writeJson(LAYOUT.ports(place), ports);
    const others = claimedByOthers(place);
    const mine = Object.values(ports).flatMap((listeners) => Object.values(listeners));
    if (!mine.some((port) => others.has(port))) return ports;
    ports = without(ports, others);
  }
  throw new StackError(
    `no free loopback ports between ${FIRST} and ${LAST} could be claimed in ${LAYOUT.home(place)}`,
    'End stacks that you do not need: "regionctl down --all".',
  );
}

export function readPorts(place: StackPlace): Ports {
  return readJson<Ports>(LAYOUT.ports(place)) ?? {};
}

/** Undefined when a program can listen there now; otherwise what to tell. */
export async function portProblem(node: string, port: number): Promise<StackError | undefined> {
  if (await isFree(port)) return undefined;
  return new StackError(
    `port ${port} on 127.0.0.1, which belongs to ${node}, was taken by another program`,
    `Find it with "${process.platform === "darwin" ? `lsof -nP -iTCP:${port} -sTCP:LISTEN` : `ss -ltnp 'sport = :${port}'`}" and end it, or give the stack new ports: regionctl down, regionctl up.`,
  );
}

/** A port that is free now, outside of any claim: for a server that lives for a moment. */
export async function momentaryPort(): Promise<number> {
  const claimed = claimsOf(knownStacks());
  for (;;) {
    const port = randomInt(FIRST, LAST + 1);
    if (!claimed.has(port) && (await isFree(port))) return port;
  }
}

async function fill(ports: Ports, wishes: readonly PortWish[], taken: ReadonlySet<number>): Promise<Ports> {
  const used = new Set([...taken, ...Object.values(ports).flatMap((listeners) => Object.values(listeners))]);
  const filled: Record<string, Record<string, number>> = structuredClone(ports) as typeof filled;
  let next = randomInt(FIRST, LAST + 1);
  for (const { node, listener, preferred } of wishes) {
    if (filled[node]?.[listener] !== undefined) continue;
    let port = preferred;
    for (let tries = 0; port === undefined || used.has(port) || !(await isFree(port)); tries++) {
      if (tries > LAST - FIRST) throw new StackError(`every loopback port between ${FIRST} and ${LAST} is in use`);
      port = next;
      next = next === LAST ? FIRST : next + 1;
    }
    used.add(port);
    filled[node] = { ...filled[node], [listener]: port };
  }
  return filled;
}

function without(ports: Ports, taken: ReadonlySet<number>): Ports {
  return Object.fromEntries(
    Object.entries(ports).map(([node, listeners]) => [
      node,
      Object.fromEntries(Object.entries(listeners).filter(([, port]) => !taken.has(port))),
    ]),
  );
}

/** Ports of all other stacks, also of those that are down half way: their nodes may start again. */
function claimedByOthers(place: StackPlace): ReadonlySet<number> {
  const stacks = path.dirname(place.directory);
  const beside = fs.readdirSync(stacks).map((name) => path.join(stacks, name));
  const own = path.resolve(place.directory);
  return claimsOf([...beside, ...knownStacks()].filter((directory) => path.resolve(directory) !== own));
}

function claimsOf(directories: readonly string[]): ReadonlySet<number> {
  const claimed = new Set<number>();
  for (const directory of new Set(directories)) {
    let ports: Ports | undefined;
    try {
      ports = readJson<Ports>(path.join(directory, "ports.json"));
    } catch {
      continue; // not a stack's directory, or one that is being removed
    }
    for (const listeners of Object.values(ports ?? {})) for (const port of Object.values(listeners)) claimed.add(port);
  }
  return claimed;
}

/** Where all stacks of this user are known, whatever their home: a link to the directory of each. */
function meetingPlace(): string | undefined {
  const uid = process.getuid?.();
  const directory = path.join(os.tmpdir(), `regionctl-stacks-${uid}`);
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const found = fs.lstatSync(directory);
    return found.isDirectory() && found.uid === uid ? directory : undefined; // and not one that a stranger has laid there
  } catch {
    return undefined; // then only stacks of the same home know of each other
  }
}

function makeKnown({ directory }: StackPlace): void {
  const meeting = meetingPlace();
  if (meeting === undefined) return;
  const target = path.resolve(directory);
  const name = createHash("sha256").update(target).digest("hex").slice(0, 16);
  try {
    fs.symlinkSync(target, path.join(meeting, name));
  } catch {
    // It is known already.
  }
}

function knownStacks(): readonly string[] {
  const meeting = meetingPlace();
  if (meeting === undefined) return [];
  return fs.readdirSync(meeting).flatMap((name) => {
    const link = path.join(meeting, name);
    try {
      const directory = fs.readlinkSync(link);
      if (fs.existsSync(directory)) return [directory];
      fs.rmSync(link, { force: true }); // it was taken down
    } catch {
      // Another command has just done so.
    }
    return [];
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
