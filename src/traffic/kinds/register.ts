// A client of a register: it writes only what it has read. Per key it remembers the last state it saw (ETag and
// version) and sends both with its next write; when a write is refused it looks again before it writes again.
import type { Reply } from "../../model/cluster.ts";
import type { Clock } from "../../model/time.ts";
import type { Workload } from "../../model/topology.ts";
import type { Arrival } from "../arrivals.ts";
import { fill, type FilledRequest } from "../mapping.ts";
import { operate, type Book, type Underway } from "../operation.ts";
import type { Judged } from "../outcome.ts";

export interface KindOfClient {
  /** Its name in the history now. */
  name(): string;
  /** Resolves when everything that this arrival led to has ended. */
  perform(arrival: Arrival): Promise<void>;
}

export interface ClientMeans extends Book {
  workload: Workload;
  clock: Clock;
  name: string;
  /** Unique in the world: the idempotency key. */
  newId(): string;
  /** Unique in the run. */
  nextValue(): unknown;
  send(request: FilledRequest): Promise<Reply>;
}

/** The last state of a key that this client saw. */
interface Known {
  state?: string;
  version?: number;
}

interface Write {
  arrival: Arrival;
  id: string;
  value: unknown;
  known: Known;
  request: FilledRequest;
}

export function registerClient(means: ClientMeans): KindOfClient {
  const { workload, clock, send } = means;
  const seen = new Map<string, Known>();
  let life = 1;

  const name = () => (life === 1 ? means.name : `${means.name}.${life}`);

  async function read({ region, home, key, due }: Arrival): Promise<void> {
    const request = fill(workload, "read", { region, key });
    const operation = { workload, client: name(), region, ...from(home), key, kind: "read" as const, due };
    learnRead(key, await operate(operation, () => send(request), means).done);
  }

  async function write(arrival: Arrival, known: Known): Promise<void> {
    const { region, key } = arrival;
    const [id, value] = [means.newId(), means.nextValue()];
    const planned = {
      arrival,
      id,
      value,
      known,
      request: fill(workload, "write", { region, key, value, id, ...known }),
    };
    const first = attempt(planned, arrival.due);
    if (arrival.repeat === "concurrent") {
      const second = attempt(planned, arrival.due, first);
      for (const judged of await Promise.all([first.done, second.done])) learnWrite(key, judged);
      return;
    }
    learnWrite(key, await first.done);
    if (arrival.repeat === "afterwards") learnWrite(key, await attempt(planned, clock.now(), first).done);
  }

  function attempt({ arrival, id, value, known, request }: Write, due: number, repeated?: Underway): Underway {
    const { region, home, key } = arrival;
    return operate(
      {
        workload,
        client: name(),
        region,
        ...from(home),
        key,
        kind: "write",
        value,
        id,
        ...(known.state === undefined ? {} : { basis: known.state }),
        ...(known.version === undefined ? {} : { expected: known.version }),
        ...(repeated === undefined ? {} : { repeatOf: repeated.op }),
        due,
      },
      () => send(request),
      means,
      repeated?.done,
    );
  }

  function learnRead(key: string, judged: Judged): void {
    // A read without an answer leaves nothing behind that could happen later: the client stays who it is.
    if (judged.outcome.type === "ok") learn(key, judged);
  }

  function learnWrite(key: string, judged: Judged): void {
    if (judged.outcome.type === "ok") {
      learn(key, judged);
      return;
    }
    if (judged.outcome.type === "unknown") {
      // That write may happen at any time from now on, so what this client does next does not follow it.
      life++;
      seen.delete(key);
    } else if (judged.status !== undefined && judged.status < 500) {
      seen.delete(key); // refused: what it knows of the key is no longer true
    }
  }

  function learn(key: string, { state, version }: Judged): void {
    if (state === undefined && version === undefined) seen.delete(key);
    else seen.set(key, { state, version });
  }

  return {
    name,
    async perform(arrival) {
      const known = seen.get(arrival.key);
      if (arrival.kind === "read" || known === undefined) await read(arrival);
      else await write(arrival, known);
    },
  };
}

const from = (home: string | undefined) => (home === undefined ? {} : { home });
