// regionctl doctor: is everything here that a stack needs? One line per thing, and what to do about what is missing.
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { Command } from "commander";
import { StackError } from "../model/problem.ts";
import { EXIT } from "../model/verdict.ts";
import { MARK, paintFor } from "../reporters/paint.ts";
import { connect } from "../runtimes/docker/engine.ts";
import { missingImages, overridesOf, resolveImages } from "../runtimes/docker/images.ts";
import { isRoot, postgresUser, regionctlHome, unusableHome } from "../runtimes/embedded/home.ts";
import { postgresBinaries } from "../runtimes/embedded/postgres-binaries.ts";
import { programFile } from "../runtimes/embedded/programs.ts";
import { list } from "../stack.ts";
import { loadTopologyOrThrow } from "./files.ts";
import { print } from "./print.ts";
import { surroundings } from "./surroundings.ts";

interface Finding {
  name: string;
  ok: boolean;
  found: string;
  /** What to do when it is not ok. */
  next?: string;
}

const DEFAULT_PORT = 8080;
/** Two databases, their logs and a run: well below this. */
const ENOUGH_MIB = 500;

export function doctor(): Command {
  return new Command("doctor")
    .description("Check that this machine has what a stack needs.")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl doctor")
    .action(async (options: { json?: boolean }) => {
      const home = regionctlHome();
      const findings = await Promise.all([
        nodeVersion(),
        programs(),
        place(home),
        postgres(home),
        space(home),
        port(),
        stacks(),
        dockerEngine(),
      ]);
      const ok = findings.every((finding) => finding.ok);
      const paint = paintFor("stdout");
      const width = Math.max(...findings.map((finding) => finding.name.length));
      print(options.json, { ok, findings }, () => [
        ...findings.flatMap(({ name, ok, found, next }) => [
          `${ok ? paint.green(MARK.passed) : paint.red(MARK.failed)} ${name.padEnd(width)}  ${found}`,
          ...(ok || next === undefined ? [] : [`  ${" ".repeat(width)}  ${next}`]),
        ]),
        "",
        ok
          ? `everything is here; next: regionctl ${list(surroundings()).length === 0 ? "up" : "status"}`
          : "something is missing",
      ]);
      process.exitCode = ok ? EXIT.passed : EXIT.errored;
    });
}

/** Runs a check that throws when something is missing; its hint is what to do. */
async function ask(name: string, check: () => Promise<string> | string): Promise<Finding> {
  try {
    return { name, ok: true, found: await check() };
  } catch (error) {
    const hint = (error as { hint?: unknown }).hint;
    return { name, ok: false, found: (error as Error).message, next: typeof hint === "string" ? hint : undefined };
  }
}

const nodeVersion = () =>
  ask("Node.js", () => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    if (major > 20 || (major === 20 && minor >= 19)) return process.versions.node;
    throw new Error(`${process.versions.node} is too old: 20.19 or newer is needed`);
  });

const programs = () =>
  ask("programs", () => {
    for (const name of ["backend", "gateway", "broker", "links"] as const) programFile(name);
    return "backend, gateway, broker and links are built";
  });

const postgres = (home: string) =>
  ask("PostgreSQL", async () => {
    const user = isRoot() ? postgresUser() : undefined;
    const { version, postgres } = await postgresBinaries(home, user);
    return `${version}${user ? `, runs as ${user.name}` : ""} (${postgres})`;
  });

const place = (home: string) =>
  ask("directory", () => {
    const reason = isRoot() ? unusableHome(home, postgresUser()) : undefined;
    if (reason !== undefined) throw new Error(reason);
    fs.mkdirSync(home, { recursive: true, mode: 0o755 });
    fs.accessSync(home, fs.constants.W_OK);
    return home;
  });

const space = (home: string) =>
  ask("disk", () => {
    const { bavail, bsize } = fs.statfsSync(fs.existsSync(home) ? home : path.dirname(home));
    const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
    if (freeMiB < ENOUGH_MIB) throw new Error(`only ${freeMiB} MiB free, ${ENOUGH_MIB} MiB are needed`);
    return `${(freeMiB / 1024).toFixed(1)} GiB free`;
  });

/** A port in use is no defect: the stack takes another and says which. */
async function port(): Promise<Finding> {
  const holder = list(surroundings()).find(({ record }) => record?.gateway.endsWith(`:${DEFAULT_PORT}`));
  if (holder !== undefined) return { name: "port 8080", ok: true, found: `stack "${holder.name}" listens there` };
  const free = await new Promise<boolean>((resolve) => {
    const server = net.createServer().once("error", () => resolve(false));
    server.listen(DEFAULT_PORT, "127.0.0.1", () => server.close(() => resolve(true)));
  });
  return {
    name: "port 8080",
    ok: true,
    found: free ? "free: the default stack listens there" : "in use: the default stack will listen on another port",
  };
}

/** Nothing needs it: without it stacks are embedded. What is there of it, and what would be missing, is worth a line. */
async function dockerEngine(): Promise<Finding> {
  const name = "Docker";
  try {
    const { docker, address, version, local } = await connect();
    const where = `${version} at ${address}`;
    if (!local) return { name, ok: true, found: `not used: ${where} is on another machine` };
    const missing = missingImages(await resolveImages(docker, loadTopologyOrThrow("property"), overridesOf([])));
    if (missing.length === 0) return { name, ok: true, found: `${where}, with every image` };
    const images = missing.map(({ image }) => image).join(", ");
    const get = '"regionctl images pull", or without a registry "regionctl images build"';
    return { name, ok: true, found: `${where}; not used, because it lacks ${images}: ${get}` };
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    return { name, ok: true, found: `not used: ${error.message}. ${error.hint ?? ""}`.trim() };
  }
}

const stacks = () =>
  ask("stacks", () => {
    const found = list(surroundings());
    const orphans = found.filter((stack) => stack.orphaned).map((stack) => stack.name);
    if (orphans.length > 0)
      throw Object.assign(new Error(`left by a command that was killed: ${orphans.join(", ")}`), {
        hint: 'Remove them with "regionctl down".',
      });
    return found.length === 0 ? "none is up" : `up: ${found.map((stack) => stack.name).join(", ")}`;
  });
