// Pulls run side by side; each tells how far it is, and each fails for itself.
import { describe, expect, it } from "vitest";
import { pullImages, type PullProgress } from "../../../src/runtimes/docker/pull.ts";
import { type Answer, engineThat } from "./answers.ts";

const LAYERS = [
  { status: "Pulling from library/postgres", id: "18" },
  { status: "Downloading", id: "a", progressDetail: { current: 30, total: 100 } },
  { status: "Downloading", id: "b", progressDetail: { current: 50, total: 300 } },
  { status: "Download complete", id: "a" },
  { status: "Extracting", id: "a", progressDetail: { current: 10, total: 900 } },
  { status: "Pull complete", id: "b" },
];

/** An engine that answers a pull of each image so, and has what was pulled without an error. */
async function pulling(answers: Readonly<Record<string, Answer>>, { signal }: { signal?: AbortSignal } = {}) {
  const engine = await engineThat(({ path, query }) => {
    if (path === "/images/create") return answers[`${query.get("fromImage")}:${query.get("tag")}`];
    const name = decodeURIComponent(/^\/images\/(.*)\/json$/.exec(path)?.[1] ?? "");
    const answer = answers[name];
    return answer !== undefined && !answer.breaks ? { lines: [{ Id: "sha256:1" }] } : undefined;
  });
  const progress: PullProgress[] = [];
  const onProgress = (one: PullProgress) => void progress.push(one);
  return { pulled: await pullImages(engine.docker, Object.keys(answers), { onProgress, signal }), progress };
}

describe("a pull", () => {
  it("counts what is downloaded of all layers, and ends with everything", async () => {
    const { pulled, progress } = await pulling({ "postgres:18": { lines: LAYERS } });
    expect(pulled).toMatchObject([{ image: "postgres:18" }]);
    expect(pulled[0]!.reason).toBeUndefined();
    const counts = progress.map(({ doneBytes, totalBytes }) => `${doneBytes}/${totalBytes}`);
    expect([...new Set(counts)]).toEqual(["0/0", "30/100", "80/400", "150/400", "400/400"]);
    expect(progress.at(-1)).toMatchObject({ state: "pulled" });
  });

  it("that fails says why in the engine's words, and the others go on", async () => {
    const { pulled } = await pulling({
      "kafka:4": { status: 500, lines: [{ message: "lookup registry: no such host" }] },
      "nginx:1": { lines: [...LAYERS, { error: "unexpected end of the layer" }] },
      "postgres:18": { lines: LAYERS },
      "redis:8": { lines: LAYERS.slice(0, 2), breaks: true },
    });
    expect(pulled.map(({ image, reason }) => [image, reason])).toEqual([
      ["kafka:4", "lookup registry: no such host"],
      ["nginx:1", "unexpected end of the layer"],
      ["postgres:18", undefined],
      ["redis:8", expect.stringMatching(/aborted|premature|no such thing/i)],
    ]);
  });

  it("ends when it is no longer wanted", async () => {
    const stop = new AbortController();
    const wish = pulling({ "postgres:18": { after: new Promise(() => {}) } }, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(wish).rejects.toThrow("enough");
  });
});
