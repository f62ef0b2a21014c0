// Asks a completion script as bash does: the words on the line, the last of which is being typed.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { repository, type Sandbox } from "../support/cli.ts";

/** What bash would offer after `regionctl`. */
export function bashCompletes(place: Sandbox, script: string, words: readonly string[]): readonly string[] {
  const bin = path.join(place.directory, ".bin");
  const command = path.join(bin, "regionctl");
  if (!fs.existsSync(command)) {
    fs.mkdirSync(bin);
    fs.writeFileSync(
      command,
      `#!/bin/sh\nexec ${process.execPath} ${path.join(repository, "bin/regionctl.js")} "$@"\n`,
    );
    fs.chmodSync(command, 0o755);
    fs.writeFileSync(path.join(bin, "completion.bash"), script);
  }
  const ask = `source "$0"; COMP_WORDS=(regionctl "$@"); COMP_CWORD=$#; _regionctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const said = execFileSync("bash", ["--norc", "-c", ask, path.join(bin, "completion.bash"), ...words], {
    cwd: place.directory,
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, REGIONCTL_HOME: place.home },
    encoding: "utf8",
  });
  return said.split("\n").filter((line) => line !== "");
}
