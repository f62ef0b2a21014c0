// Pulls images, all at once, and tells how far each one is. One that cannot be pulled does not stop the others.
import type Docker from "dockerode";
import { reasonOf } from "./engine.ts";
import { type Message, messagesOf } from "./messages.ts";

export interface PullProgress {
  image: string;
  state: "pulling" | "pulled" | "failed";
  /** Of the layers known so far. */
  doneBytes: number;
  totalBytes: number;
  /** Why it failed, in the engine's words. */
  reason?: string;
}

export interface Pulled {
  image: string;
  tookMs: number;
  /** Absent: it is there. */
  reason?: string;
}

/** In the order of `images`. Rejects only when the signal aborts. */
export async function pullImages(
  docker: Docker,
  images: readonly string[],
  { onProgress, signal }: { onProgress?: (progress: PullProgress) => void; signal?: AbortSignal } = {},
): Promise<readonly Pulled[]> {
  const results = await Promise.all(
    images.map(async (image): Promise<Pulled> => {
      const began = performance.now();
      const layers = new Map<string, Layer>();
      const tell = (state: PullProgress["state"], reason?: string) =>
        onProgress?.({ image, state, ...sums(layers), ...(reason !== undefined && { reason }) });
      let reason: string | undefined;
      try {
        tell("pulling");
        const stream = (await docker.pull(image, { abortSignal: signal })) as NodeJS.ReadableStream;
        for await (const message of messagesOf(stream)) {
          note(layers, message);
          tell("pulling");
        }
        await docker.getImage(image).inspect(); // a stream that ends early looks like one that is complete
      } catch (error) {
        reason = reasonOf(error);
      }
      tell(reason === undefined ? "pulled" : "failed", reason);
      return { image, tookMs: Math.round(performance.now() - began), ...(reason !== undefined && { reason }) };
    }),
  );
  signal?.throwIfAborted();
  return results;
}

interface Layer {
  doneBytes: number;
  totalBytes: number;
}

/** Layers are unpacked after they were downloaded, with a count of their own that begins again: only the download counts. */
function note(layers: Map<string, Layer>, { status, id, progressDetail }: Message): void {
  if (id === undefined) return;
  const { current, total } = progressDetail ?? {};
  if (status === "Downloading" && current !== undefined && total !== undefined && total > 0)
    layers.set(id, { doneBytes: current, totalBytes: total });
  const layer = layers.get(id);
  if (layer !== undefined && (status === "Download complete" || status === "Pull complete"))
    layers.set(id, { ...layer, doneBytes: layer.totalBytes });
}

function sums(layers: ReadonlyMap<string, Layer>): Layer {
  const all = [...layers.values()];
  const sum = (field: keyof Layer) => all.reduce((total, layer) => total + layer[field], 0);
  return { doneBytes: sum("doneBytes"), totalBytes: sum("totalBytes") };
}
