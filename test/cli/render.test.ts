// What regionctl makes of a topology, as the files of other tools: the same topology again, and the gateway's configuration.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadTopologyOrThrow } from "../../src/commands/files.ts";
import { renderNginxOf } from "../../src/commands/render.ts";
import { renderCompose } from "../../src/commands/render/topology.ts";
import type { Topology } from "../../src/model/topology.ts";
import { temporaryHome } from "../runtimes/children.ts";

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
