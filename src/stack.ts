// A stack that is up: its directory, its lock, its active faults and its event log. Any shell can reconnect to it.
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { type FaultSet, type FaultStore, faultSet } from "./faults/set.ts";
import type { HoldNode } from "./faults/reconcile.ts";
import { wanted } from "./faults/wanted.ts";
import type { Cluster, Runtime, StackPlace } from "./model/cluster.ts";
import type { Fault } from "./model/fault.ts";
import { StackError, UsageError } from "./model/problem.ts";
import type { Clock } from "./model/time.ts";
import type { Topology } from "./model/topology.ts";
import { wallClock } from "./stack/clock.ts";
import { type EventLog, openEventLog } from "./stack/event-log.ts";
import { isFullDisk, readJson, removeWhole, replaceFile } from "./stack/files.ts";
import { type Owner, type Ownership, withLock, withLockAsync } from "./stack/lock.ts";
import { directoryOf, inTurn, namesIn, readRecord, type StackRecord, writeRecord } from "./stack/record.ts";

export type { StackRecord } from "./stack/record.ts";

export interface Stack {
  record: StackRecord;
  directory: string;
  topology: Topology;
  cluster: Cluster;
  faults: FaultSet;
  events: EventLog;
  clock: Clock;
  /** Another command takes it down, or has done so: what dies now dies of that. */
  isEndedByOthers(): boolean;
  /** Ends every process and removes the directory. Twice is harmless. */
  down(): Promise<void>;
  /** Gives back what this process holds of it (files); the stack stays up. Twice is harmless. */
  leave(): void;
  /** From now on it belongs to nobody and outlives this process. */
  disown(): Promise<void>;
}

/** What a stack needs from its surroundings; commands/ picks it. */
export interface Surroundings {
  /** Where all stacks live. */
  home: string;
  runtimes: readonly Runtime[];
  ownership: Ownership;
}

/** A directory without a record after this long belongs to a process that died before it wrote one. */
const NAMELESS_MS = 5_000;
/** A node's start may take this long while another shell waits for its turn. */
const HOLD_PATIENCE_MS = 60_000;

export interface UpOptions {
  name: string;
  topology: Topology;
  runtime: Runtime["name"];
  signal: AbortSignal;
  /** It belongs to this process and must not outlive it. */
  owned?: boolean;
  onEvent?: Parameters<EventLog["listen"]>[0];
  /** It would not stand, and its directory is about to be removed: the logs are in there. */
  onFailed?: (directory: string) => void;
}

/** Starts a stack; on any failure nothing is left running and its directory is gone. */
export async function up(around: Surroundings, options: UpOptions): Promise<Stack> {
  const { name, topology, signal } = options;
  const directory = directoryOf(around.home, name);
  const runtime = runtimeNamed(around, options.runtime);
  const record: StackRecord = {
    name,
    id: randomBytes(6).toString("hex"),
    runtime: options.runtime,
    state: "starting",
    epochMs: Date.now(),
    topology,
    gateway: "",
    owner: options.owned ? around.ownership.me : undefined,
    starter: around.ownership.me,
  };
  await claim(around, directory, record);
  const clock = wallClock(record.epochMs);
  let events: EventLog | undefined;
  let cluster: Cluster | undefined;
  try {
    events = openLog(around, directory, clock);
    if (options.onEvent) events.listen(options.onEvent);
    cluster = await runtime.start(placeOf(record, directory), topology, events.append, signal);
    signal.throwIfAborted();
    // Only now, so that nothing that starts has to wait for an ocean.
    const own = wanted(topology, []).links;
    if (own.length > 0) await cluster.links?.set(own, clock.now());
    const gateway = cluster.nodes.find((node) => node.spec.role === "gateway");
    const standing: StackRecord = { ...record, state: "up", gateway: gateway ? `http://${gateway.address}` : "" };
    await inTurn(around.ownership, directory, async () => {
      if (!isStill(directory, record)) throw endedWhileStarting(name);
      writeRecord(directory, standing);
    });
    return assemble(around, standing, directory, cluster, events, clock, signal);
  } catch (failure) {
    // What the `down` of another shell does to the nodes is no failure of theirs.
    const error = !signal.aborted && isEndedByOthers(directory, record) ? endedWhileStarting(name) : failure;
    events?.close();
    try {
      // One whose start failed has tried to take down what it had begun. Where it could not, as without its engine, neither
      // can this: the directory stays, and `down` will find it there.
      await (cluster ?? (await runtime.reconnect(placeOf(record, directory), topology))).down();
      try {
        options.onFailed?.(directory);
      } finally {
        await removeOwn(around, directory, record);
      }
    } catch {
      // The first error is the one that counts.
    }
    throw error;
  }
}

/** Connects to a stack that is up, and ends faults whose time is over. */
export async function connect(around: Surroundings, name: string, signal: AbortSignal): Promise<Stack> {
  const stack = await look(around, name, signal);
  try {
    await stack.faults.expire();
  } catch (error) {
    stack.leave();
    throw error;
  }
  return stack;
}

/** Connects without changing anything. */
export async function look(around: Surroundings, name: string, signal: AbortSignal): Promise<Stack> {
  const directory = directoryOf(around.home, name);
  const record = readRecord(directory);
  const named = stackFlag(name);
  if (record === undefined) {
    const others = namesIn(around.home).filter((other) => other !== name);
    throw new StackError(
      `there is no stack "${name}"${others.length > 0 ? `; there is ${others.join(", ")}` : ""}`,
      `Start it with "regionctl up${named}".`,
    );
  }
  if (record.state === "stopping") {
    throw new StackError(
      `stack "${name}" is being ended`,
      `If nobody ends it any more, "regionctl down${named}" does.`,
    );
  }
  if (record.state === "starting") {
    throw around.ownership.alive(record.starter)
      ? new StackError(`stack "${name}" is being started by process ${record.starter.pid}`, "Wait until it is up.")
      : new StackError(`stack "${name}" was left half started`, `Remove it with "regionctl down${named}".`);
  }
  const clock = wallClock(record.epochMs);
  const runtime = runtimeNamed(around, record.runtime);
  const cluster = await runtime.reconnect(placeOf(record, directory), record.topology);
  return assemble(around, record, directory, cluster, openLog(around, directory, clock), clock, signal);
}

export function runtimeNamed(around: Surroundings, name: string): Runtime {
  const runtime = around.runtimes.find((candidate) => candidate.name === name);
  if (runtime !== undefined) return runtime;
  throw new UsageError(
    `there is no runtime "${name}". This version has ${around.runtimes.map((one) => one.name).join(", ")}.`,
  );
}

export interface Listed {
  name: string;
  /** Absent when it was not written yet, or cannot be read. */
  record?: StackRecord;
  /** Nobody will end it: the process that had to is gone. */
  orphaned: boolean;
  /** Why the record cannot be read. */
  trouble?: string;
}

/** Every stack there is, by name. Directories without a readable record are named too, so that `down` can say what is wrong with them. */
export function list(around: Surroundings): readonly Listed[] {
  return namesIn(around.home).map((name) => {
    const directory = directoryOf(around.home, name);
    try {
      const record = readRecord(directory);
      return { name, record, orphaned: record ? isOrphan(around, record) : olderThan(directory, NAMELESS_MS) };
    } catch (error) {
      return { name, orphaned: false, trouble: (error as Error).message };
    }
  });
}

function isOrphan({ ownership }: Surroundings, record: StackRecord): boolean {
  const mustLive = record.state === "starting" ? record.starter : record.owner;
  return mustLive !== undefined && !ownership.alive(mustLive);
}

function olderThan(directory: string, ms: number): boolean {
  const stat = fs.statSync(directory, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > ms;
}

/**
 * Takes a stack away, whatever state it was left in. Harmless when it is gone. With `id`, only when it is still that one;
 * null: only while it still has no record.
 */
export async function takeDown(around: Surroundings, name: string, id?: string | null): Promise<void> {
  const directory = directoryOf(around.home, name);
  if (!fs.existsSync(directory)) return;
  await inTurn(around.ownership, directory, async () => {
    if (id !== undefined && (readRecord(directory)?.id ?? null) !== id) return;
    await takeAway(around, directory);
  });
}

/** In turn. */
async function takeAway(around: Surroundings, directory: string): Promise<void> {
  const record = readRecord(directory);
  if (record !== undefined) {
    const runtime = runtimeNamed(around, record.runtime);
    try {
      writeRecord(directory, { ...record, state: "stopping" });
    } catch (error) {
      if (!isFullDisk(error)) throw error; // taking it down is what makes room
    }
    const cluster = await runtime.reconnect(placeOf(record, directory), record.topology);
    await cluster.down();
    await removeWhole(directory);
    await cluster.down(); // what another command, that did not know yet, started in between
  }
  await removeWhole(directory);
}

/** Takes the name: makes the directory and writes the record. What a dead process left there is taken down first. */
async function claim(around: Surroundings, directory: string, record: StackRecord): Promise<void> {
  await inTurn(around.ownership, directory, async () => {
    if (fs.existsSync(directory)) {
      // Its turn has passed: whoever made a directory without a record, or was ending this stack, is gone.
      const found = readRecord(directory);
      if (found && found.state !== "stopping" && !isOrphan(around, found)) throw new AlreadyUp(found);
      await takeAway(around, directory);
    }
    fs.mkdirSync(directory, { mode: 0o755 });
    try {
      writeRecord(directory, record);
    } catch (error) {
      fs.rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  });
}

function isStill(directory: string, { id }: StackRecord): boolean {
  return readRecord(directory)?.id === id;
}

function isEndedByOthers(directory: string, record: StackRecord): boolean {
  try {
    return !isStill(directory, record) || readRecord(directory)?.state === "stopping";
  } catch {
    return false; // a record that cannot be read is not the first error
  }
}

function endedWhileStarting(name: string): StackError {
  return new StackError(
    `stack "${name}" was ended by another command while it started`,
    `Start it again with "regionctl up${stackFlag(name)}".`,
  );
}

/** Removes the directory, unless another stack has taken the name in the meantime. */
async function removeOwn(around: Surroundings, directory: string, record: StackRecord): Promise<void> {
  await inTurn(around.ownership, directory, async () => {
    if (isStill(directory, record)) await removeWhole(directory);
  });
}

/** Somebody has that name: a stack that is up, or one that is being started. */
export class AlreadyUp extends StackError {
  override name = "AlreadyUp";
  constructor(readonly record: StackRecord) {
    const { name, state, starter, gateway } = record;
    super(
      `stack "${name}" is ${state === "starting" ? `being started by process ${starter.pid}` : `already up at ${gateway}`}`,
      `"regionctl status" shows it, "regionctl down${stackFlag(name)}" ends it, and --stack NAME starts another beside it.`,
    );
  }
}

/** What to add to a command so that it means this stack. */
export const stackFlag = (name: string) => (name === "default" ? "" : ` --stack ${name}`);

function placeOf({ name, id }: StackRecord, directory: string): StackPlace {
  return { name, id, directory };
}

function assemble(
  around: Surroundings,
  record: StackRecord,
  directory: string,
  cluster: Cluster,
  events: EventLog,
  clock: Clock,
  signal: AbortSignal,
): Stack {
  const holdNode: HoldNode = (node, work) =>
    withLockAsync(path.join(directory, `${node}.lock`), around.ownership, HOLD_PATIENCE_MS, work);
  const faults = faultSet({
    topology: record.topology,
    cluster,
    clock,
    record: events.append,
    signal,
    store: faultStore(around, directory),
    hold: oneAtATime(holdNode),
  });
  return {
    record,
    directory,
    topology: record.topology,
    cluster,
    faults,
    events,
    clock,
    isEndedByOthers: () => isEndedByOthers(directory, record),
    async down() {
      try {
        await cluster.down();
      } finally {
        events.close();
      }
      await removeOwn(around, directory, record);
    },
    leave: () => events.close(),
    disown: () =>
      inTurn(around.ownership, directory, async () => {
        if (isStill(directory, record)) writeRecord(directory, { ...record, owner: undefined });
      }),
  };
}

/** Within this process, one after the other per node; the file lock behind it is for other processes. */
function oneAtATime(hold: HoldNode): HoldNode {
  const last = new Map<string, Promise<unknown>>();
  return (node, work) => {
    const turn = (last.get(node) ?? Promise.resolve()).catch(() => {}).then(() => hold(node, work));
    last.set(node, turn);
    return turn;
  };
}

/** A fault, and who began it. */
interface KeptFault {
  fault: Fault;
  owner: Owner;
}

function faultStore(around: Surroundings, directory: string): FaultStore {
  const file = path.join(directory, "faults.json");
  const { ownership } = around;
  const kept = () => readJson<readonly KeptFault[]>(file) ?? [];
  const read = () => kept().map(({ fault }) => fault);
  return {
    read,
    change: (how) =>
      withLock(path.join(directory, "lock"), ownership, () => {
        const owners = new Map(kept().map(({ fault, owner }) => [fault.id, owner]));
        const changed = how(read()).map((fault) => ({ fault, owner: owners.get(fault.id) ?? ownership.me }));
        replaceFile(file, JSON.stringify(changed));
      }),
    isAbandoned(id) {
      const owner = kept().find(({ fault }) => fault.id === id)?.owner;
      return owner !== undefined && !ownership.alive(owner);
    },
  };
}

function openLog(around: Surroundings, directory: string, clock: Clock): EventLog {
  return openEventLog(path.join(directory, "events.ndjson"), path.join(directory, "lock"), around.ownership, () =>
    clock.now(),
  );
}
