/** Time comes in as an argument, so that a virtual clock can take its place. */
export interface Clock {
  /** Milliseconds since the stack came up (`up`), monotonic within one process. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when that aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
