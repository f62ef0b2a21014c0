// `npm run torture -- --kills N --seed S`: SIGKILLs of random nodes, and of all at once, under conflicting traffic; then every
// checker judges what the clients saw. `--commands N` kills the command itself at random instants instead. Both with
// `--runtime docker` too; there a node takes longer to come back, so that N is better smaller.
import { parseArgs } from "node:util";
import { killCommands } from "./commands.ts";
import { killNodes } from "./nodes.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string" },
    commands: { type: "string" },
    seed: { type: "string", default: "1" },
    regions: { type: "string", default: "us,eu" },
    runtime: { type: "string", default: "embedded" },
  },
});

const count = (name: "kills" | "commands") => {
  const text = values[name];
  if (text === undefined) return 0;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} takes a whole number above 0, not "${text}"`);
  return number;
};

const seed = Number(values.seed);
if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed takes a whole number, not "${values.seed}"`);
const { runtime } = values;
if (runtime !== "embedded" && runtime !== "docker")
  throw new Error(`--runtime takes embedded or docker, not "${runtime}"`);
const [kills, commands] = [count("kills"), count("commands")];
if (kills === 0 && commands === 0)
  throw new Error("say --kills N (of nodes) or --commands N (of the command itself), e.g. --kills 100");

let ok = true;
if (kills > 0) ok = (await killNodes({ kills, seed, regions: values.regions, runtime })) && ok;
if (commands > 0) ok = (await killCommands({ times: commands, seed, runtime })) && ok;
process.exitCode = ok ? 0 : 1;
