// Every verb as a command: what somebody types is the step that a scenario would say, word for word, and what a scenario would
// refuse is refused here, in the words of a command line.
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { COMMANDS, OPTIONS } from "../../src/commands/verb/table.ts";
import { checkStep, stepOf } from "../../src/commands/verb/step.ts";
import { verbCommands } from "../../src/commands/verb.ts";
import { UsageError } from "../../src/model/problem.ts";
import type { Step } from "../../src/model/scenario.ts";
import { isFault, parametersOf } from "../../src/scenario/words.ts";
import { parseScenario } from "../../src/scenario/load.ts";
import { verbs } from "../../src/verbs/index.ts";
import { FILE } from "../scenario/support.ts";

/** The step that a command line means. Throws what the command would. */
async function typed(...argv: readonly string[]): Promise<Step> {
  let step: Step | undefined;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const command of verbCommands(async (verb, words, { stack: _stack, json: _json, ...flags }) => {
    const meant = stepOf(verb, words, flags);
    checkStep(verb, meant, property, "embedded");
    step = meant;
  })) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  await program.parseAsync(["node", "regionctl", ...argv]);
  return step!;
}

/** A scenario of the property system. */
function story(yaml: string) {
  const text = `name: story\ntopology: property\nsteps:\n  - ${yaml.replaceAll("\n", "\n    ")}\n`;
  const { scenario, topology, problems } = parseScenario(text, FILE, { verbs, expectations: {} }, { env: {} });
  if (scenario === undefined) throw new Error(`${yaml}: ${problems.map(({ message }) => message).join("; ")}`);
  return { step: scenario.steps[0]!, topology: topology! };
}

const { topology: property } = story("heal");

/** The step that it means. */
const written = (yaml: string): Step => story(yaml).step;

const SAME: readonly (readonly [argv: string, yaml: string])[] = [
  ["kill backend-us", "kill: backend-us"],
  ["kill backend-us us.postgres --for 10s", "kill: [backend-us, us.postgres]\nfor: 10s"],
  ["kill one(backend) --id pick", "kill: one(backend)\nid: pick"],
  ["stop backend-us --grace 2s --for 1m30s", "stop: backend-us\ngrace: 2s\nfor: 1m30s"],
  ["stop backend-us", "stop: backend-us"],
  ["pause eu", "pause: eu"],
  ["resume db-us,db-eu", "resume: db-us, db-eu"],
  ["start backend-us", "start: backend-us"],
  ["restart backend-us --grace 100ms", "restart: backend-us\ngrace: 100ms"],
  ["region-outage us --for 10s", "region-outage: us\nfor: 10s"],
  ["hold backend-us", "hold: backend-us"],
  ["heal", "heal"],
  ["partition us eu", "partition: us | eu"],
  ["partition us eu --mode reset --for 5s", "partition: us | eu\nmode: reset\nfor: 5s"],
  ["partition edge us", "partition: edge | us"],
  ["partition us eu --one-way", "partition: us -> eu"],
  ["isolate us", "isolate: us"],
  ["isolate gateway,us --mode refuse", "isolate: [gateway, us]\nmode: refuse"],
  ["latency us eu --add 80ms", "latency: us | eu\nadd: 80ms"],
  ["latency us eu --one-way --add 80ms --jitter 5ms", "latency: us -> eu\nadd: 80ms\njitter: 5ms"],
  ["bandwidth us eu --one-way --cap 1mbit", "bandwidth: us -> eu\ncap: 1mbit"],
  ["flaky us eu --resets 5%", "flaky: us | eu\nresets: 5%"],
  ["replication us eu --pause", "replication: us -> eu\npause: true"],
  ["replication us eu --delay 5s --for 10s", "replication: us -> eu\ndelay: 5s\nfor: 10s"],
  ["replication eu us --duplicate 10%", "replication: eu -> us\nduplicate: 10%"],
  ["replication us eu --reorder 2s", "replication: us -> eu\nreorder: 2s"],
  ["clock-skew backend-us --by -2m", "clock-skew: backend-us\nby: -2m"],
  ["clock-skew backend-us --by=-2m", "clock-skew: backend-us\nby: -2m"],
  ["clock-skew eu.backend --by 500ms --for 5s", "clock-skew: eu.backend\nby: 500ms\nfor: 5s"],
];

describe("a command", () => {
  it.each(SAME)("%s is the step %j", async (argv, yaml) => {
    const { args, forMs, id, verb } = await typed(...argv.split(" "));
    const step = written(yaml);
    expect({ verb, args, forMs, id }).toEqual({ verb: step.verb, args: step.args, forMs: step.forMs, id: step.id });
  });

  it("heals by an id, which may have blanks", async () => {
    expect((await typed("heal", "cut")).args).toEqual({ target: "cut" });
    expect((await typed("heal", "kill", "backend-us")).args).toEqual({ target: "kill backend-us" });
    expect((await typed("heal", "kill backend-us #2")).args).toEqual({ target: "kill backend-us #2" });
  });

  it("takes every spelling of two sides", async () => {
    const spellings = [["us", "eu"], ["us | eu"], ["us|eu"], ["us", "|", "eu"], ["us |", "eu"]];
    for (const words of spellings) {
      expect((await typed("partition", ...words)).args).toEqual(written("partition: us | eu").args);
    }
    const oneWay = [["us -> eu"], ["us->eu"], ["us", "eu", "--one-way"], ["us | eu", "--one-way"]];
    for (const words of oneWay) {
      expect((await typed("partition", ...words)).args).toEqual(written("partition: us -> eu").args);
    }
    const several = [["edge,us", "eu"], ["edge,", "us", "eu"], ["edge, us", "eu"], ["edge, us | eu"]];
    for (const words of several) {
      expect((await typed("partition", ...words)).args).toEqual(written("partition: edge, us | eu").args);
    }
    expect((await typed("replication", "us -> eu", "--pause")).args).toEqual(
      (await typed("replication", "us", "eu", "--pause")).args,
    );
  });

  it("has all verbs that break or mend, all their options, and examples that are what they should be", async () => {
    const byHand = Object.values(verbs).filter(
      (verb) =>
        verb.inside === undefined && (isFault(verb.name) || ["start", "resume", "restart", "heal"].includes(verb.name)),
    );
    expect(verbCommands().map((command) => command.name())).toEqual(Object.keys(COMMANDS));
    expect(new Set(Object.keys(COMMANDS))).toEqual(new Set(byHand.map(({ name }) => name)));
    expect(Object.keys(OPTIONS)).toEqual(expect.arrayContaining([...new Set(byHand.flatMap(parametersOf))]));
    for (const [name, { examples }] of Object.entries(COMMANDS)) {
      for (const example of examples) {
        const words = [...example.replace(/ {2,}.*$/, "").matchAll(/"([^"]*)"|(\S+)/g)].map(
          ([, quoted, bare]) => quoted ?? bare!,
        );
        expect((await typed(...words)).verb).toBe(name);
      }
    }
  });

  it("explains itself within 80 columns or so, with examples and units", () => {
    for (const command of verbCommands()) {
      let help = "";
      command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 80 }).outputHelp();
      expect(help).toContain(`Examples:\n  regionctl ${command.name()}`);
      expect(help).not.toContain("undefined");
      expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(90);
      if (help.includes("<duration>")) expect(help).toMatch(/Units:\n(.*\n)*? {2}duration {2}80ms/);
    }
  });
});

describe("a wrong command", () => {
  it.each<readonly [argv: readonly string[], ...said: string[]]>([
    [["kill", "backend-uss"], 'topology "property" has no node "backend-uss"', 'Did you mean "backend-us"?'],
    [
      ["kill", "backend-us", "--for", "10"],
      '--for takes a duration with its unit, e.g. 80ms, 5s, 2m, not "10"',
      '"10s"',
    ],
    [["kill", "backend-us", "--for", "0s"], "--for takes a duration above 0"],
    [["kill", "backend-us", "--id", "a b"], '--id takes a word, e.g. cut-1: letters, digits, - and _, not "a b"'],
    [["stop", "backend-us", "--grace", "5"], "--grace takes a duration with its unit", 'not "5"'],
    [["region-outage", "asia"], 'topology "property" has no region "asia"', "Its regions are us, eu."],
    [["hold", "db-us"], "db-us is a postgres"],
    [
      ["partition", "us"],
      'partition takes two sides, and "us" is one',
      "regionctl partition us eu",
      "has to be quoted",
    ],
    [["partition", "us", "eu", "ap"], "partition takes two sides, not 3", "us,eu ap"],
    [["partition", "us", "-"], "the shell took the > of ->", 'regionctl partition "us -> eu"', "--one-way"],
    [["partition", "us", "asia"], '"asia"', "us"],
    [["partition", "us", "eu", "--mode", "rest"], "--mode takes one of drop, reset, refuse", 'not "rest"', '"reset"'],
    [["latency", "us", "eu"], "--add is missing: expected a duration"],
    [["latency", "us", "eu", "--add", "80"], "--add takes a duration with its unit", 'not "80"', '"80ms"'],
    [["latency", "us", "eu", "--add", "-80ms"], "--add takes a duration", 'not "-80ms"'],
    [["bandwidth", "us", "eu", "--cap", "1"], "--cap takes", 'not "1"'],
    [["flaky", "us", "eu", "--resets", "5"], "--resets takes a percentage", 'not "5"', '"5%"'],
    [["flaky", "us", "eu", "--resets", "500%"], "--resets"],
    [["replication", "us", "eu"], "what shall become of the stream is missing", "--pause, --delay 5s, --duplicate 10%"],
    [["replication", "us", "eu", "--pause", "--delay", "5s"], "--delay: a replication has one fault"],
    [["latency", "us", "eu", "--add", "10ms", "--jitter", "20ms"], "--jitter: no byte can arrive before it was sent"],
    [["isolate", "backend-us"], "backend-us talks to db-us", "Use isolate us, or pause or kill backend-us instead"],
    [["replication", "us | eu", "--pause"], "us -> eu"],
    [["clock-skew", "backend-us"], "--by is missing"],
    [["clock-skew", "backend-us", "--by", "2"], "--by takes", 'not "2"'],
    [["clock-skew", "db-us", "--by", "2m"], "db-us is a postgres"],
  ])("%j is refused: %s", async (argv, ...said) => {
    const error: unknown = await typed(...argv).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    for (const words of said) expect((error as Error).message).toContain(words);
  });

  it("says everything that is wrong at once", async () => {
    const error: unknown = await typed("latency", "us", "eu", "--add", "80", "--jitter", "x", "--for", "5").catch(
      (one: unknown) => one,
    );
    for (const option of ["--add", "--jitter", "--for"]) expect((error as Error).message).toContain(`${option} takes`);
  });

  it("of an unknown option is refused by name", async () => {
    await expect(typed("latency", "us", "eu", "--ad", "80ms")).rejects.toThrow("unknown option '--ad'");
    await expect(typed("partition")).rejects.toThrow("missing required argument 'side'");
  });
});
