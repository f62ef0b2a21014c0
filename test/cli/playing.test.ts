// A run and the dashboard beside it: what each does when the other speaks, is left, dies, or does not answer. Here both are in one
// process, and say to each other what would go as JSON; the real thing, in a terminal, is in watched-run.test.ts.
import { afterEach, describe, expect, it, vi } from "vitest";
import type { DashboardProcess, FromDashboard, RunProcess, ToDashboard } from "../../src/commands/watch/beside.ts";
import { attend } from "../../src/commands/watch/dashboard.ts";
import { playing } from "../../src/commands/watch/playing.ts";
import type { Watching } from "../../src/dashboard/watch.tsx";
import type { Node } from "../../src/model/cluster.ts";
import type { Happening } from "../../src/model/event.ts";
import { begun, events, fault, found, node, region, runBegun, sample } from "../dashboard/story.ts";
import { fakeCluster } from "../support/fake-cluster.ts";
import { twoRegions } from "../support/topology.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** What is said before anybody listens is heard when somebody does; all of it is copied, as JSON. */
function wire<T>() {
  const unheard: T[] = [];
  let heard: (message: T) => void = (message) => void unheard.push(message);
  return {
    send: async (message: T) => heard(JSON.parse(JSON.stringify(message)) as T),
    listen(next: (message: T) => void) {
      heard = next;
      for (const message of unheard.splice(0)) next(message);
    },
  };
}

/** The two ends of a channel. `die` is what kill -9 does; one that is deaf hears nothing, and dies all the same. */
function processes({ deaf = false } = {}) {
  const [toRun, toDashboard] = [wire<FromDashboard>(), wire<ToDashboard>()];
  let end: (death: string | undefined) => void = () => {};
  const gone = new Promise<string | undefined>((resolve) => (end = resolve));
  let isKilled = false;
  const die = () => end("it was ended by SIGKILL");
  const dashboard: DashboardProcess = {
    send: async (message) => void (deaf || toDashboard.send(message)),
    listen: toRun.listen,
    gone,
    kill() {
      isKilled = true;
      die();
    },
  };
  const run: RunProcess = { send: toRun.send, listen: toDashboard.listen };
  return { dashboard, run, end, die, isKilled: () => isKilled };
}

interface Watched {
  deaf?: boolean;
  draws?: boolean;
  draw?: (watching: Omit<Watching, "colour">) => Promise<never>;
}

/** A run that is watched by somebody who sees what they are given, and leaves when told to. */
function watched({ deaf, draws = true, draw: drawOther }: Watched = {}) {
  const { dashboard, run, end, ...rest } = processes({ deaf });
  const said: string[] = [];
  const interrupt = new AbortController();
  let watching: Omit<Watching, "colour"> | undefined;
  let leave: (how: "quit" | "interrupted") => void = () => {};
  let starts = 0;
  const draw =
    drawOther ??
    ((given: Omit<Watching, "colour">) =>
      new Promise<"quit" | "interrupted" | "ended">((resolve) => {
        watching = given;
        leave = resolve;
        if (draws) given.store.subscribe(() => {});
        given.signal.addEventListener("abort", () => resolve("ended"));
      }));
  const start = () => {
    starts++;
    void attend(run, new AbortController(), draw).then(async (last) => {
      await run.send(last);
      end(undefined);
    });
    return dashboard;
  };
  const plain = {
    line: (text: string) => void said.push(text),
    event: ({ type }: { type: string }) => void said.push(`(${type})`),
    end: () => void said.push("(end)"),
  };
  const played = playing(plain, interrupt.signal, start);
  let seq = 0;
  const happen = (at: number, happening: Happening) => played.event({ ...happening, seq: ++seq, at });
  return {
    ...rest,
    played,
    said,
    interrupt,
    happen,
    draws: () => void watching!.store.subscribe(() => {}),
    leave: (how: "quit" | "interrupted") => leave(how),
    picture: () => watching!.store.get(),
    source: () => watching!.source,
    starts: () => starts,
  };
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 30_000 });

const starting = node("backend-us", "starting");

/** A stack that stands, as far as a dashboard asks. */
function stack(logTail: Node["logTail"] = async (lines) => [`the last ${lines}`]) {
  const cluster = fakeCluster(twoRegions);
  for (const each of cluster.nodes) each.logTail = logTail;
  const active: never[] = [];
  return {
    cluster,
    topology: twoRegions,
    record: { name: "failover-1", runtime: "embedded", gateway: "http://127.0.0.1:8080" },
    clock: { now: () => 5 },
    faults: { active: () => active },
  } as never;
}

describe("a run that is watched", () => {
  it("shows in the dashboard what happens from its first event on, and says nothing beside it until that has gone", async () => {
    const { played, said, happen, picture, starts } = watched();
    played.line("starting 7 nodes ...");
    expect([said, starts()]).toEqual([["starting 7 nodes ..."], 0]);
    happen(1, starting);
    await played.stands(stack());
    played.line("up in 2.0 s");
    happen(10, runBegun);
    happen(20, begun(fault("kill", ["backend-us"])));
    await eventually(() => expect(picture().faults).toHaveLength(1));
    expect(picture()).toMatchObject({ stack: { name: "failover-1", runtime: "embedded" }, run: { id: "failover-1" } });
    expect(said).toEqual(["starting 7 nodes ..."]);
    await played.end();
    expect(said.slice(1)).toEqual(["up in 2.0 s", "(end)"]);
    expect(starts()).toBe(1);
  });

  it("goes on with plain lines when the dashboard is left, and draws no other one", async () => {
    const { played, said, happen, leave, starts } = watched();
    happen(1, starting);
    played.line("up in 2.0 s");
    leave("quit");
    await eventually(() => expect(said).toEqual(["up in 2.0 s", "the dashboard was left; the run goes on"]));
    happen(2, runBegun);
    played.line("more");
    await played.end();
    expect(said.slice(2)).toEqual(["(run)", "more", "(end)"]);
    expect(starts()).toBe(1);
  });

  it("is interrupted by Ctrl-C in the dashboard, as by any other", async () => {
    const kill = vi.spyOn(process, "kill").mockReturnValue(true);
    const { played, said, happen, leave } = watched();
    happen(1, starting);
    leave("interrupted");
    await eventually(() => expect(kill).toHaveBeenCalledWith(process.pid, "SIGINT"));
    await played.end();
    expect(said).toEqual(["(end)"]);
  });

  it("says in one line that the dashboard died, or cannot be drawn; not where the run is being ended anyway", async () => {
    const killed = watched();
    killed.happen(1, starting);
    killed.die();
    await eventually(() =>
      expect(killed.said).toEqual(["the dashboard is gone: it was ended by SIGKILL; the run goes on"]),
    );
    killed.happen(2, runBegun);
    expect(killed.said.slice(1)).toEqual(["(run)"]);
    await killed.played.end();

    const broken = watched({ draw: () => Promise.reject(new Error("no such view")) });
    broken.happen(1, starting);
    await eventually(() =>
      expect(broken.said).toEqual(["the dashboard cannot be drawn: no such view; the run goes on"]),
    );

    const interrupted = watched();
    interrupted.happen(1, starting);
    interrupted.interrupt.abort();
    interrupted.die();
    await interrupted.played.end();
    expect(interrupted.said).toEqual(["(end)"]);
  });

  it("does not wait for a dashboard that does not leave when the run is over", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { played, said, happen, isKilled } = watched({ deaf: true });
    happen(1, starting);
    const ended = played.end();
    await vi.advanceTimersByTimeAsync(4_000);
    expect([isKilled(), said]).toEqual([false, []]);
    await vi.advanceTimersByTimeAsync(2_000);
    await ended;
    expect([isKilled(), said]).toEqual([true, ["(end)"]]);
  });

  it("begins when the dashboard is drawn, and does not wait for one that never will be, or when it is interrupted", async () => {
    const waits = async (run: ReturnType<typeof watched>, until: () => void) => {
      let hasBegun = false;
      run.happen(1, starting);
      const begins = run.played.stands(stack()).then(() => (hasBegun = true));
      await new Promise((resolve) => setImmediate(resolve));
      expect(hasBegun).toBe(false);
      const asked = performance.now();
      until();
      await begins;
      expect(performance.now() - asked).toBeLessThan(4_000); // at once, and not only because it has waited for long enough
    };
    const good = watched({ draws: false });
    await waits(good, () => good.draws());
    const dying = watched({ draws: false });
    await waits(dying, dying.die);
    const interrupted = watched({ draws: false });
    await waits(interrupted, () => interrupted.interrupt.abort());
    const left = watched({ draws: false });
    await waits(left, () => left.leave("quit"));
  });

  it("that is over before anything happened starts no dashboard", async () => {
    const { played, said, starts } = watched();
    played.line("cannot be started");
    await played.end();
    expect([said, starts()]).toEqual([["cannot be started", "(end)"], 0]);
  });

  it("reads the log of a node for the dashboard, and of one that does not answer nothing, in its time", async () => {
    const { played, happen, source } = watched();
    happen(1, starting);
    expect(await source().log("backend-us", 3)).toEqual([]); // nothing stands yet
    await played.stands(stack());
    expect(await source().log("backend-us", 3)).toEqual(["the last 3"]);
    expect(await source().log("nobody", 3)).toEqual([]);
    await played.stands(stack(() => Promise.reject(new Error("it is gone"))));
    expect(await source().log("backend-us", 3)).toEqual([]);
    await played.stands(stack(() => new Promise(() => {})));
    expect(await source().log("backend-us", 3)).toEqual([]);
    await played.end();
  });
});

describe("the dashboard of a run", () => {
  it("judges what it was told of the run, and of a next one nothing of the last", async () => {
    const { run, dashboard } = processes();
    let watching: Omit<Watching, "colour"> | undefined;
    const attended = attend(run, new AbortController(), (given) => {
      watching = given;
      return new Promise((resolve) => given.signal.addEventListener("abort", () => resolve("ended")));
    });
    const { source, store } = watching!;
    const tell = (told: ReturnType<typeof events>) => dashboard.send({ type: "events", events: told });
    const expected = () => source.verdicts!().map(({ name, summary }) => [name, summary] as const);

    await tell(events([0, found()], [1, sample({ us: region() })]));
    expect([expected(), store.get().stack?.name]).toEqual([[], "default"]); // nobody expects anything yet
    await tell(events([2, runBegun]));
    await eventually(() => expect(expected()[0]?.[0]).toBe("available"));
    expect(store.get().run?.id).toBe("failover-1");
    await tell(events([3, { ...runBegun, id: "failover-2", scenario: { ...runBegun.scenario, expect: [] } }]));
    await eventually(() => expect(expected()).toEqual([]));
    expect(store.get().run?.id).toBe("failover-2");
    await dashboard.send({ type: "close" });
    expect(await attended).toEqual({ type: "left", how: "ended" });
  });
});
