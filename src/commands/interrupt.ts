// Ctrl-C and SIGTERM: the first asks for an orderly end, and everything that was started is given back.
import { Interrupted } from "./trouble.ts";

/** A signal that aborts with `Interrupted`; a second Ctrl-C says that it is already on its way out. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  let times = 0;
  const onSignal = () => {
    times += 1;
    if (times === 1) controller.abort(new Interrupted("interrupted"));
    else process.stderr.write("still giving everything back; it takes a moment\n");
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  process.on("SIGHUP", onSignal);
  return controller.signal;
}
