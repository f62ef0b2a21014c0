// What stands in a pull request: a table of runs, and why.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runOf } from "../../src/model/event.ts";
import type { Run } from "../../src/model/run.ts";
import { markdown } from "../../src/reporters/markdown.ts";
import { asked, asks, fine, runWith, written } from "./run.ts";

const lost = written({
  text: "no-lost-writes",
  summary: "2 of 934 acknowledged writes are lost",
  valid: false,
  evidence: [812, 815],
  story: ["us-3 wrote 1412 to key 7 (event 812).", "Nobody shows it at the end."],
  breakdown: [
    { of: "same region", checked: 900, violated: 0 },
    { of: "moved region", checked: 34, violated: 2 },
  ],
});

const named = (name: string, run: Run): Run => {
  const [first, ...others] = run.history;
  return {
    ...run,
    history: [
      { ...first, scenario: { ...runOf(run.history).scenario, name } } as (typeof run.history)[number],
      ...others,
    ],
  };
};

describe("runs as Markdown", () => {
  it("tells the verdicts, why, and shows when", () => {
    const gap = written({ text: "read-your-writes", summary: "5 of 90", valid: false, knownGap: "clients roam" });
    const runs = [runWith([...fine, ...asks]), named("split-brain", runWith([fine[0]!, lost, gap, ...asks]))];
    expect(markdown(runs)).toMatchInlineSnapshot(`
      "### regionctl: 1 of 2 runs passed

      | | scenario | verdict | took | operations | acknowledged writes |
      |---|---|---|---:|---:|---:|
      | ❌ | split-brain | failed | 9.84 s | 4 | 1 |
      | ✅ | failover | passed | 9.84 s | 4 | 1 |

      #### ❌ split-brain: failed

      | | expected | seen |
      |---|---|---|
      | ✅ | available: { region: us, at-least: 99% } | 99.8 % of 1,204 operations answered |
      | ❌ | no-lost-writes | 2 of 934 acknowledged writes are lost |
      | 🕳️ | read-your-writes | 5 of 90; known gap: clients roam |

      Judge it again: <code>regionctl check /home/ada/runs/failover-1</code>

      <details><summary>no-lost-writes</summary>

      - us-3 wrote 1412 to key 7 (event 812).
      - Nobody shows it at the end.
      - events 812, 815

      \`\`\`text
      same region   0 of 900 violated
      moved region  2 of  34 violated
      \`\`\`

      </details>

      <details><summary>timeline of split-brain</summary>

      \`\`\`text
                             ╷2 s          ╷4 s           ╷6 s           ╷8 s          ╷10 s

        us  requests  ·······█································································  4/s
            errors    ·······▃································································  1
            slowest   ····███████·····························································  210 ms
      \`\`\`

      </details>

      #### ✅ failover: passed

      | | expected | seen |
      |---|---|---|
      | ✅ | available: { region: us, at-least: 99% } | 99.8 % of 1,204 operations answered |
      | ✅ | no-lost-writes | all 934 acknowledged writes are accounted for |

      Judge it again: <code>regionctl check /home/ada/runs/failover-1</code>

      <details><summary>timeline of failover</summary>

      \`\`\`text
                             ╷2 s          ╷4 s           ╷6 s           ╷8 s          ╷10 s

        us  requests  ·······█································································  4/s
            errors    ·······▃································································  1
            slowest   ····███████·····························································  210 ms
      \`\`\`

      </details>
      "
    `);
  });

  it("tells what every run is asked only where the answer is bad, and of an interrupted run just that", () => {
    const died = asked({ text: "no service died", summary: "kafka died", valid: false, weight: "failed" });
    const text = markdown([runWith([...fine, ...asks, died])]);
    expect(text).toContain("| ❌ | no service died | kafka died |");
    expect(text).not.toContain("healthy at first");
    const interrupted = markdown([runWith([], { interrupted: true })]);
    expect(interrupted).toContain("| ⏹️ | failover | interrupted |");
    expect(markdown([])).toContain("0 of 0 runs passed");
  });

  it("the worst stands first", () => {
    const text = markdown([runWith(fine), named("worse", runWith([lost]))]);
    expect(text.indexOf("| worse |")).toBeLessThan(text.indexOf("| failover |"));
  });
});

describe("whatever a run says", () => {
  const nasty = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          "|",
          "`",
          "```",
          "<img src=x>",
          "</details>",
          "\n\n# x",
          "[a](b)",
          "@ada",
          "#12",
          "*",
          "_",
          "\\",
          "&lt;",
        ),
        fc.constantFrom("https://example.org", "www.example.org", "$x$", "~~", "\r", "- ", "1. ", "<!--"),
        fc.string({ maxLength: 6, unit: "binary" }),
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join(""));

  /** Everything but what stands in preformatted blocks. */
  const outside = (text: string) => text.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "");

  it("is text: no markup, no HTML, no cell more, no link, nobody mentioned", () => {
    fc.assert(
      fc.property(nasty, nasty, nasty, (name, summary, sentence) => {
        const verdicts = [
          written({
            text: name,
            summary,
            valid: false,
            story: [sentence],
            breakdown: [{ of: sentence, checked: 3, violated: 1 }],
          }),
          asked({ text: summary, summary: name, valid: "unknown" }),
        ];
        const text = outside(markdown([named(name, runWith(verdicts, { directory: sentence }))]));
        const tags = [...text.matchAll(/<[^>]*>?/g)].map(([tag]) => tag);
        for (const tag of tags)
          expect(["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"]).toContain(tag);
        const rows = text.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| |"));
        expect(rows.map((row) => row.split("|").length)).toEqual([8, 5, 5]);
        expect(text).not.toMatch(/@\w|(?<!&)#\w|https?:\/|www\.|[`*[\]~$\\]/);
        for (const line of text.split("\n")) expect(line).toMatch(/^(?:$|\||#{3,4} |- |<|Judge it again: |_Left out)/);
      }),
      { numRuns: 500, seed: 6 },
    );
  });

  it("a block cannot be ended from within", () => {
    const breakdown = [{ of: "```` ` ```", checked: 3, violated: 1 }];
    const text = markdown([runWith([written({ ...lost, breakdown })])]);
    expect(text).toContain("`````text\n```` ` ```  1 of 3 violated\n`````");
  });
});

describe("a summary has a bound", () => {
  const MOST = 900 * 1024;

  it("what explains goes before what is listed, and it says so", () => {
    const story = Array.from({ length: 40 }, (_, i) => `Sentence ${i} ${"x".repeat(500)}`);
    const runs = Array.from({ length: 100 }, (_, i) => named(`run-${i}`, runWith([written({ ...lost, story })])));
    const text = markdown(runs);
    expect(Buffer.byteLength(text)).toBeLessThan(MOST);
    expect(Buffer.byteLength(text)).toBeGreaterThan(MOST / 2);
    for (let i = 0; i < 100; i++) expect(text).toContain(`#### ❌ run-${i}: failed`);
    expect(text).toMatch(/_Left out to stay below 900 KiB: \d+ stories, \d+ timelines\._\n$/);
    expect(markdown(runs.slice(0, 2))).not.toContain("Left out");
  });

  it("even of runs without number", () => {
    const run = runWith([lost]);
    const text = markdown(Array.from({ length: 20_000 }, () => run));
    expect(Buffer.byteLength(text)).toBeLessThan(MOST);
    const said = text.trimEnd().split("\n").at(-1);
    expect(said).toMatch(
      /^_Left out to stay below 900 KiB: [\d,]+ runs, [\d,]+ tables of expectations, [\d,]+ stories/,
    );
    expect(text).toContain("<details><summary>no-lost-writes</summary>"); // some of each
  });
});
