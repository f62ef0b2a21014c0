// Idempotence: what a partition remembers of each producer, so that a repeated batch is answered and not written again.
// All of it can be rebuilt from the batches in the log, in their order.
import { ERROR } from "../protocol/errors.ts";
import { sequenceAfter, type Batch } from "./batch.ts";

/** As many as a client may have in flight; it can repeat no older one. */
const REMEMBERED_BATCHES = 5;
/** Those that were silent longest are forgotten; a producer that is unknown may begin anywhere. */
const REMEMBERED_PRODUCERS = 10_000;

interface Remembered {
  firstSequence: number;
  lastSequence: number;
  baseOffset: number;
  lastOffset: number;
}

export type Ruling =
  | { is: "new" }
  /** It was written before, there. */
  | { is: "repeat"; baseOffset: number; lastOffset: number }
  | { is: "refused"; error: number };

export class Sequences {
  /** In the order of their last batch. */
  readonly #producers = new Map<number, { epoch: number; batches: readonly Remembered[] }>();

  judge(batch: Batch): Ruling {
    const known = this.#producers.get(batch.producerId);
    if (batch.producerId < 0 || known === undefined) return { is: "new" };
    if (batch.producerEpoch < known.epoch) return { is: "refused", error: ERROR.invalidProducerEpoch };
    if (batch.producerEpoch > known.epoch) {
      return batch.firstSequence === 0 ? { is: "new" } : { is: "refused", error: ERROR.outOfOrderSequence };
    }
    const before = known.batches.find(
      (one) => one.firstSequence === batch.firstSequence && one.lastSequence === batch.lastSequence,
    );
    if (before) return { is: "repeat", baseOffset: before.baseOffset, lastOffset: before.lastOffset };
    const next = sequenceAfter(known.batches.at(-1)!.lastSequence, 1);
    return batch.firstSequence === next ? { is: "new" } : { is: "refused", error: ERROR.outOfOrderSequence };
  }

  /** The batch lies in the log now. */
  remember(batch: Batch): void {
    if (batch.producerId < 0) return;
    const known = this.#producers.get(batch.producerId);
    const earlier = known?.epoch === batch.producerEpoch ? known.batches : [];
    const { firstSequence, lastSequence, baseOffset, lastOffset } = batch;
    this.#producers.delete(batch.producerId);
    this.#producers.set(batch.producerId, {
      epoch: batch.producerEpoch,
      batches: [...earlier.slice(1 - REMEMBERED_BATCHES), { firstSequence, lastSequence, baseOffset, lastOffset }],
    });
    if (this.#producers.size > REMEMBERED_PRODUCERS) {
      for (const oldest of this.#producers.keys()) {
        this.#producers.delete(oldest);
        break;
      }
    }
  }
}
