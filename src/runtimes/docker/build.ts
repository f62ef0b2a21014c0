// Builds our images from compose/images through the engine's API: what stands for an official image on a machine that cannot
// pull it. Two at a time, each after those it needs; one that is there and was made of the same things is left alone.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { type Base, ensureBase, OUR_BASE } from "./base.ts";
import { type Engine, reasonOf } from "./engine.ts";
import { KNOWN } from "./images.ts";
import { messagesOf } from "./messages.ts";
import { tar, type TarFile } from "./tar.ts";

/** Folder in compose/images -> those whose images its build takes things from. */
const RECIPES = {
  node: [],
  kafka: [],
  nginx: [],
  postgres: ["node"],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Buildable = keyof typeof RECIPES;
/** The slowest first. */
export const BUILDABLE = Object.keys(RECIPES) as readonly Buildable[];
export const BASE = "base";

export interface BuildProgress {
  name: Buildable | typeof BASE;
  image: string;
  state: "waiting" | "building" | "built" | "unchanged" | "failed";
  step: number;
  steps: number;
  /** What it does right now, or why it failed. */
  text: string;
}

export interface Built {
  name: Buildable | typeof BASE;
  image: string;
  state: "built" | "unchanged" | "failed";
  tookMs: number;
  bytes?: number;
  /** The whole of what the build said. */
  log?: string;
  /** Why it failed, and what to do about it where that is known. */
  reason?: string;
  hint?: string;
}

export interface BuildOptions {
  /** compose/images. */
  folder: string;
  /** Where a log per image is kept. */
  logs: string;
  /** Build those named also where they are there and unchanged, from nothing. */
  force?: boolean;
  onProgress?: (progress: BuildProgress) => void;
  signal?: AbortSignal;
}

/** On what an image was made of: it is compared before the next build. */
const MADE_OF = "regionctl.made-of";
/** On the stages that only fetch things. */
const STAGE = "regionctl.stage=fetch";
const AT_ONCE = 2;

/** In the order of the builds, what they need among them. Rejects only when the signal aborts. */
export async function buildImages(
  engine: Engine,
  names: readonly Buildable[],
  options: BuildOptions,
): Promise<readonly Built[]> {
  fs.mkdirSync(options.logs, { recursive: true });
  const wanted = BUILDABLE.filter((name) => withNeeds(names).has(name));
  for (const name of wanted) tell(options, name, "waiting");
  const base = await makeBase(engine, options);
  options.signal?.throwIfAborted();
  if ("reason" in base) return [base];
  const slot = slots(AT_ONCE);
  const results = new Map<Buildable, Promise<Built>>();
  // Before those that need them, so that each finds its needs in the map.
  for (const name of wanted.toSorted((a, b) => RECIPES[a].length - RECIPES[b].length)) {
    results.set(name, buildOne(name));
  }
  const all = await Promise.all(wanted.map((name) => results.get(name)!));
  options.signal?.throwIfAborted();
  // What only fetched things, and what these builds have replaced where nothing runs from it any more.
  for (const label of [STAGE, MADE_OF])
    await engine.docker.pruneImages({ filters: { dangling: ["true"], label: [label] } });
  return base.built === undefined ? all : [base.built, ...all];

  async function buildOne(name: Buildable): Promise<Built> {
    const needs = await Promise.all(RECIPES[name].map((need) => results.get(need)!));
    const failed = needs.find(({ state }) => state === "failed");
    if (failed !== undefined) return end(options, name, { tookMs: 0, reason: `it needs ${failed.image}` });
    return slot(() => build(engine, name, base as Base, { ...options, force: options.force && names.includes(name) }));
  }
}

function withNeeds(names: readonly Buildable[]): ReadonlySet<Buildable> {
  return new Set(names.flatMap((name) => [name, ...RECIPES[name]]));
}

async function makeBase(
  engine: Engine,
  options: BuildOptions,
): Promise<(Base & { built?: Built }) | (Built & { reason: string })> {
  const began = performance.now();
  const log = path.join(options.logs, `${BASE}.log`);
  const lines = fs.openSync(log, "w");
  let said = false;
  const keep = (line: string) => void fs.writeSync(lines, `${line}\n`);
  const say = (text: string) => {
    said = true;
    keep(text);
    tell(options, BASE, "building", { text });
  };
  try {
    const base = await ensureBase(engine, { say, log: keep, signal: options.signal });
    const tookMs = Math.round(performance.now() - began);
    return said ? { ...base, built: end(options, BASE, { image: base.image, tookMs, bytes: base.bytes, log }) } : base;
  } catch (error) {
    const { hint } = error as { hint?: string };
    const tookMs = Math.round(performance.now() - began);
    return { ...end(options, BASE, { tookMs, log, hint, reason: reasonOf(error) }), reason: reasonOf(error) };
  } finally {
    fs.closeSync(lines);
  }
}

async function build(engine: Engine, name: Buildable, base: Base, options: BuildOptions): Promise<Built> {
  const began = performance.now();
  const files = filesBelow(options.folder, name);
  const madeOf = digest(files, base);
  const log = path.join(options.logs, `${name}.log`);
  const took = () => Math.round(performance.now() - began);
  try {
    const before = options.force ? undefined : await lookAt(engine, name);
    if (before?.madeOf === madeOf) return end(options, name, { tookMs: took(), bytes: before.bytes, unchanged: true });
    tell(options, name, "building");
    const context = tar([...files, ...certificates(options.folder)]);
    const answer = await engine.docker.buildImage(context as unknown as NodeJS.ReadableStream, {
      t: imageOf(name),
      dockerfile: `${name}/Dockerfile`,
      buildargs: { BASE: base.image, NODE: imageOf("node") },
      labels: { [MADE_OF]: madeOf },
      nocache: options.force ?? false,
      rm: true,
      forcerm: true,
      version: "1", // every engine has this builder, and it needs no session
      abortSignal: options.signal,
    });
    await follow(answer, name, log, options);
    return end(options, name, { tookMs: took(), bytes: (await lookAt(engine, name))?.bytes, log });
  } catch (error) {
    const reason = reasonOf(error);
    const hint = /no space left on device/i.test(reason)
      ? 'The disk of the Docker engine is full: "docker system df" shows with what.'
      : undefined;
    return end(options, name, { tookMs: took(), log, reason, hint });
  }
}

const STEP = /^Step (\d+)\/(\d+) : (.*)/;

async function follow(
  answer: NodeJS.ReadableStream,
  name: Buildable,
  log: string,
  options: BuildOptions,
): Promise<void> {
  const lines = fs.openSync(log, "w");
  let [step, steps] = [0, 0];
  try {
    for await (const { stream, status } of messagesOf(answer)) {
      const text = stream ?? (status === undefined ? "" : `${status}\n`);
      fs.writeSync(lines, text);
      const found = STEP.exec(text);
      if (found === null) continue;
      [step, steps] = [Number(found[1]), Number(found[2])];
      tell(options, name, "building", { step, steps, text: found[3] });
    }
  } catch (error) {
    fs.writeSync(lines, `${reasonOf(error)}\n`);
    throw error;
  } finally {
    fs.closeSync(lines);
  }
}

async function lookAt({ docker }: Engine, name: Buildable): Promise<{ madeOf?: string; bytes: number } | undefined> {
  try {
    const { Config, Size } = await docker.getImage(imageOf(name)).inspect();
    return { madeOf: Config.Labels?.[MADE_OF], bytes: Size };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/** The files of one image's folder, as the Dockerfile names them. */
function filesBelow(folder: string, name: string): readonly TarFile[] {
  return fs
    .readdirSync(path.join(folder, name))
    .toSorted()
    .map((file) => {
      const place = path.join(folder, name, file);
      const executable = (fs.statSync(place).mode & 0o111) !== 0;
      return { name: `${name}/${file}`, content: fs.readFileSync(place), mode: executable ? 0o755 : 0o644 };
    });
}

/** Where Debian and its children keep what was added to their own: what a network that inspects TLS signs with. */
const ADDED_CERTIFICATES = "/usr/local/share/ca-certificates";

/** Those that lie in compose/images/certificates, and those of this machine. They are no part of what an image is made of. */
function certificates(folder: string): readonly TarFile[] {
  const own = filesBelow(folder, "certificates");
  if (!fs.existsSync(ADDED_CERTIFICATES)) return own;
  const added = fs.readdirSync(ADDED_CERTIFICATES, { recursive: true, encoding: "utf8" });
  const files = added.filter((file) => file.endsWith(".crt")).toSorted();
  return [
    ...own,
    ...files.map((file, index) => ({
      name: `certificates/machine-${index + 1}.crt`,
      content: fs.readFileSync(path.join(ADDED_CERTIFICATES, file)),
    })),
  ];
}

function digest(files: readonly TarFile[], base: Base): string {
  const hash = createHash("sha256").update(base.id);
  for (const { name, content, mode } of files) hash.update(`\0${name}\0${mode}\0`).update(content);
  return hash.digest("hex");
}

function imageOf(name: Buildable | typeof BASE): string {
  return name === BASE ? OUR_BASE : KNOWN[name].ours!;
}

function tell(
  { onProgress }: BuildOptions,
  name: BuildProgress["name"],
  state: BuildProgress["state"],
  { step = 0, steps = 0, text = "" } = {},
): void {
  onProgress?.({ name, image: imageOf(name), state, step, steps, text });
}

function end(
  options: BuildOptions,
  name: Built["name"],
  { unchanged = false, ...facts }: Partial<Built> & { tookMs: number; unchanged?: boolean },
): Built {
  const state = facts.reason !== undefined ? "failed" : unchanged ? "unchanged" : "built";
  tell(options, name, state, { text: facts.reason });
  return { name, image: imageOf(name), state, ...facts };
}

/** Runs work as soon as fewer than `count` others run. */
function slots(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
