// The base of the images we build: Debian's slim image where the engine has it or can pull it, otherwise the same thing made
// with debootstrap from Debian's packages, which needs no registry of images but does need root.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { execa } from "execa";
import { StackError } from "../../model/problem.ts";
import { type Engine, reasonOf } from "./engine.ts";
import { over } from "./messages.ts";
import { pullImages } from "./pull.ts";

const SUITE = "bookworm";
export const OFFICIAL_BASE = `debian:${SUITE}-slim`;
export const OUR_BASE = `regionctl/debian:${SUITE}-slim`;

export interface Base {
  image: string;
  /** The engine's own name of it. */
  id: string;
  bytes: number;
}

export interface BaseOptions {
  /** What is being done now. */
  say: (what: string) => void;
  /** Every line of it. */
  log: (line: string) => void;
  signal?: AbortSignal;
}

/** Throws StackError when there is none and none can be made. */
export async function ensureBase(engine: Engine, options: BaseOptions): Promise<Base> {
  const there = (await baseOn(engine, OFFICIAL_BASE)) ?? (await baseOn(engine, OUR_BASE));
  if (there !== undefined) return there;
  options.say(`pulling ${OFFICIAL_BASE}`);
  const [pulled] = await pullImages(engine.docker, [OFFICIAL_BASE], { signal: options.signal });
  if (pulled!.reason === undefined) return (await baseOn(engine, OFFICIAL_BASE))!;
  options.say(`${OFFICIAL_BASE} cannot be pulled: ${pulled!.reason}`);
  const refused = await whyNotBootstrap(engine);
  if (refused !== undefined)
    throw new StackError(
      `there is no ${OFFICIAL_BASE} to build on: ${pulled!.reason}. It cannot be made here either: ${refused.says}`,
      refused.hint,
    );
  await bootstrap(engine, options);
  return (await baseOn(engine, OUR_BASE))!;
}

async function baseOn({ docker }: Engine, image: string): Promise<Base | undefined> {
  try {
    const { Id, Size } = await docker.getImage(image).inspect();
    return { image, id: Id, bytes: Size };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/** Go's words for architectures -> Node.js's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: "x64", arm64: "arm64" };

async function whyNotBootstrap({ architecture }: Engine): Promise<{ says: string; hint: string } | undefined> {
  const elsewhere = `Run it on a Linux machine as root, or load the image: "docker load < ${SUITE}-slim.tar".`;
  if (process.platform !== "linux") return { says: "that takes Linux", hint: elsewhere };
  if (ARCHITECTURES[architecture] !== process.arch)
    return { says: `the engine's machine is ${architecture}, this one is ${process.arch}`, hint: elsewhere };
  if (process.getuid?.() !== 0)
    return { says: "debootstrap needs root", hint: 'Run "sudo regionctl images build" once.' };
  if ((await execa("debootstrap", ["--version"], { reject: false })).exitCode !== 0)
    return { says: "debootstrap is not installed", hint: 'Install it: "apt-get install debootstrap".' };
  return undefined;
}

/** What Debian's own slim image leaves out, and what belongs to this machine alone. */
const LEFT_OUT = ["var/cache/apt/*", "var/lib/apt/lists/*", "usr/share/doc/*", "usr/share/man/*", "usr/share/locale/*"];
const NEVER_INSTALLED = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*"];

async function bootstrap({ docker }: Engine, { say, log, signal }: BaseOptions): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-base-"));
  try {
    say(`debootstrap ${SUITE}: half a minute`);
    const made = execa("debootstrap", ["--variant=minbase", SUITE, folder], {
      all: true,
      reject: false,
      cancelSignal: signal,
      forceKillAfterDelay: 10_000, // it unmounts what it mounted first
    });
    for await (const line of made.iterable({ from: "all" })) log(line);
    const { exitCode, all } = await made;
    signal?.throwIfAborted();
    if (exitCode !== 0)
      throw new StackError(
        `debootstrap could not make ${OUR_BASE}: ${all?.trim().split("\n").at(-1) ?? "it did not start"}`,
        "It needs Debian's packages, over the network that apt-get uses.",
      );
    const rules = NEVER_INSTALLED.map((pattern) => `path-exclude ${pattern}\n`).join("");
    fs.writeFileSync(path.join(folder, "etc/dpkg/dpkg.cfg.d/slim"), rules);
    say("importing it");
    await importFolder(docker, folder, signal);
  } finally {
    // Never into what may still be mounted there.
    await execa("rm", ["-rf", "--one-file-system", folder], { reject: false });
  }
}

async function importFolder(docker: Engine["docker"], folder: string, signal?: AbortSignal): Promise<void> {
  const excluded = [...LEFT_OUT, "dev/*", "proc/*", "sys/*"].map((pattern) => `--exclude=./${pattern}`);
  const tar = spawn("tar", ["-C", folder, ...excluded, "-c", "."], { stdio: ["ignore", "pipe", "inherit"], signal });
  const [repo, tag] = OUR_BASE.split(":");
  const ended = new Promise<void>((resolve, reject) => {
    tar.once("error", reject);
    tar.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}`))));
  });
  ended.catch(() => {}); // it is waited for below
  try {
    await over(await docker.importImage(tar.stdout, { repo, tag, changes: 'CMD ["bash"]' }));
    await ended;
  } catch (error) {
    tar.kill();
    signal?.throwIfAborted();
    throw new StackError(`the Docker engine could not import ${OUR_BASE}: ${reasonOf(error)}`, undefined, {
      cause: error,
    });
  }
}
