// The verbs as commands on a stack that is up, with the same words: kill, stop, start, restart, heal.
import { Command } from "commander";
import { DEFAULT_GRACE_MS } from "../faults/wanted.ts";
import { checkTargets, resolveTargets } from "../faults/targets.ts";
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
    nodesCommand("start", "Start nodes that were killed or stopped.").action(
      perform(async (stack, nodes) => {
        await stack.faults.release(nodes, ["kill", "stop"], "start");
        return { line: `${nodes.join(", ")}: up` };
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

function nodesCommand(name: string, summary: string, timed = false): Command {
  const command = new Command(name)
    .description(summary)
    .argument(
      "<node...>",
      "nodes (backend-us), regions (us), roles in a region (us.backend), all(backend), one(backend)",
    )
    .addOption(stackOption())
    .option("--json", "print the facts as JSON")
    .addHelpText(
      "after",
      `\nExamples:\n  regionctl ${name} backend-us${timed ? `\n  regionctl ${name} db-eu --for 10s` : ""}`,
    );
  return timed ? command.option("--for <duration>", "waits, then ends the fault") : command;
}

/** Connects, resolves the targets, acts, prints. */
function perform(act: Act) {
  return async (patterns: string[], options: Options) => {
    const signal = interruptSignal();
    const forMs = durationOf("--for", options.for);
    durationOf("--grace", options.grace);
    const stack = await connect(surroundings(), options.stack, signal);
    const wrong = checkTargets(patterns, stack.topology);
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

function breakNodes(kind: "kill" | "stop"): Act {
  return async (stack, nodes, options, { say, signal }) => {
    const forMs = durationOf("--for", options.for);
    const fault = await stack.faults.begin(
      { kind, targets: nodes, parameters: kind === "stop" ? { graceMs: durationOf("--grace", options.grace) } : {} },
      { forMs },
    );
    const names = nodes.join(", ");
    const flag = stackFlag(stack.record.name);
    if (forMs !== undefined) say(`${names}: down for ${formatDuration(forMs)} ...`);
    try {
      await stack.faults.timed();
      signal.throwIfAborted();
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      await stack.faults.end([fault.id], "heal"); // Ctrl-C ends the fault, not only the waiting
      throw new Interrupted(`interrupted; ${names}: up again`);
    }
    if (forMs !== undefined) return { line: `${names}: up again` };
    const line = `${names}: down until "regionctl start ${nodes.join(" ")}${flag}" or "regionctl heal${flag}"`;
    return { line, fault: fault.id };
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
