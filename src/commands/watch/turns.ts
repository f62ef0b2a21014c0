// Who waits for whom when keys are pressed faster than things can be done. Faults may be begun together; but what ends one waits for
// all that was asked for before it, and what comes later waits for that end. A fault that is ended while it is being measured
// would count as one without effect, and a start that overtakes an outage would take nodes out of that.

export interface Turns {
  /** Does the work in its turn. What waited for it goes on also when it fails. */
  take<T>(kind: "begins" | "ends", work: () => Promise<T>): Promise<T>;
}

export function takingTurns(): Turns {
  const underway = new Set<{ kind: "begins" | "ends"; over: Promise<unknown> }>();
  return {
    take(kind, work) {
      const before = [...underway].filter((other) => kind === "ends" || other.kind === "ends");
      const done = Promise.all(before.map(({ over }) => over)).then(work);
      const own = { kind, over: done.catch(() => {}) }; // told to whoever asked for it
      underway.add(own);
      void own.over.then(() => underway.delete(own));
      return done;
    },
  };
}
