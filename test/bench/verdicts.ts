// Verdicts: how long histories take to be judged and reported, each in a process of its own so that its memory is its own.
import type { Bench } from "./bench.ts";
import { type Figure, figure } from "./figure.ts";
import type { Judged } from "./judging.ts";
import { outputOf } from "./processes.ts";

const MILLION = 1_000_000;
const WHOLE_RUN = 100_000;

export async function verdictFigures({ say }: Bench): Promise<readonly Figure[]> {
  const judging = async (what: string, operations: number) => {
    say(`judging ${operations.toLocaleString("en")} operations (${what}) ...`);
    return outputOf<Judged>("judging.js", [what, String(operations)], ["--max-old-space-size=8192", "--expose-gc"]);
  };
  const linear = await judging("linearizable", MILLION);
  const sessions = await judging("sessions", MILLION);
  const whole = await judging("run", WHOLE_RUN);
  const wholeMs = whole.readMs + whole.judgeMs + whole.reportMs;
  return [
    figure(
      "1,000,000 operations of one key, linearizable by version and by zones (memory beside the history's; reading that first)",
      `${seconds(linear.judgeMs)} (${mib(linear.growthMiB)} beside ${mib(linear.historyMiB)}; ${seconds(linear.readMs)})`,
      "< 1 s, < 1 GiB",
      linear.judgeMs < 1_000 && linear.growthMiB < 1_024,
    ),
    figure(
      "1,000,000 operations, four session guarantees (checking; reading the history first)",
      `${seconds(sessions.judgeMs)}; ${seconds(sessions.readMs)}`,
      "< 0.5 s",
      sessions.judgeMs < 500,
    ),
    figure(
      "a run of 100,000 operations, judged by everything and reported (reading, judging, reports)",
      `${seconds(wholeMs)} (${[whole.readMs, whole.judgeMs, whole.reportMs].map(seconds).join(", ")})`,
      "< 3 s",
      wholeMs < 3_000,
    ),
    figure("its `report.html`", `${whole.htmlMB.toFixed(2)} MB`, "< 3 MB", whole.htmlMB < 3),
  ];
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
const mib = (amount: number) => `${amount.toFixed(0)} MiB`;
