// The dashboard on this terminal. React and Ink are loaded here, and only here: no other command pays for them.
import { UsageError } from "../../model/problem.ts";
import type { Left, Watching } from "../../dashboard/watch.tsx";
import { paintFor } from "../../reporters/paint.ts";

/** Throws UsageError, with the way out, where nothing can be drawn. */
export function refuseNoTerminal(
  what: string,
  otherwise = "Use --once for one picture as text, or --json for the facts.",
): void {
  const missing = !process.stdout.isTTY ? "stdout is none" : !process.stdin.isTTY ? "stdin is none" : undefined;
  if (missing !== undefined) throw new UsageError(`${what} draws on a terminal, and ${missing}. ${otherwise}`);
  if (process.env["TERM"] === "dumb")
    throw new UsageError(`${what} cannot draw on a dumb terminal (TERM=dumb). ${otherwise}`);
}

/** Whether this terminal, or whatever stdout is, gets colours. For chalk a terminal in a CI job has none; it is one all the same. */
export function hasColour(): boolean {
  const { CI: _, NO_COLOR: refused, ...environment } = process.env;
  return paintFor("stdout").level > 0 || (!refused && process.stdout.isTTY && process.stdout.hasColors(environment));
}

/** Takes a moment the first time. */
export function loadScreen() {
  prepare();
  return import("../../dashboard/watch.tsx");
}

/** Resolves, with how it was left, once the terminal is as it was. */
export async function draw(watching: Omit<Watching, "colour">): Promise<Left> {
  const { watch } = await loadScreen();
  return watch({ ...watching, colour: hasColour() });
}

/** What makes one picture in text. */
export function loadFrame() {
  prepare();
  return import("../../dashboard/frame.tsx");
}

/** Both are looked at when React and Ink are loaded, and not again. */
function prepare(): void {
  // React otherwise checks everything twice, for those who write components.
  process.env["NODE_ENV"] ??= "production";
  // Ink draws nothing where it takes itself to be in a CI job; whoever has a terminal there wants to see something on it.
  for (const name of ["CI", "CONTINUOUS_INTEGRATION"]) if (name in process.env) process.env[name] = "false";
}
