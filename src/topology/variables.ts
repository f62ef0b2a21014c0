// `${VAR}` as Compose knows it: ${VAR} $VAR ${VAR:-default} ${VAR-default} ${VAR:?message} ${VAR?message} ${VAR:+other} ${VAR+other} $$.
// Values come from the environment, then from `.env` beside the file. Passwords that have nothing but a default can be
// replaced by generated ones, the same for one variable through the whole file.
import fs from "node:fs";
import path from "node:path";
import type { Problem } from "../model/problem.ts";
import { MAX_FILE_BYTES, type RewriteComplaint } from "./source.ts";

export interface Variables {
  get(name: string): string | undefined;
  /** What stands for a default: itself, or a generated value where it is a secret. */
  instead(name: string, fallback: string): string;
}

/** Variables whose default is no secret once it stands in a file that everybody can read. */
const SECRET = /PASSWORD|SECRET|TOKEN/i;

export function variablesOf(
  env: Readonly<Record<string, string | undefined>>,
  dotenv: Readonly<Record<string, string>>,
  generate?: (variable: string) => string,
): Variables {
  const generated = new Map<string, string>();
  return {
    get: (name) => env[name] ?? (Object.hasOwn(dotenv, name) ? dotenv[name] : undefined),
    instead(name, fallback) {
      if (generate === undefined || !SECRET.test(name)) return fallback;
      const value = generated.get(name) ?? generate(name);
      generated.set(name, value);
      return value;
    },
  };
}

const MAX_NESTING = 10;
const REFERENCE = /\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])|\})|)/y;

/** The text with its variables filled in, and what is wrong with them. */
export function interpolate(text: string, variables: Variables): { text: string; complaints: RewriteComplaint[] } {
  const complaints: RewriteComplaint[] = [];
  return { text: fill(text, variables, complaints, 0), complaints };
}

function fill(text: string, variables: Variables, complaints: RewriteComplaint[], depth: number): string {
  let filled = "";
  let at = 0;
  for (let dollar = text.indexOf("$"); dollar !== -1; dollar = text.indexOf("$", at)) {
    filled += text.slice(at, dollar);
    REFERENCE.lastIndex = dollar;
    const [written, bare, braced, operator] = REFERENCE.exec(text)!;
    at = dollar + written.length;
    if (written === "$$") {
      filled += "$";
      continue;
    }
    const name = bare ?? braced;
    if (name === undefined) {
      complaints.push({
        word: text.slice(dollar, dollar + 2),
        message: text[at] === "{" ? "this ${ is not closed, or holds no name" : "this dollar sign has no ${VARIABLE}",
        hint: "A dollar sign that is meant as such is written $$.",
      });
      filled += "$";
      continue;
    }
    let operand = "";
    if (operator !== undefined) {
      const end = closing(text, at);
      if (end === undefined || depth > MAX_NESTING) {
        const message = end === undefined ? "this ${ is not closed" : "variables are nested too deeply";
        complaints.push({ word: text.slice(dollar, at), message });
        return filled;
      }
      operand = text.slice(at, end);
      at = end + 1;
    }
    const value = valueOf({ name, operator, operand, written: text.slice(dollar, at) }, complaints, variables, depth);
    filled += value;
  }
  return filled + text.slice(at);
}

interface Reference {
  name: string;
  /** With a colon an empty value counts as none. */
  operator: string | undefined;
  operand: string;
  written: string;
}

function valueOf(
  { name, operator, operand, written }: Reference,
  complaints: RewriteComplaint[],
  variables: Variables,
  depth: number,
): string {
  const value = variables.get(name);
  const set = value !== undefined && !(operator?.startsWith(":") && value === "");
  const inner = () => fill(operand, variables, complaints, depth + 1);
  switch (operator?.at(-1)) {
    case "-":
      return set ? value : variables.instead(name, inner());
    case "+":
      return set ? inner() : "";
    case "?":
      if (set) return value;
      complaints.push({
        word: written,
        message: `${name} must be set${operand === "" ? "" : `: ${inner()}`}`,
        hint: `Set it in the environment, or in .env beside the file.`,
      });
      return "";
    default:
      if (value !== undefined) return value;
      complaints.push({
        word: written,
        message: `${name} is not set, so this is empty`,
        hint: `Set it in the environment or in .env beside the file, or give it a default: \${${name}:-...}.`,
        severity: "warning",
      });
      return "";
  }
}

/** Where the brace closes that is open at `from`. */
function closing(text: string, from: number): number | undefined {
  let open = 1;
  for (let i = from; i < text.length; i++) {
    if (text.startsWith("${", i)) open++;
    else if (text[i] === "}" && --open === 0) return i;
  }
  return undefined;
}

/** `.env` in a folder: NAME=value a line, quotes and comments as usual. No file: nothing. */
export function readDotenv(folder: string): { values: Readonly<Record<string, string>>; problems: readonly Problem[] } {
  const file = path.join(folder, ".env");
  const problems: Problem[] = [];
  const say = (line: number, length: number, message: string) =>
    problems.push({ file, line, column: 1, length: Math.max(1, length), message, severity: "error" });
  const values: Record<string, string> = {};
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) return { values, problems };
  if (stat.size > MAX_FILE_BYTES) {
    say(1, 1, "an .env file may have 1 MiB at most");
    return { values, problems };
  }
  for (const [i, line] of fs.readFileSync(file, "utf8").split(/\r?\n/).entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(?:"([^"]*)"|'([^']*)'|(.*?))\s*(?:(?<=\s|["'])#.*)?$/.exec(
      line,
    );
    if (match) values[match[1]!] = match[2] ?? match[3] ?? match[4] ?? "";
    else say(i + 1, line.length, "expected NAME=value");
  }
  return { values, problems };
}
