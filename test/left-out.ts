// The last line of `npm test` where no Docker engine can be used: how many tests were left out, why, and how to run them.
import type { Reporter, TestModule } from "vitest/node";

const REASON = /\(left out: (.*?)\)(?= > )/;

export default class LeftOut implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests("skipped")]);
    const reasons = skipped.flatMap(({ fullName }) => REASON.exec(fullName)?.[1] ?? []);
    if (reasons.length === 0) return;
    process.stdout.write(
      `left out: ${reasons.length} tests that need Docker (${[...new Set(reasons)].join("; ")})\n` +
        `  to run them: regionctl images build, then REGIONCTL_TEST_DOCKER=required npm test\n`,
    );
  }
}
