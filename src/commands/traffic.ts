// regionctl traffic: clients of a workload against a stack that is up, until a time is over or Ctrl-C. What they did is told in the
// end and recorded nowhere: the log of a stack is for runs.
import { randomUUID } from "node:crypto";
import { Command } from "commander";
import type { Event, Recorder } from "../model/event.ts";
import { StackError, UsageError } from "../model/problem.ts";
import { seeded } from "../model/random.ts";
import type { TrafficSpec } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import { formatDuration, parseDuration } from "../model/units.ts";
import { EXIT } from "../model/verdict.ts";
import { checkTraffic, trafficArgs, trafficSpec } from "../scenario/traffic-spec.ts";
import { connect, type Stack } from "../stack.ts";
import { startLedger } from "../traffic/ledger.ts";
import { startTraffic } from "../traffic/traffic.ts";
import { interruptSignal } from "./interrupt.ts";
import { print, table } from "./print.ts";
import { stackOption, surroundings } from "./surroundings.ts";
import { firstWorkload } from "./watch/hands.ts";
import { type RegionTotals, totals, type Totals } from "./traffic/totals.ts";

interface TrafficOptions {
  stack: string;
  rate: string;
  clients: string;
  regions?: string;
  keys: string;
  reads: string;
  for?: string;
  json?: boolean;
}

const PROGRESS_EVERY_MS = 1_000;
/** Values begin above those of any run on this stack, and of the dashboard's own clients. */
const VALUES_FROM = 2_000_000;

export function traffic(): Command {
  return new Command("traffic")
    .description("Let clients use a stack that is up, in the background of whatever else you do to it.")
    .argument("[workload]", "what they do (otherwise the first workload of the topology)")
    .addOption(stackOption())
    .option("--rate <rate>", "operations per second, in all", "50/s")
    .option("--clients <count>", "how many, in all", "8")
    .option("--regions <list>", "regions that have clients, e.g. us,eu (otherwise all)")
    .option("--keys <count>", "how many rows they use", "20")
    .option("--reads <share>", "the share of reads", "50%")
    .option("--for <duration>", "how long (otherwise until Ctrl-C)")
    .option("--json", "print the totals as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl traffic --rate 200/s --for 30s\n  regionctl traffic edit-properties --regions us --reads 90%",
    )
    .action(async (workload: string | undefined, options: TrafficOptions) => {
      const forMs = durationOf(options.for);
      const signal = interruptSignal();
      const stack = await connect(surroundings(), options.stack, signal);
      try {
        const spec = specOf(stack.topology, workload, options);
        const counted = await send(stack, spec, { forMs, signal, json: options.json === true });
        const regions = spec.regions.map((region) => counted.of(region));
        print(options.json, { stack: stack.record.name, ...spec, regions, all: counted.all() }, () =>
          report(regions, counted.all()),
        );
      } finally {
        stack.leave();
      }
      if (signal.aborted) process.exitCode = EXIT.interrupted;
    });
}

/** Until it is over, Ctrl-C, or the end of the stack. */
async function send(
  stack: Stack,
  spec: TrafficSpec,
  { forMs = Infinity, signal, json }: { forMs?: number; signal: AbortSignal; json: boolean },
): Promise<Totals> {
  const { clock, record, topology, events } = stack;
  const counted = totals(spec.regions);
  const screen = progressLine(json);
  const count: Recorder = (happening) => {
    const event: Event = { ...happening, seq: 0, at: clock.now() };
    counted.count(event);
    return event;
  };
  await using running = startTraffic({
    ...startLedger({ firstWhole: VALUES_FROM + Math.floor(clock.now() / 1_000) * 10 }),
    spec,
    workload: topology.workloads[spec.workload]!,
    gateway: record.gateway,
    clock,
    random: seeded(randomUUID()),
    record: count,
    newId: randomUUID,
  });
  const end = clock.now() + forMs;
  try {
    while (!signal.aborted && clock.now() < end) {
      if (!events.poll()) throw new StackError(`stack "${record.name}" was ended by another command`);
      await clock.sleep(Math.min(PROGRESS_EVERY_MS, end - clock.now()), signal).catch(() => {});
      screen.show(`${spec.workload}: ${sayTotals(counted.all())}`);
    }
    if (!signal.aborted) await running.stop(); // what is in flight counts too
  } finally {
    screen.end();
  }
  return counted;
}

function durationOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : parseDuration(text);
  if (text !== undefined && (ms === undefined || ms === 0)) {
    throw new UsageError(`--for takes a duration with its unit (10s, 2m), not "${text}".`);
  }
  return ms;
}

/** Parsed and checked as a scenario's traffic is. Throws UsageError. */
function specOf(topology: Topology, workload: string | undefined, options: TrafficOptions): TrafficSpec {
  const { rate, clients, keys, reads, regions } = options;
  const parsed = trafficArgs.safeParse({
    target: workload ?? firstWorkload(topology).name,
    rate,
    reads,
    clients: Number(clients),
    keys: Number(keys),
    ...(regions !== undefined && { regions: regions.split(",").map((region) => region.trim()) }),
  });
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path: [name], message }) => {
      const given = options[name as keyof TrafficOptions];
      return `--${String(name)} ${message.replace(/^expected /, "takes ")}, not "${String(given)}"`;
    });
    throw new UsageError(wrong.join("\n"));
  }
  const complaints = checkTraffic(parsed.data, topology);
  if (complaints.length > 0) {
    throw new UsageError(complaints.map(({ message, hint }) => [message, hint].filter(Boolean).join(". ")).join("\n"));
  }
  return trafficSpec(parsed.data, topology);
}

function report(regions: readonly RegionTotals[], all: RegionTotals): readonly string[] {
  const rows = [...regions, ...(regions.length > 1 ? [all] : [])].map((one) => [one.region, ...cells(one)]);
  return table(rows);
}

const cells = ({ operations, answered, unanswered, p50Ms, p99Ms }: RegionTotals) => [
  `${operations} operations`,
  `${answered} answered`,
  `${unanswered} unanswered`,
  ...(p50Ms === null || p99Ms === null ? [] : [`p50 ${formatDuration(p50Ms)}, p99 ${formatDuration(p99Ms)}`]),
];

const sayTotals = (all: RegionTotals) => cells(all).join(", ");

/** On a terminal one line that is drawn anew; otherwise nothing. */
function progressLine(json: boolean) {
  const live = !json && process.stderr.isTTY === true;
  return {
    show(text: string) {
      if (live) process.stderr.write(`\r\u001b[2K${text.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1))}`);
    },
    end() {
      if (live) process.stderr.write("\r\u001b[2K");
    },
  };
}
