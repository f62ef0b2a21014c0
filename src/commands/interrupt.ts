// Ctrl-C and SIGTERM: the first asks for an orderly end, and everything that was started is given back.
import { Interrupted } from "./trouble.ts";

/** A signal that aborts with `Interrupted`; a second Ctrl-C says that it is already on its way out. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  let times = 0;
  const onSignal = () => {
    times += 1;
    if (times === 1) controller.abort(new Interrupted());
    else process.stderr.write("still giving everything back; it takes a moment\n");
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const before = process.listeners(name); // until now it ended the command at once
    process.on(name, onSignal); // first: a signal that has come but was not told yet goes to whoever listens then
    for (const listener of before) process.off(name, listener);
  }
  return controller.signal;
}
