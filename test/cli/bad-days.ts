// What the tests of bad days have in common: small scenarios, and whether anything of a stack is left.
import fs from "node:fs";
import path from "node:path";
import { findByMark } from "../../src/runtimes/embedded/processes.ts";
import { processesOf, repository, type Sandbox } from "../support/cli.ts";

/** Writes a scenario of the property system into the working directory; its name as an argument of a command. */
export function scenarioFile(box: Sandbox, name: string, ...lines: readonly string[]): string {
  const file = `${name}.yaml`;
  fs.writeFileSync(path.join(box.directory, file), [`name: ${name}`, "topology: property", ...lines, ""].join("\n"));
  return file;
}

/** The shipped topology with changes, in the working directory. */
export function topologyFile(box: Sandbox, ...changes: readonly (readonly [string, string])[]): string {
  const folder = path.join(repository, "compose");
  let text = fs
    .readFileSync(path.join(folder, "property.yaml"), "utf8")
    .replaceAll("../seeds/", `${path.join(repository, "seeds")}/`)
    .replaceAll(" ./property.", ` ${folder}/property.`)
    .replaceAll('"./property.', `"${folder}/property.`);
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`compose/property.yaml does not hold ${from}`);
    text = text.replace(from, to);
  }
  fs.writeFileSync(path.join(box.directory, "changed.yaml"), text);
  return "./changed.yaml";
}

/** Does nothing but ask once: a whole run in about a second. */
export const ONE_REQUEST = ["steps:", "  - request: GET /us/health", "    expect: { status: 200 }"];

/** Goes on for longer than any test. */
export const ENDLESS = ["timeout: 10m", "steps:", "  - wait: 5m"];

/** The directories of stacks below a home. */
export function stacksOf(home: string): readonly string[] {
  const stacks = path.join(home, "stacks");
  if (!fs.existsSync(stacks)) return [];
  return fs.readdirSync(stacks).filter((name) => fs.statSync(path.join(stacks, name), { throwIfNoEntry: false }));
}

/** What the processes of these stacks are marked with. Ask before `down`: their directories go with it. */
export function marksOf(home: string): readonly string[] {
  return stacksOf(home).flatMap((name) => {
    const file = path.join(home, "stacks", name, "stack.json");
    if (!fs.existsSync(file)) return []; // nothing is started before it is written
    return [`${(JSON.parse(fs.readFileSync(file, "utf8")) as { id: string }).id}.`];
  });
}

/** Everything that is left of stacks that should be gone: processes and directories. */
export function leftOf(home: string, marks: readonly string[]): readonly string[] {
  const processes = process.platform === "linux" ? processesOf(home) : [];
  const marked = marks.flatMap((mark) => findByMark(mark).map(({ pid }) => `process ${pid} of stack ${mark}`));
  return [...processes, ...marked, ...stacksOf(home)];
}
