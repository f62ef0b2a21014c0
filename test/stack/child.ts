// Another process that uses a stack's lock and event log: bundled and spawned by the tests beside it.
//
//   count LOCK FILE TIMES     adds one to FILE, TIMES times, each under the lock; exits 1 when it was not alone
//   hold LOCK                 takes the lock, says so, and keeps it until it is killed
//   append LOG LOCK TIMES     appends TIMES events that name it
import fs from "node:fs";
import { openEventLog } from "../../src/stack/event-log.ts";
import { type Owner, type Ownership, withLock } from "../../src/stack/lock.ts";
import { DEAD, ownership } from "./ownership.ts";

const [what, ...args] = process.argv.slice(2);
const deeds: Record<string, (args: string[], ownership: Ownership) => void> = { count, hold, append };
deeds[what!]!(args, ownership());

function count([lock, file, times]: string[], { me, alive }: Ownership): void {
  // Finding out takes time, in which the lock may get another owner: here is where a takeover goes wrong.
  const ownership = { me, alive: (owner: Owner) => (sleep(Math.random() * 3), alive(owner)) };
  for (let i = 0; i < Number(times); i++) {
    withLock(lock!, ownership, () => {
      fs.closeSync(fs.openSync(`${file}.taken`, "wx")); // throws when somebody else is in here
      fs.writeFileSync(file!, String(Number(fs.readFileSync(file!, "utf8")) + 1));
      fs.unlinkSync(`${file}.taken`);
    });
    if (i % 5 === 0) leaveLikeTheDead(lock!);
  }
}

/** What a kill -9 leaves behind: a lock of somebody who is no more, which everybody then wants to take over. */
function leaveLikeTheDead(lock: string): void {
  try {
    fs.symlinkSync(JSON.stringify(DEAD), lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function hold([lock]: string[], ownership: Ownership): void {
  withLock(lock!, ownership, () => {
    fs.writeSync(1, "held\n");
    sleep(Infinity);
  });
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function append([file, lock, times]: string[], ownership: Ownership): void {
  const log = openEventLog(file!, lock!, ownership, () => performance.now());
  for (let i = 0; i < Number(times); i++) log.append({ type: "log", level: "info", text: `${process.pid} ${i}` });
  log.close();
}
