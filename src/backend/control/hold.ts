// hold: the answers to writes are kept back after the commit. Whoever dies now has had its effect and told nobody.

/** A gate behind the commit. */
export interface Hold {
  set(hold: boolean): void;
  /** Resolves at once, or when the hold ends. */
  pass(): Promise<void>;
  /** Whether a trial answer is kept back, and how many others are. */
  state(): Promise<HoldState>;
}

export interface HoldState {
  hold: boolean;
  held: number;
}

export function createHold(): Hold {
  let opened: Promise<void> | undefined;
  let open = () => {};
  let held = 0;
  const gate = () => opened ?? Promise.resolve();
  return {
    set(hold) {
      if (!hold) {
        open();
        opened = undefined;
      } else opened ??= new Promise((resolve) => (open = resolve));
    },
    async pass() {
      held++;
      await gate();
      held--;
    },
    async state() {
      const soon = new Promise<boolean>((resolve) => setImmediate(resolve, true));
      return { hold: await Promise.race([gate().then(() => false), soon]), held };
    },
  };
}
