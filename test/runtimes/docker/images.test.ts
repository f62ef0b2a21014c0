// Which image a node runs from: what is asked for, what the file says, and what stands for it where that is missing.
import type Docker from "dockerode";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/model/problem.ts";
import type { Topology } from "../../../src/model/topology.ts";
import {
  imagesFor,
  missingImages,
  normal,
  overridesOf,
  type Overrides,
  resolveImages,
} from "../../../src/runtimes/docker/images.ts";
import { propertyTopology } from "../../conformance/topology.ts";

const engineWith = (...tags: readonly string[]) => ({
  listImages: async () =>
    tags.map((tag, index) => ({ Id: `sha256:${index}`, RepoTags: [tag], Size: 1e6 }) as Docker.ImageInfo),
});

const OFFICIAL = ["nginx:1.28", "node:22-slim", "postgres:18", "apache/kafka:4.3.1"];
const OURS = ["regionctl/nginx:1.22", "regionctl/node:22", "regionctl/postgres:18", "regionctl/kafka:4.3.1"];

/** Of the property system with these images in its file. */
function withImages(images: Readonly<Record<string, string | undefined>>): Topology {
  const topology = propertyTopology();
  const image = (name: string, before?: string) => (Object.hasOwn(images, name) ? images[name] : before);
  return { ...topology, nodes: topology.nodes.map((node) => ({ ...node, image: image(node.name, node.image) })) };
}

async function imageOf(node: string, there: readonly string[], topology = propertyTopology(), overrides?: Overrides) {
  return (await resolveImages(engineWith(...there), topology, overrides)).find((image) => image.node === node)!;
}

describe("every node has an image", () => {
  it("the official one where the engine has it, and the link program too", async () => {
    const images = await imagesFor(engineWith(...OFFICIAL, ...OURS), propertyTopology());
    expect(Object.fromEntries(images)).toEqual({
      gateway: "nginx:1.28",
      "backend-us": "node:22-slim",
      "backend-eu": "node:22-slim",
      "db-us": "postgres:18",
      "db-eu": "postgres:18",
      kafka: "apache/kafka:4.3.1",
      links: "node:22-slim",
    });
  });

  it("ours where the official one is missing", async () => {
    expect(new Set((await imagesFor(engineWith(...OURS), propertyTopology())).values())).toEqual(new Set(OURS));
    expect(await imageOf("kafka", OURS)).toMatchObject({ wanted: "apache/kafka:4.3.1", present: true, bytes: 1e6 });
  });

  it("the file's own, and ours only for the same major version", async () => {
    const mirror = withImages({ "db-us": "mirror.example:5000/library/postgres:18.1-alpine" });
    expect(await imageOf("db-us", OURS, mirror)).toMatchObject({ image: "regionctl/postgres:18", present: true });
    const older = withImages({ "db-us": "postgres:16" });
    expect(await imageOf("db-us", OURS, older)).toMatchObject({ image: "postgres:16", present: false });
    const forked = withImages({ kafka: "mine/broker:4.3.1" });
    expect(await imageOf("kafka", OURS, forked)).toMatchObject({ image: "mine/broker:4.3.1", present: false });
  });

  it("the role's, whatever a backend has for plain Compose", async () => {
    const built = withImages({ "backend-us": "regionctl/backend" });
    expect((await imageOf("backend-us", [...OURS, "regionctl/backend:latest"], built)).image).toBe("regionctl/node:22");
  });

  it("what is asked for, and nothing in its place", async () => {
    const asked = { kafka: "mine/kafka" };
    expect(await imageOf("kafka", OURS, undefined, asked)).toMatchObject({
      image: "mine/kafka:latest",
      present: false,
    });
    expect(await imageOf("kafka", ["mine/kafka:latest"], undefined, asked)).toMatchObject({ present: true });
  });
});

describe("what is missing", () => {
  it("is named once each, with its nodes and the way to get it", async () => {
    const engine = engineWith("nginx:1.28", "node:22-slim");
    const missing = missingImages(await resolveImages(engine, propertyTopology()));
    expect(missing).toEqual([
      { image: "postgres:18", nodes: ["db-us", "db-eu"], kind: "postgres" },
      { image: "apache/kafka:4.3.1", nodes: ["kafka"], kind: "kafka" },
    ]);
    await expect(imagesFor(engine, propertyTopology())).rejects.toMatchObject({
      message: "the Docker engine lacks 2 images postgres:18 (db-us, db-eu), apache/kafka:4.3.1 (kafka)",
      hint: 'Get what is missing: "regionctl images pull", or build without a registry: "regionctl images build postgres kafka".',
    });
  });

  it("is not said to be built here when it is not", async () => {
    const engine = engineWith(...OURS);
    await expect(imagesFor(engine, withImages({ kafka: "mine/kafka:1" }))).rejects.toMatchObject({
      message: "the Docker engine lacks the image mine/kafka:1 (kafka)",
      hint: 'Get what is missing: "regionctl images pull".',
    });
  });
});

describe("an image's name", () => {
  it("is compared as the engine lists it", () => {
    expect(normal("postgres")).toBe("postgres:latest");
    expect(normal("docker.io/library/postgres:18")).toBe("postgres:18");
    expect(normal("localhost:5000/postgres")).toBe("localhost:5000/postgres:latest");
    expect(normal(`node@sha256:${"0".repeat(64)}`)).toBe(`node@sha256:${"0".repeat(64)}`);
  });

  it("comes from the flag, otherwise from the environment", () => {
    const env = { REGIONCTL_IMAGE_KAFKA: "a/kafka:1", REGIONCTL_IMAGE_NODE: "node:24" };
    expect(overridesOf(["kafka=b/kafka:2"], env)).toEqual({ kafka: "b/kafka:2", node: "node:24" });
  });

  it("is refused when it is none, with what was written", () => {
    expect(() => overridesOf(["broker=x"], {})).toThrow(UsageError);
    expect(() => overridesOf(["kafka"], {})).toThrow("expected KIND=IMAGE");
    expect(() => overridesOf(["kafka="], {})).toThrow("is no name of an image");
    expect(() => overridesOf([], { REGIONCTL_IMAGE_NODE: "Not An Image" })).toThrow(
      "REGIONCTL_IMAGE_NODE=Not An Image",
    );
  });
});
