// One operation as the history tells it: `invoke` before the request reaches the socket, `complete` after the answer
// was parsed. Background clients and scripted requests both go through here.
import type { Reply } from "../model/cluster.ts";
import type { Invoke, Recorder } from "../model/event.ts";
import type { Workload } from "../model/topology.ts";
import { inDoubt, judge, type Answer, type Judged } from "./outcome.ts";

export interface Operation extends Omit<Invoke, "type" | "op" | "workload"> {
  workload: Workload;
}

export interface Book {
  record: Recorder;
  /** Numbers operations; unique in a run. */
  nextOp(): number;
}

export interface Underway {
  op: number;
  /** Never rejects because of what the network did: that is an outcome. */
  done: Promise<Judged>;
}

/** Begins at once. `earlier` is the attempt of the same write that this one repeats. */
export function operate(
  { workload, ...operation }: Operation,
  send: () => Promise<Reply>,
  { record, nextOp }: Book,
  earlier?: Promise<Judged>,
): Underway {
  const op = nextOp();
  record({ type: "invoke", op, workload: workload.name, ...operation });
  const done = conclude();
  done.catch(() => {}); // the error reaches whoever awaits it; a concurrent one that came first must not end the process
  return { op, done };

  async function conclude(): Promise<Judged> {
    let judged = judge(workload, operation.kind, await answerOf(send));
    // What a refused repeat means depends on how the first attempt ended, so it waits for that (bounded by the answer
    // time-out of the first).
    if (judged.outcome.type === "fail" && (await earlier)?.outcome.type === "unknown") judged = inDoubt(judged);
    record({ type: "complete", op, ...judged });
    return judged;
  }
}

async function answerOf(send: () => Promise<Reply>): Promise<Answer> {
  try {
    return { reply: await send() };
  } catch (failure) {
    return { failure };
  }
}
