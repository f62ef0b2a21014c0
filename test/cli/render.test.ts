// What regionctl makes of a topology, as the files of other tools: the same topology again, and the gateway's configuration.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { loadTopologyOrThrow } from "../../src/commands/files.ts";
import { render, renderNginxOf } from "../../src/commands/render.ts";
import { maskOf, renderStack } from "../../src/commands/render/stack.ts";
import { renderCompose } from "../../src/commands/render/topology.ts";
import type { Topology } from "../../src/model/topology.ts";
import { docker } from "../../src/runtimes/docker/cluster.ts";
import { LAYOUT } from "../../src/runtimes/embedded/directory.ts";
import { alive, self } from "../../src/runtimes/embedded/processes.ts";
import { type Surroundings, up } from "../../src/stack.ts";
import { propertyTopology } from "../conformance/topology.ts";
import { temporaryHome } from "../runtimes/children.ts";
import { withDocker } from "../runtimes/docker/engine.ts";

const PROPERTY = path.resolve(import.meta.dirname, "../../compose/property.yaml");

/** Read again from a file of its own; the file itself is another one. */
function again(topology: Topology): Topology {
  const file = path.join(temporaryHome(), "rendered.yaml");
  fs.writeFileSync(file, renderCompose(topology));
  return { ...loadTopologyOrThrow(file), file: topology.file };
}

describe("render compose", () => {
  it.each([
    ["as it is", {}],
    ["with a region more", { regions: ["us", "eu", "ap"] }],
  ])("%s: regionctl reads the same topology from it", (_how, options) => {
    const topology = loadTopologyOrThrow(PROPERTY, options);
    expect(again(topology)).toEqual(topology);
  });

  it("keeps the command of a user's own service", () => {
    const topology = loadTopologyOrThrow(PROPERTY);
    const own = { ...topology.nodes[0]!, name: "own", role: "service", command: ["run", "a b", "$c"] } as const;
    const nodes = [...topology.nodes, own];
    expect(again({ ...topology, nodes }).nodes.at(-1)!.command).toEqual(["run", "a b", "$c"]);
  });

  it("has the delays between places in its links", () => {
    const topology = loadTopologyOrThrow(PROPERTY, { wan: true });
    expect(topology.links.some(({ rttMs }) => rttMs > 0)).toBe(true);
    expect(again(topology).links).toEqual(topology.links);
  });

  it("leaves no variable for Compose to fill in", () => {
    const { services } = parse(renderCompose(loadTopologyOrThrow(PROPERTY))) as {
      services: Record<string, { environment?: Record<string, string> }>;
    };
    expect(services["backend-us"]!.environment!["KAFKA_BROKER"]).toBe("kafka:29092");
    const text = renderCompose(loadTopologyOrThrow(PROPERTY));
    expect(text.match(/(?<!\$)\$\{/g)).toBeNull();
  });
});

describe("render nginx", () => {
  it("is the file that stands beside the property system's", () => {
    const beside = PROPERTY.replace(".yaml", ".nginx.conf");
    expect(renderNginxOf(loadTopologyOrThrow(PROPERTY))).toBe(fs.readFileSync(beside, "utf8"));
  });

  it("is refused for a system without a gateway", () => {
    const topology = loadTopologyOrThrow(PROPERTY);
    const without = { ...topology, nodes: topology.nodes.filter(({ role }) => role !== "gateway") };
    expect(() => renderNginxOf(without)).toThrow("has no gateway");
  });
});

describe("a masked text", () => {
  const secret = "0123456789abcdef/+";
  const mask = maskOf([secret, "pw"]);

  it("has no secret in it, as it is or in a URL, and keeps the rest", () => {
    expect(mask(`{"token":"${secret}","port":8000}`)).toBe('{"token":"***","port":8000}');
    expect(mask(`x ${encodeURIComponent(secret)} y`)).toBe("x *** y");
    expect(mask("postgres://app:written@db-us:5432/data", "DATABASE_URL")).toBe("postgres://app:***@db-us:5432/data");
    expect(mask("whatever", "POSTGRES_PASSWORD")).toBe("***");
    expect(mask("http://echo-us:8000/?pw=1", "PEER")).toBe("http://echo-us:8000/?pw=1");
  });
});

describe("render compose --stack", () => {
  const asked = (...args: readonly string[]) => render().parseAsync([...args], { from: "user" });

  it("does not go with what a stack has already, and --secrets not with a file", async () => {
    await expect(asked("compose", "property", "--stack", "x")).rejects.toThrow("property cannot be asked for as well");
    await expect(asked("compose", "--stack", "x", "--regions", "us,eu,ap")).rejects.toThrow("--regions cannot");
    await expect(asked("compose", "--secrets")).rejects.toThrow("--secrets goes with --stack");
  });
});

await withDocker("a stack on Docker, rendered", propertyTopology(), () => {
  const around = (): Surroundings => ({
    home: temporaryHome(),
    runtimes: [docker()],
    ownership: { me: self(), alive },
  });

  interface Rendered {
    image: string;
    "x-state": string;
    ports: readonly string[];
    networks: Readonly<Record<string, { aliases: readonly string[] }>>;
    environment: Readonly<Record<string, string>>;
  }

  it("is as it really is: images by id, its ports, its networks, who is dead; and no secret, unless asked for", async () => {
    const here = around();
    const { signal } = new AbortController();
    const stack = await up(here, { name: "shown", topology: propertyTopology(), runtime: "docker", signal });
    onTestFinished(() => stack.down(), 60_000);
    const named = (name: string) => stack.cluster.nodes.find(({ spec }) => spec.name === name)!;
    await named("backend-eu").kill();
    const place = { name: "shown", id: stack.record.id, directory: stack.directory };
    const secrets = Object.values(JSON.parse(fs.readFileSync(LAYOUT.secrets(place), "utf8")) as Record<string, string>);
    expect(secrets.length).toBeGreaterThan(3);

    const text = await renderStack(here, "shown", false);
    const { services } = parse(text) as { services: Record<string, Rendered> };
    expect(Object.keys(services)).toEqual(stack.cluster.nodes.map(({ spec }) => spec.name));
    for (const { image } of Object.values(services)) expect(image).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(services["gateway"]!.ports).toEqual([`${named("gateway").address}:8080/tcp`]);
    expect(services["backend-eu"]!["x-state"]).toBe("exited");
    expect(services["backend-us"]!["x-state"]).toBe("running");
    expect(Object.keys(services["db-us"]!.networks)).toEqual(["us"]);
    expect(Object.keys(services["links"]!.networks)).toEqual(["edge", "eu", "us"]);
    expect(services["backend-us"]!.environment["DATABASE_URL"]).toBe("postgres://app:***@db-us:5432/properties_us");
    // What another region's broker is for it, not what its file says.
    expect(services["backend-eu"]!.environment["KAFKA_BROKER"]).toMatch(/^links[.\w-]*:\d+$/);
    for (const secret of secrets) expect(text).not.toContain(secret);

    const open = await renderStack(here, "shown", true);
    for (const secret of secrets) expect(open).toContain(secret);
  }, 90_000);

  it("that does not exist is refused", async () => {
    await expect(renderStack(around(), "nobody", false)).rejects.toThrow('there is no stack "nobody"');
  });
});
