// Small programs in place of ours, for tests about starting and ending that do not care what a backend does.
// They read the same environment and keep the same rules; BROKEN makes one misbehave.
import fs from "node:fs";
import path from "node:path";
import type { ProgramName } from "../../src/runtimes/embedded/programs.ts";

const HTTP = `
  const { BROKEN, HOST, PORT } = process.env;
  if (BROKEN === "exits") { console.log("a first line"); console.error("cannot go on: no reason"); process.exit(7); }
  if (BROKEN === "mute") setInterval(() => {}, 1e6);
  else require("http").createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ environment: process.env }));
  }).listen(Number(PORT), HOST, () => console.log("listening on " + PORT));
  process.on("SIGTERM", () => process.exit(0));
`;

/** Answers whatever it is sent as it would an ApiVersions request. What it was told lies in its data. */
const BROKER = `
  require("fs").writeFileSync("environment.json", JSON.stringify(process.env));
  for (const listener of process.env.KAFKA_LISTENERS.split(",")) {
    const { hostname, port } = new URL(listener.replace(/^[^:]+/, "tcp"));
    require("net").createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (request) => socket.write(Buffer.concat([Buffer.from([0, 0, 0, 10]), request.subarray(8, 12), Buffer.alloc(6)])));
    }).listen(Number(port), hostname);
  }
`;

/** Says that every crossing leads to its node, as soon as it can be asked. Nothing passes it. */
const LINKS = `
  require("fs").writeFileSync("environment.json", JSON.stringify(process.env));
  const { listeners, control } = JSON.parse(process.env.LINK_CONFIG);
  const state = { rules: [], crossings: listeners.map(({ from, to }) => ({ from, to, accepts: true })) };
  require("http").createServer((request, response) => {
    response.statusCode = request.headers.authorization === "Bearer " + control.token ? 200 : 401;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(state));
  }).listen(control.port, control.host);
  process.on("SIGTERM", () => process.exit(0));
`;

const SOURCES: Readonly<Record<ProgramName, string>> = { backend: HTTP, gateway: HTTP, broker: BROKER, links: LINKS };

export function standIns(directory: string): (name: ProgramName) => string {
  for (const [name, source] of Object.entries(SOURCES)) fs.writeFileSync(path.join(directory, `${name}.cjs`), source);
  return (name) => path.join(directory, `${name}.cjs`);
}
