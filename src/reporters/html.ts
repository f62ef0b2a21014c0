// report.html: one file that opens without a network and shows a run to a person. Nothing in it is asked for elsewhere, and
// nothing that a run said is ever code: it is data in the page, and becomes text there.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { StackError } from "../model/problem.ts";
import type { Run } from "../model/run.ts";
import { reportFacts, type Sources } from "./html/facts.ts";

export function html(run: Run, sources: Sources): string {
  const { program, style } = page();
  const facts = reportFacts(run, sources);
  const title = `${facts.verdict}: ${facts.scenario.name}`;
  const plain = facts.expectations
    .filter(({ comes }) => comes !== "passed")
    .map(({ text, summary }) => `<li>${escaped(`${text}: ${summary}`)}</li>`);
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy(program, style)}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="generator" content="regionctl">',
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    `<noscript><h1>${escaped(title)}</h1><ul>${plain.join("")}</ul><p>This report draws itself with JavaScript, which is off.</p></noscript>`,
    `<script type="application/json" id="facts">${asData(facts)}</script>`,
    `<script>${program}</script>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

/** Only this program and this style, and no request to anybody. Charts set style attributes; no text of a run ever does. */
function policy(program: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src '${digest(program)}'`,
    `style-src-elem '${digest(style)}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

const digest = (text: string): string => `sha256-${createHash("sha256").update(text, "utf8").digest("base64")}`;

/** JSON that cannot end the element it stands in, nor open a comment there. */
const asData = (facts: unknown): string => JSON.stringify(facts).replaceAll("<", "\\u003c");

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (one) => ENTITIES[one]!);

let built: { program: string; style: string } | undefined;

/** The program in the page, as it was built. Read once: every run of a command gets the same. */
function page(): { program: string; style: string } {
  const folder = path.join(packageRoot(), "dist", "page");
  try {
    built ??= {
      // A browser reads "</script" as the end, wherever it stands; in a string of the program "<\/script" is the same.
      program: fs.readFileSync(path.join(folder, "report.js"), "utf8").trim().replaceAll("</script", "<\\/script"),
      style: fs.readFileSync(path.join(folder, "report.css"), "utf8").trim(),
    };
  } catch (error) {
    const { message } = error as Error;
    throw new StackError(`report.html cannot be made: ${message}`, `Run "npm run build" in ${packageRoot()}.`);
  }
  return built;
}

/** The nearest directory above that holds package.json: this file's sources and bundle lie at different depths. */
function packageRoot(): string {
  for (let at = import.meta.dirname; ; at = path.dirname(at)) {
    if (fs.existsSync(path.join(at, "package.json"))) return at;
    if (path.dirname(at) === at) throw new Error(`no package.json above ${import.meta.dirname}`);
  }
}
