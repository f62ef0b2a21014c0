// regionctl images list|pull|build: what the Docker runtime runs a topology from, and the two ways to get it.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Argument, Command, Option } from "commander";
import { StackError } from "../model/problem.ts";
import { formatDuration } from "../model/units.ts";
import { EXIT } from "../model/verdict.ts";
import { MARK, paintFor } from "../reporters/paint.ts";
import { BUILDABLE, type Buildable, buildImages, type BuildProgress, type Built } from "../runtimes/docker/build.ts";
import { connect } from "../runtimes/docker/engine.ts";
import { missingImages, type NodeImage, overridesOf, resolveImages } from "../runtimes/docker/images.ts";
import { pullImages, type Pulled, type PullProgress } from "../runtimes/docker/pull.ts";
import { regionctlHome } from "../runtimes/embedded/home.ts";
import { board, type Row } from "./board.ts";
import { loadTopologyOrThrow } from "./files.ts";
import { interruptSignal } from "./interrupt.ts";
import { print, table } from "./print.ts";
import { imageOption } from "./surroundings.ts";

interface Options {
  topology: string;
  image: readonly string[];
  json?: boolean;
}

const topologyOption = () =>
  new Option("-t, --topology <name|file>", "a Compose file, or the name of one in compose/").default("property");

export function images(): Command {
  return new Command("images")
    .description("The images that the Docker runtime runs nodes from: see, pull or build them.")
    .addCommand(listCommand())
    .addCommand(pullCommand())
    .addCommand(buildCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("Show which image each node runs from, and whether the engine has it.")
    .addOption(topologyOption())
    .addOption(imageOption())
    .option("--json", "print the facts as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl images list\n  regionctl images list --image kafka=my/kafka:4 --json",
    )
    .action(async (options: Options) => {
      const { engine, resolved } = await look(options);
      const missing = missingImages(resolved);
      const facts = { engine: engine.address, version: engine.version, images: resolved, missing };
      print(options.json, facts, () => {
        const each = [...new Set(resolved.map(({ image }) => image))];
        return [
          ...table(each.map((image) => rowOf(resolved.filter((one) => one.image === image)))),
          "",
          missing.length === 0
            ? `every image is on the Docker engine ${engine.version}; next: regionctl up --runtime docker`
            : next(missing.map(({ kind }) => kind)),
        ];
      });
    });
}

function rowOf(same: readonly NodeImage[]): readonly string[] {
  const { image, wanted, present, bytes } = same[0]!;
  const mark = present ? MARK.passed : MARK.failed;
  const stands = image === wanted ? "" : `in place of ${wanted}`;
  return [
    `${mark} ${image}`,
    bytes === undefined ? "missing" : size(bytes),
    same.map(({ node }) => node).join(" "),
    stands,
  ];
}

function pullCommand(): Command {
  return new Command("pull")
    .description("Pull every image that the engine lacks, all at once.")
    .addOption(topologyOption())
    .addOption(imageOption())
    .option("--json", "print the facts as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl images pull\n  regionctl images pull --image postgres=postgres:18.1",
    )
    .action(async (options: Options) => {
      const { engine, resolved } = await look(options);
      // What only stands for an official image does not keep that one from being pulled.
      const wanted = resolved.filter(({ present, image, wanted }) => !present || image !== wanted);
      const names = [...new Set(wanted.map((each) => each.wanted))];
      const shown = board(options.json);
      const pulled = await pullImages(engine.docker, names, {
        onProgress: (progress) => shown.show(progress.image, pullRow(progress)),
        signal: interruptSignal(),
      });
      shown.end();
      const failed = pulled.filter(({ reason }) => reason !== undefined);
      const there = [...new Set(resolved.filter((each) => !wanted.includes(each)).map(({ image }) => image))];
      print(options.json, { pulled: pulled.map(outcome), alreadyThere: there }, () => [
        ...there.map((image) => `${MARK.passed} ${image} was there already`),
        ...pulled.map(pulledLine),
        ...(failed.length === 0
          ? ["", "every image is on the Docker engine; next: regionctl up --runtime docker"]
          : ["", `${failed.length} of ${pulled.length} could not be pulled. ${otherwise(failed, resolved)}`]),
      ]);
      process.exitCode = failed.length === 0 ? EXIT.passed : EXIT.errored;
    });
}

const outcome = ({ image, tookMs, reason }: Pulled) => ({ image, ok: reason === undefined, tookMs, reason });

function pulledLine({ image, tookMs, reason }: Pulled): string {
  const paint = paintFor("stdout");
  return reason === undefined
    ? `${paint.green(MARK.passed)} ${image} pulled in ${formatDuration(tookMs)}`
    : `${paint.red(MARK.failed)} ${image}: ${reason}`;
}

function pullRow({ state, doneBytes, totalBytes, reason }: PullProgress): Row {
  const percent = totalBytes === 0 ? 0 : Math.floor((100 * doneBytes) / totalBytes);
  const quarter = Math.floor(percent / 25) * 25;
  if (state !== "pulling")
    return { done: 1, whole: 1, text: reason ?? "done", state: reason ? "failed" : "done", line: reason ?? "pulled" };
  const text = totalBytes === 0 ? "asking" : `${percent} % of ${size(totalBytes)}`;
  const line = quarter === 0 ? "pulling" : `${quarter} %`;
  return { done: doneBytes, whole: totalBytes, text, state: "working", line };
}

function buildCommand(): Command {
  return new Command("build")
    .description(
      "Build images from compose/images, without an image registry; what is there and unchanged is left alone.",
    )
    .addArgument(new Argument("[kinds...]", "which ones; all of them by default").choices(BUILDABLE))
    .option("--force", "build them again, from nothing")
    .option("--json", "print the facts as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl images build\n  regionctl images build kafka --force")
    .action(async (kinds: readonly Buildable[], options: { force?: boolean; json?: boolean }) => {
      const engine = await connect();
      const shown = board(options.json);
      const built = await buildImages(engine, kinds.length === 0 ? BUILDABLE : kinds, {
        folder: imagesFolder(),
        logs: path.join(regionctlHome(), "images"),
        force: options.force,
        onProgress: (progress) => shown.show(progress.name, buildRow(progress)),
        signal: interruptSignal(),
      });
      shown.end();
      const failed = built.filter(({ state }) => state === "failed");
      print(options.json, { built }, () => [
        ...built.flatMap(builtLines),
        "",
        failed.length === 0
          ? "next: regionctl up --runtime docker"
          : `${failed.length} of ${built.length} could not be built; nothing else was changed`,
      ]);
      process.exitCode = failed.length === 0 ? EXIT.passed : EXIT.errored;
    });
}

const LAST_LINES = 8;

function builtLines({ image, state, tookMs, bytes, log, reason, hint }: Built): readonly string[] {
  const paint = paintFor("stdout");
  const about = bytes === undefined ? "" : `, ${size(bytes)}`;
  if (state === "unchanged") return [`${paint.green(MARK.passed)} ${image} is there already${about}`];
  if (state === "built") return [`${paint.green(MARK.passed)} ${image} built in ${formatDuration(tookMs)}${about}`];
  const said = log !== undefined && fs.existsSync(log) ? fs.readFileSync(log, "utf8").trimEnd().split("\n") : [];
  return [
    `${paint.red(MARK.failed)} ${image}: ${reason}`,
    ...said.slice(-LAST_LINES).map((line) => `    ${line}`),
    ...(said.length > LAST_LINES ? [`  all of it: ${log}`] : []),
    ...(hint === undefined ? [] : [`  ${hint}`]),
  ];
}

function buildRow({ state, step, steps, text }: BuildProgress): Row {
  const of = steps === 0 ? "" : `${step}/${steps} `;
  const tells = text !== "" && (steps === 0 || text.startsWith("RUN")); // the steps that take their time
  const rows: Readonly<Record<BuildProgress["state"], Row>> = {
    waiting: { done: 0, whole: 0, text: "waiting", state: "waiting", line: "" },
    building: {
      done: step - 1,
      whole: steps,
      text: of + text,
      state: "working",
      line: tells ? (of + text).slice(0, 100) : "",
    },
    built: { done: 1, whole: 1, text: "built", state: "done", line: "built" },
    unchanged: { done: 1, whole: 1, text: "is there already", state: "done", line: "is there already" },
    failed: { done: 1, whole: 1, text, state: "failed", line: `failed: ${text}` },
  };
  return rows[state];
}

async function look({ topology: reference, image }: Options) {
  const overrides = overridesOf(image);
  const topology = loadTopologyOrThrow(reference);
  const engine = await connect();
  return { engine, resolved: await resolveImages(engine.docker, topology, overrides) };
}

const buildableOf = (kinds: readonly (string | undefined)[]) => BUILDABLE.filter((name) => kinds.includes(name));

/** What to do without those images. */
function otherwise(failed: readonly Pulled[], resolved: readonly NodeImage[]): string {
  const nodes = resolved.filter(({ wanted }) => failed.some(({ image }) => image === wanted));
  const lacking = nodes.filter(({ present }) => !present);
  if (lacking.length === 0)
    return `Nodes can run without: ${[...new Set(nodes.map(({ image }) => image))].join(", ")} stand in their place.`;
  const kinds = buildableOf(missingImages(lacking).map(({ kind }) => kind));
  return kinds.length === 0
    ? 'Log in to its registry and "docker pull" it, or name another image with --image.'
    : `Without a registry: regionctl images build ${kinds.join(" ")}`;
}

function next(kinds: readonly (string | undefined)[]): string {
  const names = buildableOf(kinds);
  const build = names.length === 0 ? "" : `   or without a registry: regionctl images build ${names.join(" ")}`;
  return `next: regionctl images pull${build}`;
}

const size = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

/** compose/images of this package, found from this code whether it runs from src or from the bundle dist/cli.js. */
function imagesFolder(): string {
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); ; folder = path.dirname(folder)) {
    const found = path.join(folder, "compose", "images");
    if (fs.existsSync(found)) return found;
    if (path.dirname(folder) === folder)
      throw new StackError("compose/images of regionctl was not found", 'Install regionctl again: "npm ci".');
  }
}
