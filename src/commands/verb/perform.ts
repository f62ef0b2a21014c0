// Does a verb on a stack that is up, waits for its end where it has one, and tells what became of it.
import { StackError, UsageError } from "../../model/problem.ts";
import type { ParsedStep } from "../../model/vocabulary.ts";
import { StepProblem, type Verb } from "../../verbs/scene.ts";
import { Interrupted } from "../trouble.ts";
import { MENDED, measuredLines, sayFault, proofLines } from "./say.ts";
import { byHand, type Deeds, type Standing } from "./scene.ts";

export interface Done {
  /** Every fault that was begun could be measured. */
  effective: boolean;
  /** For people. */
  lines: readonly string[];
  /** For programs. */
  facts: object;
}

export interface How {
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** What a person wants to know while it waits. */
  say(line: string): void;
}

/** Begins something that lasts until it is ended. */
export const isLasting = (verb: Verb) => verb.modifiers.includes("for");

export async function perform(verb: Verb, step: ParsedStep<never>, stack: Standing, how: How): Promise<Done> {
  if (verb.name === "heal") checkHeal(step.args, stack);
  const { scene, deeds } = byHand(stack, how.signal);
  await verb.perform(scene, step).catch((error: unknown) => {
    throw error instanceof StepProblem ? new StackError(error.message) : error;
  });
  const lines = isLasting(verb) ? await last(deeds, step, stack, how) : mended(verb, deeds());
  const done = deeds();
  const facts = verb.name === "heal" ? healFacts(stack, done) : factsOf(stack, done, lines[0]!);
  return { effective: done.proved.every(({ effective }) => effective), lines, facts };
}

function mended({ name }: Verb, done: Deeds): readonly string[] {
  const ineffective = done.proved.filter(({ effective }) => !effective);
  return [MENDED[name]!(done), ...[...ineffective, ...done.provedAtEnd].flatMap(proofLines)];
}

/** Until its time is over, another command ends it, or Ctrl-C does. At once where it stays. What is to be said then. */
async function last(
  deeds: () => Deeds,
  { verb, text, forMs }: ParsedStep<never>,
  stack: Standing,
  { signal, say }: How,
): Promise<readonly string[]> {
  const begun = deeds();
  const said = sayFault(begun, text.slice(verb.length + 1));
  const measured = measuredLines(begun);
  if (forMs !== undefined) for (const line of [said.lasting(forMs), ...measured]) say(line);
  const isOver = await timeOf(begun, stack, signal).catch(async (error: unknown) => {
    if (!(error instanceof Interrupted)) throw error;
    const ids = begun.begun.map(({ id }) => id);
    await stack.faults.end(ids, "heal"); // Ctrl-C ends the fault, not only the waiting
    throw new Interrupted(`interrupted; ${said.over}`);
  });
  if (forMs === undefined) return [said.stays(stack.record.name), ...measured];
  const late = measuredLines(deeds()).filter((line) => !measured.includes(line));
  return [isOver ? said.over : said.taken, ...late];
}

const WATCH_EVERY_MS = 200;

/**
 * Resolves when the time of these faults is over, at once where they have none; with false when another command ended them
 * before that. Rejects on Ctrl-C.
 */
async function timeOf({ begun }: Deeds, { faults, clock }: Standing, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  const timed = begun.filter(({ until }) => until !== undefined);
  const end = Math.max(0, ...timed.map(({ until }) => until!));
  const over = faults.timed();
  over.catch(() => {}); // told by whoever awaits it
  while (clock.now() < end) {
    if (!faults.active().some(({ id }) => timed.some((fault) => fault.id === id))) return false;
    await clock.sleep(Math.min(WATCH_EVERY_MS, end - clock.now()), signal);
  }
  await over;
  signal.throwIfAborted();
  return true;
}

function healFacts({ record }: Standing, { ended, provedAtEnd }: Deeds) {
  const measured = Object.fromEntries(provedAtEnd.map(({ id, measured }) => [id, measured]));
  return { stack: record.name, ended, ...(provedAtEnd.length > 0 && { measured }) };
}

function factsOf({ record, faults }: Standing, { begun, proved, nodes }: Deeds, result: string) {
  const active = new Set(faults.active().map(({ id }) => id));
  return {
    stack: record.name,
    nodes,
    /** The one that is still there. */
    fault: begun.find(({ id }) => active.has(id))?.id ?? null,
    faults: begun.map((fault) => {
      const proof = proved.find(({ id }) => id === fault.id);
      return { ...fault, effective: proof?.effective ?? null, measured: proof?.measured ?? null };
    }),
    result,
  };
}

/** A scenario may heal what has ended already; a person who names a fault means one that is there. */
function checkHeal({ target }: { target?: string }, { faults }: Standing): void {
  const active = faults.active().map(({ id }) => id);
  if (target === undefined || active.some((id) => id === target || id.startsWith(`${target} #`))) return;
  throw new UsageError(
    `there is no active fault "${target}". ${active.length === 0 ? "None is active." : `Active: ${active.join(", ")}.`}`,
  );
}
