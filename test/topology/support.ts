// A folder with a small Compose file in it and what that file mounts.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { drawProblem } from "../../src/scenario/caret.ts";
import { type LoadedTopology, loadTopology, type TopologyOptions } from "../../src/topology/load.ts";

export const ROOT = path.resolve(import.meta.dirname, "../..");

export interface Folder extends Disposable {
  path: string;
  write(name: string, text: string): string;
  load(text: string, options?: Partial<TopologyOptions>): LoadedTopology;
  /** Everything that is wrong with a file, as a person sees it. */
  drawn(text: string, options?: Partial<TopologyOptions>): string;
}

export function folder(): Folder {
  const here = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "regionctl-topology-"));
  const write = (name: string, text: string) => {
    const file = path.join(here, name);
    fs.writeFileSync(file, text);
    return file;
  };
  const load = (text: string, options: Partial<TopologyOptions> = {}) =>
    loadTopology(write("system.yaml", text), { env: {}, ...options });
  write("seed.sql", "");
  write("nginx.conf", "");
  return {
    path: here,
    write,
    load,
    drawn: (text, options) =>
      load(text, options)
        .problems.map((one) =>
          drawProblem(one, fs.existsSync(one.file) ? fs.readFileSync(one.file, "utf8") : "", { folder: here }),
        )
        .join("\n")
        .replaceAll(here, "HERE"),
    [Symbol.dispose]: () => fs.rmSync(here, { recursive: true, force: true }),
  };
}

/** Everything that is wrong with a file that stands in a folder of its own beside these files. */
export function drawn(text: string, files: Readonly<Record<string, string>> = {}): string {
  using here = folder();
  for (const [name, content] of Object.entries(files)) here.write(name, content);
  return here.drawn(text);
}

export const BLOCK = `x-regionctl:
  regions: { us: {}, eu: {} }
  routes: { /us: us, /eu: eu }
  steady: [GET /us/health, GET /eu/health]
`;

export const GATEWAY = `  gateway: { image: "nginx:1.28" }
`;

/** A file that is right, with these services beside the gateway. */
export function withServices(services: string): string {
  return `name: system\nservices:\n${GATEWAY}${services}\n${BLOCK}`;
}

/** A file that is right, with this after the block's beginning. */
export function withBlock(block: string): string {
  return `name: system\nservices:\n${GATEWAY}x-regionctl:\n  regions: { us: {}, eu: {} }\n${block}\n`;
}

/** What such a block needs besides. */
export const ROUTED = "  routes: { /us: us, /eu: eu }\n  steady: [GET /us/health, GET /eu/health]\n";
