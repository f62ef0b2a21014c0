// Ports of a stack: kept, never shared with another stack, never taken from a stranger.
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { StackPlace } from "../../src/model/cluster.ts";
import { allocatePorts, momentaryPort, portProblem, readPorts, type Ports } from "../../src/runtimes/embedded/ports.ts";
import { temporaryHome } from "./children.ts";

const WISHES = [
  { node: "gateway", listener: "main" },
  { node: "kafka", listener: "us" },
  { node: "kafka", listener: "eu" },
];

const all = (ports: Ports) => Object.values(ports).flatMap((listeners) => Object.values(listeners));

function placeIn(home: string, name: string): StackPlace {
  const directory = path.join(home, "stacks", name);
  fs.mkdirSync(directory, { recursive: true });
  return { name, id: name, directory };
}

function listening(port: number): Promise<void> {
  const server = net.createServer();
  onTestFinished(() => void server.close());
  return new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
}

it("gives every listener its own port, and the same ones again", async () => {
  const place = placeIn(temporaryHome(), "one");
  const ports = await allocatePorts(place, WISHES);
  expect(new Set(all(ports)).size).toBe(3);
  for (const port of all(ports)) {
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_000);
  }
  expect(await allocatePorts(place, WISHES)).toEqual(ports);
  expect(readPorts(place)).toEqual(ports);
});

it("keeps stacks that choose at the same time apart", async () => {
  const home = temporaryHome();
  const places = Array.from({ length: 8 }, (_, i) => placeIn(home, `stack-${i}`));
  const wanted = { node: "gateway", listener: "main", preferred: await momentaryPort() };
  const chosen = await Promise.all(places.map((place) => allocatePorts(place, [wanted, ...WISHES.slice(1)])));
  const ports = chosen.flatMap(all);
  expect(new Set(ports).size).toBe(8 * 3);
  // What was written down is what was answered.
  expect(places.map(readPorts)).toEqual(chosen);
});

it("keeps stacks of different homes apart, though nobody listens yet, and forgets those that are gone", async () => {
  const [one, other] = [placeIn(temporaryHome(), "default"), placeIn(temporaryHome(), "default")];
  const preferred = await momentaryPort();
  const wish = { node: "gateway", listener: "main", preferred };
  const chosen = await Promise.all([one, other].map((place) => allocatePorts(place, [wish, ...WISHES.slice(1)])));
  expect(new Set(chosen.flatMap(all)).size).toBe(2 * 3);
  for (const place of [one, other]) fs.rmSync(place.directory, { recursive: true });
  expect(all(await allocatePorts(placeIn(temporaryHome(), "default"), [wish]))).toEqual([preferred]);
});

it("takes a preferred port when it is free, and another one when a stranger or a stack has it", async () => {
  const home = temporaryHome();
  const preferred = await momentaryPort();
  const wishes = [{ node: "gateway", listener: "main", preferred }];
  expect(all(await allocatePorts(placeIn(home, "first"), wishes))).toEqual([preferred]);
  expect(all(await allocatePorts(placeIn(home, "second"), wishes))).not.toContain(preferred);

  const strangers = await momentaryPort();
  await listening(strangers);
  const third = await allocatePorts(placeIn(home, "third"), [{ ...wishes[0]!, preferred: strangers }]);
  expect(all(third)).not.toContain(strangers);
});

it("tells whose port a stranger has taken, and what to do", async () => {
  const port = await momentaryPort();
  expect(await portProblem("db-us", port)).toBeUndefined();
  await listening(port);
  const problem = await portProblem("db-us", port);
  expect(problem?.message).toContain(`port ${port}`);
  expect(problem?.message).toContain("db-us");
  expect(problem?.hint).toMatch(/regionctl down/);
});
