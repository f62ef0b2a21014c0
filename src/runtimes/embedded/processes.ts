// Processes and trees of processes: who they are, whether they live, and how to end, stop and continue all of a tree.
//
// Two things bite. Pids are reused, so nothing is signalled whose start time differs from the one remembered.
// And PostgreSQL's children call setsid: neither the postmaster's pid nor its group reaches them, so the tree is walked
// along the links from child to parent, parent first, again and again until nothing new appears.
import { type Identity, type ProcessRow, system } from "./process-table.ts";
import { StackError } from "../../model/problem.ts";

export type { Identity } from "./process-table.ts";

/** How long a killed process may take to go before that is an error: only a hung disk takes longer. */
const GONE_WITHIN_MS = 15_000;
const POLL_MS = 2;
/** A process in an uninterruptible wait does not stop at once; after so many looks it is killed or left as it is. */
const FREEZE_LOOKS = 200;

export function identify(pid: number): Identity | undefined {
  const row = system.row(pid);
  return row && { pid: row.pid, started: row.started };
}

/** This process itself. */
export function self(): Identity {
  const me = identify(process.pid);
  if (me === undefined) throw new StackError("the system does not tell about its own processes (is /proc mounted?)");
  return me;
}

/** A zombie is not alive: only its parent can take it away, and that may be nobody who does. */
export function alive(identity: Identity): boolean {
  return stateOf(identity) !== "gone";
}

export function stateOf(identity: Identity): "running" | "stopped" | "gone" {
  const row = system.row(identity.pid);
  return row === undefined || !isSame(row, identity) || row.state === "zombie" ? "gone" : row.state;
}

/** Signals one process, never another one that has got its pid. False when it is gone. */
export function signalOne(identity: Identity, signal: NodeJS.Signals): boolean {
  if (!alive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw new StackError(
      `process ${identity.pid} cannot be signalled: it belongs to another user`,
      "Run regionctl as the user who started the stack.",
      { cause: error },
    );
  }
}

/** The processes of these trees that live now, parents before their children. */
export function treesOf(roots: readonly Identity[]): readonly ProcessRow[] {
  const rows = system.rows();
  const children = new Map<number, ProcessRow[]>();
  for (const row of rows) children.set(row.parent, [...(children.get(row.parent) ?? []), row]);
  const found = new Map<number, ProcessRow>();
  const visit = (row: ProcessRow) => {
    if (found.has(row.pid)) return;
    if (row.state !== "zombie") found.set(row.pid, row);
    for (const child of children.get(row.pid) ?? []) visit(child);
  };
  for (const root of roots) {
    const row = rows.find((row) => isSame(row, root));
    if (row) visit(row);
  }
  return [...found.values()];
}

/** Signals every process of these trees, parent first, walking again until nothing new appears. Returns all that it met. */
export function signalTrees(roots: readonly Identity[], signal: NodeJS.Signals): readonly Identity[] {
  const met: Identity[] = [];
  for (;;) {
    // Children of a process that has ended belong to init: what was met before is a root of its own.
    const fresh = treesOf([...roots, ...met]).filter((row) => !met.some((known) => isSame(known, row)));
    if (fresh.length === 0) return met;
    for (const { pid, started } of fresh) {
      signalOne({ pid, started }, signal);
      met.push({ pid, started });
    }
  }
}

/** SIGSTOP for all of the trees. Resolves when every process has stopped: then none of them can have another child. */
export async function freezeTrees(roots: readonly Identity[]): Promise<readonly Identity[]> {
  let met = signalTrees(roots, "SIGSTOP");
  for (let look = 0; look < FREEZE_LOOKS && met.some((one) => stateOf(one) === "running"); look++) {
    await pause(POLL_MS);
    met = signalTrees(met, "SIGSTOP");
  }
  return met;
}

/** SIGCONT for all of the trees. */
export function thawTrees(roots: readonly Identity[]): void {
  signalTrees(roots, "SIGCONT");
}

/** SIGKILL for all of the trees; resolves when the last process is gone. They are stopped first, or a fork in between would escape. */
export async function killTrees(roots: readonly Identity[]): Promise<void> {
  const met = await freezeTrees(roots);
  for (const identity of met) signalOne(identity, "SIGKILL");
  await gone(met);
}

/** Resolves when all are gone; rejects when that takes too long. */
export async function gone(identities: readonly Identity[], withinMs = GONE_WITHIN_MS): Promise<void> {
  if (await goneWithin(identities, withinMs)) return;
  const left = identities.filter(alive).map((identity) => identity.pid);
  throw new StackError(
    `${left.length === 1 ? "process" : "processes"} ${left.join(", ")} did not end within ${withinMs / 1000} s of being killed`,
    `A process that a kill does not end waits for the kernel, mostly for a disk: look with "ps -o pid,stat,wchan,args -p ${left.join(",")}".`,
  );
}

/** Whether all are gone within this time. */
export async function goneWithin(identities: readonly Identity[], ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (identities.some(alive)) {
    if (performance.now() >= deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}

/**
 * Processes that carry a mark: `--node=MARK` for our own programs, `cluster_name=MARK` for PostgreSQL, whose children
 * have it in their titles instead ("postgres: MARK: checkpointer"). This finds what was spawned by a command that was
 * killed before it could write the pid down. A mark that ends in "." stands for all that begin with it.
 */
export function findByMark(mark: string): readonly Marked[] {
  const matches = mark.endsWith(".")
    ? (text: string, prefix: string) => text.startsWith(prefix + mark)
    : (text: string, prefix: string) => text === prefix + mark;
  // PostgreSQL cuts names at 63 bytes, in titles only.
  const title = mark.endsWith(".") ? `postgres: ${mark}` : `postgres: ${mark.slice(0, 63)}: `;
  return system.commandLines().flatMap(({ pid, argv }) => {
    const kind = kindOf(argv, matches, title);
    const identity = kind !== undefined && pid !== process.pid ? identify(pid) : undefined;
    return identity && alive(identity) ? [{ ...identity, kind: kind! }] : [];
  });
}

/**
 * Processes that fill a disk below this directory under a temporary name ("db-us~1a2b3c4d"): a copy, or a PostgreSQL alone.
 * They carry no mark, go on when the command that ran them is killed, and end by themselves very soon.
 */
export function findFilling(directory: string): readonly Marked[] {
  const isTemporary = (token: string) =>
    token.startsWith(`${directory}/`) && /^[^/]+~[0-9a-f]{8}$/.test(token.slice(directory.length + 1));
  return system.commandLines().flatMap(({ pid, argv }) => {
    const identity = argv.some(isTemporary) && pid !== process.pid ? identify(pid) : undefined;
    return identity && alive(identity) ? [{ ...identity, kind: "maker" as const }] : [];
  });
}

export interface Marked extends Identity {
  /**
   * program: one of our own. server: the first process of a PostgreSQL. worker: one of its children.
   * maker: an initdb or what it runs, which ends by itself very soon.
   */
  kind: "program" | "server" | "worker" | "maker";
}

function kindOf(
  argv: readonly string[],
  matches: (token: string, prefix: string) => boolean,
  title: string,
): Marked["kind"] | undefined {
  if (argv[0]?.startsWith(title)) return "worker";
  if (argv.some((token) => matches(token, "--node="))) return "program";
  if (!argv.some((token) => matches(token, "cluster_name="))) return undefined;
  return argv.includes("-p") ? "server" : "maker"; // only a server has a port
}

function isSame(a: Identity, b: Identity): boolean {
  return a.pid === b.pid && a.started === b.started;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
