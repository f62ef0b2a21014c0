// regionctl psql NODE: the psql of this machine, on a database of a stack that is up.
import { spawn } from "node:child_process";
import os from "node:os";
import { Command } from "commander";
import { StackError } from "../model/problem.ts";
import { EXIT } from "../model/verdict.ts";
import { connect } from "../stack.ts";
import { nodeOf } from "./node.ts";
import { stackName, stackOption, surroundings } from "./surroundings.ts";

export function psql(): Command {
  return new Command("psql")
    .description("Run this machine's psql on a database.")
    .argument("<database>", "e.g. db-us")
    .argument("[args...]", "arguments of psql, after --")
    .addOption(stackOption())
    .addHelpText(
      "after",
      `
Its exit code is that of psql. Without a psql here it prints the URL for another client.

Examples:
  regionctl psql db-us
  regionctl psql db-eu -- -c "select id, price, version from properties limit 5"`,
    )
    .action(async (name: string, args: readonly string[], options: { stack: string }) => {
      const url = await urlOf(name, stackName(options.stack));
      const code = await runPsql(url, args);
      if (code === undefined) {
        process.stderr.write("there is no psql on this machine; another client can use this URL:\n");
        process.stdout.write(`${url.href}\n`);
      }
      process.exitCode = code ?? EXIT.errored;
    });
}

/** Throws StackError when nobody answers: psql itself would wait for a paused database without end. */
async function urlOf(name: string, stackName: string): Promise<URL> {
  const stack = await connect(surroundings(), stackName, new AbortController().signal);
  try {
    const node = nodeOf(stack, name, "postgres");
    if (!(await node.answers())) {
      throw new StackError(
        `${name} does not answer`,
        '"regionctl status" shows why, "regionctl heal" ends what is broken.',
      );
    }
    return new URL(node.url!);
  } finally {
    stack.leave();
  }
}

/** Its exit code; undefined where there is no psql. */
function runPsql(url: URL, args: readonly string[]): Promise<number | undefined> {
  const child = spawn("psql", args, { stdio: "inherit", env: environmentFor(url) });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(name);
    // Ctrl-C reaches psql by itself, where it ends a query and not the session.
    process.on(name, () => (name === "SIGINT" ? undefined : child.kill(name)));
  }
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" ? resolve(undefined) : reject(error),
    );
    child.once("exit", (code, signal) => resolve(code ?? 128 + os.constants.signals[signal!]));
  });
}

/** Where to connect, in the environment: arguments are for everybody to read. The user's own PG* mean other databases. */
function environmentFor(url: URL): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("PG"));
  return {
    ...Object.fromEntries(others),
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
  };
}
