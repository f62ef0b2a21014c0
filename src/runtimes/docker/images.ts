// Which image each node of a topology runs from, and whether the engine has it.
//
//   what was asked for (--image kafka=..., REGIONCTL_IMAGE_KAFKA)
//   otherwise what the Compose file says, or the official image of the role
//   otherwise, where that one is missing, the one of ours that stands for it (compose/images, "regionctl images build")
import type Docker from "dockerode";
import { LINKS } from "../../model/cluster.ts";
import { crossingsOf } from "../../model/link.ts";
import { StackError, UsageError } from "../../model/problem.ts";
import type { NodeSpec, Role, Topology } from "../../model/topology.ts";

/** Programs that images bring; roles share them: our own programs all run on "node". */
export const IMAGE_KINDS = ["node", "postgres", "nginx", "kafka", "rabbitmq", "redis"] as const;
export type ImageKind = (typeof IMAGE_KINDS)[number];

export interface KnownImage {
  /** The official ones, the first preferred. */
  official: readonly string[];
  /** Of ours; stands for official ones of the same major version. Absent: there is none. */
  ours?: string;
  /** Of what ours stands for. */
  major?: string;
}

export const KNOWN: Readonly<Record<ImageKind, KnownImage>> = {
  node: { official: ["node:22-slim", "node:22"], ours: "regionctl/node:22", major: "22" },
  postgres: { official: ["postgres:18"], ours: "regionctl/postgres:18", major: "18" },
  nginx: { official: ["nginx:1.28"], ours: "regionctl/nginx:1.22", major: "1" },
  kafka: { official: ["apache/kafka:4.3.1"], ours: "regionctl/kafka:4.3.1", major: "4" },
  rabbitmq: { official: ["rabbitmq:4-management"] },
  redis: { official: ["redis:8"] },
};

const KIND_OF: Readonly<Record<Exclude<Role, "service">, ImageKind>> = {
  gateway: "nginx",
  backend: "node",
  link: "node",
  postgres: "postgres",
  kafka: "kafka",
  mirror: "kafka",
  rabbitmq: "rabbitmq",
  redis: "redis",
};

/** Our programs run on the role's image, whatever image the file has for plain Compose. */
const OWN_PROGRAMS: ReadonlySet<Role> = new Set(["backend", "link"]);

export interface NodeImage {
  node: string;
  /** Absent for an image of the user's own. */
  kind?: ImageKind;
  /** What the node is to run from. */
  wanted: string;
  /** What it will run from: `wanted`, or what stands for it on this engine. */
  image: string;
  /** `image` is on the engine. */
  present: boolean;
  /** The engine's own name of it, where present. */
  id?: string;
  bytes?: number;
}

export type Overrides = Readonly<Partial<Record<ImageKind, string>>>;

/** The image of every node, and of the link program where something crosses a link. One question to the engine. */
export async function resolveImages(
  docker: Pick<Docker, "listImages">,
  topology: Topology,
  overrides: Overrides = {},
): Promise<readonly NodeImage[]> {
  const there = byName(await docker.listImages());
  return wishesOf(topology, overrides).map(({ node, kind, choices }) => {
    const image = choices.find((choice) => there.has(choice)) ?? choices[0]!;
    const found = there.get(image);
    return {
      node,
      kind,
      wanted: choices[0]!,
      image,
      present: found !== undefined,
      id: found?.Id,
      bytes: found?.Size,
    };
  });
}

export interface MissingImage {
  image: string;
  nodes: readonly string[];
  /** It can be built from compose/images. */
  kind?: ImageKind;
}

/** What must be pulled or built before a stack can start, each image once. */
export function missingImages(images: readonly NodeImage[]): readonly MissingImage[] {
  const missing = new Map<string, MissingImage>();
  for (const { node, kind, image, wanted, present } of images) {
    if (present) continue;
    const nodes = [...(missing.get(image)?.nodes ?? []), node];
    missing.set(image, { image, nodes, kind: kind !== undefined && standsFor(kind, wanted) ? kind : undefined });
  }
  return [...missing.values()];
}

/** Node -> image. Throws StackError that names what is missing and how to get it. */
export async function imagesFor(
  docker: Pick<Docker, "listImages">,
  topology: Topology,
  overrides: Overrides = {},
): Promise<ReadonlyMap<string, string>> {
  const images = await resolveImages(docker, topology, overrides);
  const missing = missingImages(images);
  if (missing.length > 0) throw new StackError(sayMissing(missing), wayOut(missing));
  return new Map(images.map(({ node, image }) => [node, image]));
}

export function sayMissing(missing: readonly MissingImage[]): string {
  const each = missing.map(({ image, nodes }) => `${image} (${nodes.join(", ")})`);
  return `the Docker engine lacks ${missing.length === 1 ? "the image" : `${missing.length} images`} ${each.join(", ")}`;
}

function wayOut(missing: readonly MissingImage[]): string {
  const kinds = missing.flatMap(({ kind }) => kind ?? []);
  const build = kinds.length === 0 ? "" : `, or build without a registry: "regionctl images build ${kinds.join(" ")}"`;
  return `Get what is missing: "regionctl images pull"${build}.`;
}

interface Wish {
  node: string;
  kind?: ImageKind;
  /** The first one on the engine is taken. */
  choices: readonly string[];
}

function wishesOf(topology: Topology, overrides: Overrides): readonly Wish[] {
  const links = crossingsOf(topology).length > 0 ? [{ name: LINKS, role: "link" as const }] : [];
  return [...topology.nodes, ...links].map((spec) => ({ node: spec.name, ...wish(spec, overrides) }));
}

function wish(
  { name, role, image }: Pick<NodeSpec, "name" | "role" | "image">,
  overrides: Overrides,
): Omit<Wish, "node"> {
  if (role === "service") {
    if (image === undefined)
      throw new StackError(
        `${name} has a build and no image, and regionctl builds no images of yours`,
        `Give it a name ("image: ${name}") and build it: "docker compose build ${name}".`,
      );
    return { choices: [normal(image)] };
  }
  const kind = KIND_OF[role];
  const asked = overrides[kind];
  if (asked !== undefined) return { kind, choices: [normal(asked)] };
  const written = image === undefined || OWN_PROGRAMS.has(role) ? undefined : normal(image);
  const choices = written === undefined ? KNOWN[kind].official : [written];
  const { ours } = KNOWN[kind];
  return { kind, choices: ours !== undefined && standsFor(kind, choices[0]!) ? [...choices, ours] : choices };
}

/** Ours has the version that is asked for: `postgres:18.1-alpine` is 18, and whatever tag names no version is the newest. */
function standsFor(kind: ImageKind, wanted: string): boolean {
  const { ours, major, official } = KNOWN[kind];
  const { repository, tag } = partsOf(wanted);
  const names = official.map((image) => partsOf(image).repository.split("/").at(-1));
  if (ours === undefined || tag === undefined || !names.includes(repository.split("/").at(-1))) return false;
  return !/^\d/.test(tag) || tag.match(/^\d+/)![0] === major;
}

/** "docker.io/library/postgres" -> "postgres:latest", as the engine lists it. */
export function normal(image: string): string {
  const bare = image.replace(/^(index\.)?docker\.io\//, "").replace(/^library\//, "");
  const { tag, digest } = partsOf(bare);
  return tag === undefined && digest === undefined ? `${bare}:latest` : bare;
}

/** The colon of a registry's port is no tag's. */
function partsOf(image: string): { repository: string; tag?: string; digest?: string } {
  const [name = "", digest] = image.split("@");
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/")
    ? { repository: name.slice(0, colon), tag: name.slice(colon + 1), digest }
    : { repository: name, digest };
}

function byName(images: readonly Docker.ImageInfo[]): ReadonlyMap<string, Docker.ImageInfo> {
  const names = (image: Docker.ImageInfo) => [...(image.RepoTags ?? []), ...(image.RepoDigests ?? []), image.Id];
  return new Map(images.flatMap((image) => names(image).map((name) => [normal(name), image] as const)));
}

/** `kafka=my/kafka:4` of the command line, over REGIONCTL_IMAGE_KAFKA of the environment. Throws UsageError. */
export function overridesOf(
  flags: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Overrides {
  const overrides: Partial<Record<ImageKind, string>> = {};
  for (const kind of IMAGE_KINDS) {
    const variable = `REGIONCTL_IMAGE_${kind.toUpperCase()}`;
    if (env[variable]) overrides[kind] = checked(env[variable], `${variable}=${env[variable]}`);
  }
  for (const flag of flags) {
    const [kind, image] = [flag.slice(0, flag.indexOf("=")), flag.slice(flag.indexOf("=") + 1)];
    if (!flag.includes("=") || !isKind(kind))
      throw new UsageError(
        `--image ${flag}: expected KIND=IMAGE, for example kafka=apache/kafka:4.3.1; kinds are ${IMAGE_KINDS.join(", ")}.`,
      );
    overrides[kind] = checked(image, `--image ${flag}`);
  }
  return overrides;
}

export const isKind = (word: string): word is ImageKind => (IMAGE_KINDS as readonly string[]).includes(word);

/** As the engine would have it: [registry[:port]/]path[:tag][@digest]. */
const REFERENCE =
  /^(?:[a-zA-Z0-9.-]+(?::\d{1,5})?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

function checked(image: string, shown: string): string {
  if (image.length <= 512 && REFERENCE.test(image)) return image;
  throw new UsageError(`${shown}: "${image}" is no name of an image; one looks like apache/kafka:4.3.1.`);
}
