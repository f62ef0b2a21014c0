// Building goes through the engine's API: what it is sent, in which order, and what happens when one of them fails.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { BUILDABLE, type BuildProgress, buildImages, type Buildable } from "../../../src/runtimes/docker/build.ts";
import { temporaryHome } from "../children.ts";
import { engineThat, notFound } from "./answers.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../../compose/images");

interface Sent {
  image: string;
  dockerfile: string;
  args: Readonly<Record<string, string>>;
  labels: Readonly<Record<string, string>>;
  context: Buffer;
}

/** An engine with a base, which builds everything but `fails` and keeps what it was sent. */
async function building(fails: readonly string[] = []) {
  const sent: Sent[] = [];
  const there = new Map<string, object>([["debian:bookworm-slim", { Id: "sha256:base", Size: 1, Config: {} }]]);
  let running = 0;
  let most = 0;
  const engine = await engineThat(({ path: asked, query, body }) => {
    if (asked === "/images/prune") return { lines: [{}] };
    if (asked === "/build") {
      const image = query.get("t")!;
      const labels = JSON.parse(query.get("labels")!) as Record<string, string>;
      const args = JSON.parse(query.get("buildargs")!) as Record<string, string>;
      sent.push({ image, dockerfile: query.get("dockerfile")!, args, labels, context: body });
      most = Math.max(most, ++running);
      // Long enough that whatever else may begin has begun.
      const after = new Promise((resolve) => setTimeout(resolve, 50)).then(() => (running -= 1));
      const step = { stream: "Step 1/2 : FROM ${BASE}\n" };
      if (fails.includes(image)) return { after, lines: [step, { error: "the command returned 1" }] };
      there.set(image, { Id: `sha256:${sent.length}`, Size: 2e6, Config: { Labels: labels } });
      return { after, lines: [step, { stream: "Step 2/2 : RUN true\n" }] };
    }
    const found = there.get(decodeURIComponent(/^\/images\/(.*)\/json$/.exec(asked)?.[1] ?? ""));
    return found === undefined ? notFound(asked) : { lines: [found] };
  });
  const logs = path.join(temporaryHome(), "images");
  const progress: BuildProgress[] = [];
  const build = (names: readonly Buildable[], options: { folder?: string; force?: boolean } = {}) =>
    buildImages(engine, names, { folder: FOLDER, logs, onProgress: (one) => void progress.push(one), ...options });
  return { build, sent, progress, logs, mostAtOnce: () => most };
}

describe("building images", () => {
  it("builds each after those it needs, two at a time, on the base that is there", async () => {
    const { build, sent, mostAtOnce } = await building();
    const built = await build(BUILDABLE);
    expect(built.map(({ name, state, bytes }) => [name, state, bytes])).toEqual(
      BUILDABLE.map((name) => [name, "built", 2e6]),
    );
    const order = sent.map(({ image }) => image);
    expect(order.indexOf("regionctl/postgres:18")).toBeGreaterThan(order.indexOf("regionctl/node:22"));
    expect(mostAtOnce()).toBe(2);
    expect(sent.every(({ args }) => args["BASE"] === "debian:bookworm-slim")).toBe(true);
  });

  it("sends an image's own folder and the certificates, and nothing else", async () => {
    const { build, sent } = await building();
    await build(["kafka"]);
    const names = execFileSync("tar", ["-t"], { input: sent[0]!.context, encoding: "utf8" }).trim().split("\n");
    expect(names).toEqual(expect.arrayContaining(["kafka/Dockerfile", "kafka/pom.xml", "certificates/README"]));
    expect(names.filter((name) => !/^(kafka|certificates)\//.test(name))).toEqual([]);
    expect(sent[0]!.dockerfile).toBe("kafka/Dockerfile");
  });

  it("leaves alone what is there and unchanged, and builds again what was changed or is asked for", async () => {
    const folder = temporaryHome();
    fs.cpSync(FOLDER, folder, { recursive: true });
    const { build, sent } = await building();
    await build(["nginx", "kafka"], { folder });
    expect((await build(["nginx", "kafka"], { folder })).map(({ state }) => state)).toEqual(["unchanged", "unchanged"]);
    expect(sent).toHaveLength(2);

    fs.appendFileSync(path.join(folder, "kafka/run.sh"), "# another line\n");
    fs.writeFileSync(path.join(folder, "certificates/more.crt"), "no part of what it is made of");
    const again = await build(["nginx", "kafka"], { folder });
    expect(again.map(({ name, state }) => [name, state])).toEqual([
      ["kafka", "built"],
      ["nginx", "unchanged"],
    ]);
    expect((await build(["nginx"], { folder, force: true })).map(({ state }) => state)).toEqual(["built"]);
  });

  it("says why one failed, keeps what it said, and does not try what needs it", async () => {
    const { build, sent, progress, logs } = await building(["regionctl/node:22"]);
    const built = await build(["postgres", "nginx"]);
    expect(built.map(({ name, state, reason }) => [name, state, reason])).toEqual([
      ["node", "failed", "the command returned 1"],
      ["nginx", "built", undefined],
      ["postgres", "failed", "it needs regionctl/node:22"],
    ]);
    expect(sent.map(({ image }) => image)).not.toContain("regionctl/postgres:18");
    expect(fs.readFileSync(path.join(logs, "node.log"), "utf8")).toBe(
      "Step 1/2 : FROM ${BASE}\nthe command returned 1\n",
    );
    expect(progress).toContainEqual(
      expect.objectContaining({ name: "nginx", state: "building", step: 2, steps: 2, text: "RUN true" }),
    );
  });
});
