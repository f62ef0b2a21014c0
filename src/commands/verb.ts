// The verbs as commands on a stack that is up, with the same words: kill, stop, pause, region-outage, hold, and what ends them.
import { Command } from "commander";
import { HOLDS } from "../faults/hold.ts";
import { CONTROLLED, DEFAULT_GRACE_MS, DOWNS } from "../faults/wanted.ts";
import { checkRegions, checkRole, checkTargets, resolveTargets } from "../faults/targets.ts";
import type { FaultKind } from "../model/fault.ts";
import { seeded } from "../model/random.ts";
import { UsageError } from "../model/problem.ts";
import { formatDuration, parseDuration } from "../model/units.ts";
import { connect, type Stack, stackFlag } from "../stack.ts";
import { interruptSignal } from "./interrupt.ts";
import { print, progress } from "./print.ts";
import { stackOption, surroundings } from "./surroundings.ts";
import { Interrupted } from "./trouble.ts";

interface Options {
  stack: string;
  for?: string;
  grace?: string;
  json?: boolean;
}

export function verbCommands(): readonly Command[] {
  return [
    nodesCommand("kill", "SIGKILL nodes; they stay down until start, heal or the end of --for.", true).action(
      perform(breakNodes("kill")),
    ),
    nodesCommand(
      "stop",
      "SIGTERM nodes, SIGKILL after --grace; they stay down until start, heal or the end of --for.",
      true,
    )
      .option("--grace <duration>", "how long they may take", "5s")
      .action(perform(breakNodes("stop"))),
    nodesCommand("pause", "SIGSTOP nodes; they answer nothing until resume, heal or the end of --for.", true).action(
      perform(breakNodes("pause")),
    ),
    nodesCommand(
      "region-outage",
      "SIGKILL all nodes of a region until start, heal or the end of --for.",
      true,
      REGIONS,
    ).action(perform(breakNodes("region-outage"), checkRegions)),
    nodesCommand(
      "hold",
      "Backends keep answers to writes back after the commit, until heal or the end of --for.",
      true,
    ).action(perform(breakNodes("hold"), (patterns, topology) => checkRole(patterns, topology, CONTROLLED, HOLDS))),
    nodesCommand("start", "Start nodes that were killed or stopped.").action(
      perform(async (stack, nodes) => {
        await stack.faults.release(nodes, DOWNS, "start");
        return { line: `${nodes.join(", ")}: up` };
      }),
    ),
    nodesCommand("resume", "SIGCONT nodes that were paused.").action(
      perform(async (stack, nodes) => {
        await stack.faults.release(nodes, ["pause"], "resume");
        return { line: `${nodes.join(", ")}: not paused any more` };
      }),
    ),
    nodesCommand("restart", "Stop nodes and start them again.")
      .option("--grace <duration>", "how long they may take to stop", "5s")
      .action(
        perform(async (stack, nodes, options) => {
          const parameters = { graceMs: durationOf("--grace", options.grace) ?? DEFAULT_GRACE_MS };
          try {
            await stack.faults.begin(
              { kind: "stop", targets: nodes, parameters },
              { id: `restart ${nodes.join(" ")}` },
            );
          } finally {
            await stack.faults.release(nodes, ["stop"], "start"); // a stop that failed half way must not stay
          }
          return { line: `${nodes.join(", ")}: restarted` };
        }),
      ),
    healCommand(),
  ];
}

type Act = (stack: Stack, nodes: readonly string[], options: Options, means: Means) => Promise<Result>;

interface Means {
  say(line: string): void;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

interface Result {
  /** For people. */
  line: string;
  /** Present when a fault was begun that is still there. */
  fault?: string;
}

interface Targets {
  argument: string;
  meaning: string;
  examples: readonly [string, string];
}

const NODES: Targets = {
  argument: "<node...>",
  meaning: "nodes (backend-us), regions (us), roles in a region (us.backend), all(backend), one(backend)",
  examples: ["backend-us", "backend-eu"],
};
const REGIONS: Targets = { argument: "<region...>", meaning: "regions (us)", examples: ["us", "eu"] };

function nodesCommand(name: string, summary: string, timed = false, targets = NODES): Command {
  const [first, second] = targets.examples;
  const command = new Command(name)
    .description(summary)
    .argument(targets.argument, targets.meaning)
    .addOption(stackOption())
    .option("--json", "print the facts as JSON")
    .addHelpText(
      "after",
      `\nExamples:\n  regionctl ${name} ${first}${timed ? `\n  regionctl ${name} ${second} --for 10s` : ""}`,
    );
  return timed ? command.option("--for <duration>", "waits, then ends the fault") : command;
}

/** Connects, resolves the targets, acts, prints. */
function perform(act: Act, check = checkTargets) {
  return async (patterns: string[], options: Options) => {
    const signal = interruptSignal();
    const forMs = durationOf("--for", options.for);
    durationOf("--grace", options.grace);
    const stack = await connect(surroundings(), options.stack, signal);
    const wrong = check(patterns, stack.topology);
    if (wrong.length > 0)
      throw new UsageError(
        wrong.flatMap(({ message, hint }) => (hint === undefined ? [message] : [message, `  ${hint}`])).join("\n"),
      );
    const nodes = resolveTargets(patterns, stack.topology, seeded(stack.clock.now()));
    const { line, fault } = await act(
      stack,
      nodes,
      { ...options, for: forMs === undefined ? undefined : options.for },
      { say: progress(options.json), signal },
    ).finally(() => stack.leave());
    print(options.json, { stack: options.stack, nodes, fault: fault ?? null, result: line }, () => [line]);
    if (signal.aborted) throw new Interrupted(`interrupted, but it was done already`);
  };
}

/** What becomes of nodes, and what ends it besides heal. */
const BROKEN: Readonly<Record<FaultKind, { are: string; until?: string; well?: string }>> = {
  kill: { are: "down", until: "start" },
  stop: { are: "down", until: "start" },
  "region-outage": { are: "down", until: "start" },
  pause: { are: "paused", until: "resume" },
  hold: { are: "answers to writes are kept back", well: "answers are given again" },
};

function breakNodes(kind: FaultKind): Act {
  return async (stack, nodes, options, { say, signal }) => {
    const forMs = durationOf("--for", options.for);
    const fault = await stack.faults.begin(
      { kind, targets: nodes, parameters: kind === "stop" ? { graceMs: durationOf("--grace", options.grace) } : {} },
      { forMs },
    );
    const names = nodes.join(", ");
    const { are, until, well = "up again" } = BROKEN[kind];
    const flag = stackFlag(stack.record.name);
    if (forMs !== undefined) say(`${names}: ${are} for ${formatDuration(forMs)} ...`);
    try {
      await stack.faults.timed();
      signal.throwIfAborted();
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      await stack.faults.end([fault.id], "heal"); // Ctrl-C ends the fault, not only the waiting
      throw new Interrupted(`interrupted; ${names}: ${well}`);
    }
    if (forMs !== undefined) return { line: `${names}: ${well}` };
    const ends = [...(until ? [`"regionctl ${until} ${nodes.join(" ")}${flag}"`] : []), `"regionctl heal${flag}"`];
    return { line: `${names}: ${are} until ${ends.join(" or ")}`, fault: fault.id };
  };
}

function healCommand(): Command {
  return new Command("heal")
    .description("End every active fault, or one, and wait until its nodes answer.")
    .argument("[fault]", 'the id of one fault, as "regionctl status" shows it')
    .addOption(stackOption())
    .option("--json", "print the facts as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl heal")
    .action(async (id: string | undefined, options: Options) => {
      const stack = await connect(surroundings(), options.stack, interruptSignal());
      const active = stack.faults.active().map((fault) => fault.id);
      if (id !== undefined && !active.includes(id)) {
        stack.leave();
        throw new UsageError(
          `there is no active fault "${id}". ${active.length === 0 ? "None is active." : `Active: ${active.join(", ")}.`}`,
        );
      }
      await (id === undefined ? stack.faults.heal() : stack.faults.end([id], "heal")).finally(() => stack.leave());
      const ended = id === undefined ? active : [id];
      print(options.json, { stack: options.stack, ended }, () => [
        ended.length === 0 ? "no fault was active; every node is up" : `healed: ${ended.join(", ")}`,
      ]);
    });
}

function durationOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new UsageError(`${option} takes a duration with its unit (80ms, 10s, 2m), not "${text}".`);
  return ms;
}
