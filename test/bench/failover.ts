// From the SIGKILL of a backend to the first answer from the other region, as a client sees it.
export interface FailoverOptions {
  rounds: number;
  /** One read of us through the gateway. */
  read(): Promise<{ status: number; servedBy: string }>;
  /** SIGKILL of backend-us. */
  kill(): void | Promise<void>;
  /** Keeps backend-us down as a fault, so that `restart` brings it back. */
  hold(): Promise<void>;
  restart(): Promise<void>;
}

const READERS = 4;

export async function failoverTimes(
  options: FailoverOptions,
): Promise<{ ms: readonly number[]; reads: number; failed: number }> {
  const ms: number[] = [];
  let reads = 0;
  let failed = 0;
  for (let round = 0; round < options.rounds; round++) {
    let killedAt = Infinity;
    let firstAt = Infinity;
    let going = true;
    const readers = Array.from({ length: READERS }, async () => {
      while (going) {
        const began = performance.now();
        const answer = await options.read().catch(() => ({ status: 0, servedBy: "" }));
        reads += 1;
        if (answer.status !== 200) failed += 1;
        if (began >= killedAt && answer.servedBy === "backend-eu") firstAt = Math.min(firstAt, performance.now());
      }
    });
    await served(options, "backend-us");
    killedAt = performance.now();
    const killing = options.kill();
    while (firstAt === Infinity) await new Promise((resolve) => setImmediate(resolve));
    ms.push(firstAt - killedAt);
    await killing;
    await options.hold();
    await options.restart();
    await served(options, "backend-us");
    going = false;
    await Promise.all(readers);
  }
  return { ms, reads, failed };
}

async function served(options: FailoverOptions, node: string): Promise<void> {
  while ((await options.read()).servedBy !== node) await new Promise((resolve) => setTimeout(resolve, 20));
}
