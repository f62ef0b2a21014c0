// regionctl url [NODE]: where a node of a stack that is up is reached, for curl, psql, kcat and the like.
import { Command } from "commander";
import { StackError } from "../model/problem.ts";
import { connect } from "../stack.ts";
import { nodeOf } from "./node.ts";
import { print } from "./print.ts";
import { stackName, stackOption, surroundings } from "./surroundings.ts";

export function url(): Command {
  return new Command("url")
    .description("Print where clients reach a node; the gateway when none is named.")
    .argument("[node]", "e.g. backend-us, db-us, kafka")
    .addOption(stackOption())
    .option("--json", "print the facts as JSON")
    .addHelpText(
      "after",
      `
A database's URL has its password in it; a broker's is host:port.

Examples:
  curl "$(regionctl url)/us/health"
  curl "$(regionctl url backend-eu)/eu/health"
  kcat -L -b "$(regionctl url kafka)"`,
    )
    .action(async (name: string | undefined, options: { stack: string; json?: boolean }) => {
      const stack = await connect(surroundings(), stackName(options.stack), new AbortController().signal);
      try {
        const gateway = stack.cluster.nodes.find(({ spec }) => spec.role === "gateway");
        const node = name === undefined ? gateway : nodeOf(stack, name);
        if (node === undefined) {
          const names = stack.topology.nodes.map((spec) => spec.name).join(", ");
          throw new StackError(`stack "${options.stack}" has no gateway`, `Name a node: ${names}.`);
        }
        const { region, role } = node.spec;
        const facts = { stack: options.stack, node: node.spec.name, region, role, url: node.url ?? node.address };
        print(options.json, facts, () => [facts.url]);
      } finally {
        stack.leave();
      }
    });
}
