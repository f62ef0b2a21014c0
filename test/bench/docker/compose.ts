// Plain Docker Compose with the same file, where a Compose v2 is at hand: what REGIONCTL_TEST_COMPOSE names, or the one of this machine.
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { type Bench, TOPOLOGY_FILE } from "../bench.ts";

const run = promisify(execFile);
const PROJECT = "regionctl-bench";
/** Its port may be taken on this machine, and nobody calls it here; images of its own name go again with `--rmi local`. */
const OVERRIDE = `services:
  gateway: { ports: !reset [] }
  backend-us: { image: !reset null }
  backend-eu: { image: !reset null }
`;

type Command = readonly [program: string, ...args: readonly string[]];

/** Milliseconds of each `up -d --wait` from nothing; or why there are none. */
export async function composeUps({ regionctl, say }: Bench, times: number): Promise<readonly number[] | string> {
  const command = await findCompose();
  if (command === undefined) return "there is no Docker Compose v2; REGIONCTL_TEST_COMPOSE may name its program";
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-bench-compose-"));
  const override = path.join(folder, "override.yaml");
  fs.writeFileSync(override, OVERRIDE);
  const env = { ...process.env, ...(await sameImages(regionctl)) };
  const [program, ...first] = command;
  const compose = async (...args: readonly string[]) => {
    const began = performance.now();
    await run(program, [...first, "-p", PROJECT, "-f", TOPOLOGY_FILE, "-f", override, ...args], {
      env,
      maxBuffer: 1 << 26,
    });
    return performance.now() - began;
  };
  const taken: number[] = [];
  try {
    await compose("build");
    for (let i = 0; i < times; i++) {
      taken.push(await compose("up", "-d", "--wait"));
      await compose("down", "-v");
    }
    return taken;
  } catch (error) {
    const { stderr = "", message } = error as Error & { stderr?: string };
    say(`${message}\n${stderr}`);
    return `it failed: ${(stderr.trim() || message).split("\n").at(-1)}`;
  } finally {
    await compose("down", "-v", "--rmi", "local").catch(() => {});
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function findCompose(): Promise<Command | undefined> {
  const named = process.env["REGIONCTL_TEST_COMPOSE"];
  const candidates: readonly Command[] = named ? [[named]] : [["docker", "compose"], ["docker-compose"]];
  for (const command of candidates) {
    const [program, ...args] = command;
    const version = await run(program, [...args, "version", "--short"]).then(
      ({ stdout }) => stdout.trim(),
      () => "",
    );
    if (/^v?([2-9]|\d\d)\./.test(version)) return command;
  }
  return undefined;
}

/** The images that `up` runs from, in the words of the file. */
async function sameImages(regionctl: Bench["regionctl"]): Promise<Readonly<Record<string, string>>> {
  const { images } = (await regionctl("images", "list", "--json")).facts as {
    images: readonly { kind?: string; image: string }[];
  };
  return Object.fromEntries(
    images.flatMap(({ kind, image }) =>
      kind === undefined ? [] : [[`REGIONCTL_IMAGE_${kind.toUpperCase()}`, image] as const],
    ),
  );
}
