// One scenario on one runtime, through the command line as a user has it; its run is judged a second time, from its directory.
import type { Runtime } from "../../src/model/cluster.ts";
import { consequence, type RunVerdict, type Verdict } from "../../src/model/verdict.ts";
import { sandbox } from "../support/cli.ts";

export type RuntimeName = Runtime["name"];

export interface Played {
  runtime: RuntimeName;
  /** "none": it could not be played. */
  verdict: RunVerdict | "none";
  verdicts: readonly Verdict[];
  /** Of its run; absent where there is none. */
  directory?: string;
  tookMs: number;
  /** What is wrong with this one, whatever the other runtime says. */
  wrong: readonly string[];
}

interface Facts {
  runtime: string;
  verdict: RunVerdict;
  directory: string;
  verdicts: readonly Verdict[];
}

export interface Order {
  /** Absolute path of the scenario's file. */
  file: string;
  runtime: RuntimeName;
  /** Where its run directory goes. */
  out: string;
  signal: AbortSignal;
}

export async function play({ file, runtime, out, signal }: Order): Promise<Played> {
  await using box = sandbox({ REGIONCTL_RUNTIME: runtime });
  const began = performance.now();
  const running = box.start("scenario", "run", file, "--json", "--out", out);
  const interrupt = () => void running.child.kill("SIGINT");
  signal.addEventListener("abort", interrupt, { once: true });
  const end = await running.done;
  signal.removeEventListener("abort", interrupt);
  const tookMs = performance.now() - began;
  const facts = factsIn(end.stdout);
  if (facts === undefined) {
    const said = end.stderr.trim().split("\n").slice(-LAST_LINES).join(" / ");
    return { runtime, verdict: "none", verdicts: [], tookMs, wrong: [`ended with ${end.code ?? end.signal}: ${said}`] };
  }
  const { verdict, verdicts, directory } = facts;
  const again = factsIn((await box.run("check", directory, "--json")).stdout);
  const left = await box.facts<readonly unknown[]>("status");
  const wrong = [
    ...(facts.runtime === runtime ? [] : [`was played on ${facts.runtime}`]),
    ...verdicts.filter((one) => consequence(one) !== "passed").map(line),
    ...(verdict === "passed" || verdicts.some((one) => consequence(one) !== "passed") ? [] : [`came to ${verdict}`]),
    ...(JSON.stringify(again?.verdicts) === JSON.stringify(verdicts) ? [] : ["judged again, its run says otherwise"]),
    ...(left.length === 0 ? [] : [`a stack is left: ${JSON.stringify(left)}`]),
  ];
  return { runtime, verdict, verdicts, directory, tookMs, wrong };
}

const LAST_LINES = 6;

/** A known gap that is closed is wrong as well. */
export const line = ({ text, valid, summary, knownGap }: Verdict) =>
  `${text}: ${valid}${knownGap === undefined ? "" : ` (known gap: ${knownGap})`}, ${summary}`;

function factsIn(stdout: string): Facts | undefined {
  try {
    return JSON.parse(stdout) as Facts;
  } catch {
    return undefined; // it ended before there was anything to judge
  }
}
