// One scenario played: on a stack of its own, which goes with it, or on one that is up.
import { StackError } from "../../model/problem.ts";
import type { Run } from "../../model/run.ts";
import { visible } from "../../reporters/text.ts";
import { run as runScenario } from "../../run.ts";
import { connect, type Stack, stackFlag, up as startStack } from "../../stack.ts";
import type { LoadedScenario } from "../files.ts";
import { refuseAnother } from "../same.ts";
import { chooseRuntime, surroundings } from "../surroundings.ts";
import { versions } from "../version.ts";
import type { Screen } from "./screen.ts";

export interface PlayOptions {
  image?: readonly string[];
  stack?: string;
  runtime?: string;
  keep?: boolean;
  out: string;
}

export async function playOne(
  { scenario, topology, warnings }: LoadedScenario,
  options: PlayOptions,
  screen: Screen,
  signal: AbortSignal,
): Promise<Run> {
  const around = surroundings(options.image);
  const runtime = await chooseRuntime(around, topology, options);
  for (const warning of warnings) screen.line(warning);
  screen.line(`${scenario.name}: ${visible(scenario.about ?? "no description")}`);
  if (options.stack === undefined) screen.line(runtime.why);
  const name = stackNameFor(scenario.name);
  let stands: Stack | undefined;
  const began = performance.now();
  const result = await runScenario({
    scenario,
    topology,
    afterwards: options.stack !== undefined ? "leave" : options.keep ? "keep" : "down",
    out: options.out,
    versions: versions(),
    interrupt: signal,
    onEvent: screen.event,
    async stand(signal, onEvent, onFailed) {
      if (options.stack !== undefined) {
        const stack = await connect(around, options.stack, signal);
        refuseAnother(topology, stack.record, `in scenario "${scenario.name}"`);
        await refuseBroken(stack);
        screen.line(`on stack "${options.stack}", gateway ${stack.record.gateway}`);
        stack.events.listen(onEvent);
        await screen.stands?.(stack);
        return stack;
      }
      screen.line(`starting ${topology.nodes.length} nodes ...`);
      const stack = await startStack(around, {
        name,
        topology,
        runtime: runtime.name,
        signal,
        owned: true,
        onEvent,
        onFailed,
      });
      stands = stack;
      screen.line(
        `up in ${((performance.now() - began) / 1000).toFixed(1)} s: stack "${name}", gateway ${stack.record.gateway}`,
      );
      await screen.stands?.(stack);
      return stack;
    },
  });
  if (options.keep && stands !== undefined && !result.interrupted) screen.line(keptLine(stands));
  return result;
}

/** Names of stacks that this process has given; those that are kept outlive their runs. */
const given = new Set<string>();

/** The scenario's own, with this process's number, and one more where the same scenario is played again. */
function stackNameFor(scenario: string): string {
  const named = (longest: number, ...numbers: readonly number[]) =>
    [scenario.slice(0, longest).replace(/-$/, ""), process.pid, ...numbers].join("-");
  let name = named(30);
  for (let again = 2; given.has(name); again++) name = named(26, again);
  given.add(name);
  return name;
}

/** Before anything is broken everything must be whole, or nothing that follows means anything. */
async function refuseBroken(stack: Stack): Promise<void> {
  const broken = await stack.faults.leftovers();
  if (broken.length === 0) return;
  const { name } = stack.record;
  throw new StackError(
    `stack "${name}" is not whole: ${broken.join(", ")}`,
    `Mend it first: regionctl heal${stackFlag(name)}`,
  );
}

const keptLine = ({ record: { name, gateway } }: Stack) =>
  `stack "${name}" is kept up at ${gateway}; next: regionctl status --stack ${name}   regionctl down --stack ${name}`;
