// The active faults of a stack and their ends. A fault is added, or taken out by time, `heal` or `start`; then reconcile.
import { type Cluster, LINKS } from "../model/cluster.ts";
import type { FaultEvent, Recorder } from "../model/event.ts";
import type { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";
import type { Topology } from "../model/topology.ts";
import { PATIENCE_MS, prove, SHOWS_LATE } from "./proof.ts";
import { type HoldNode, reconcile } from "./reconcile.ts";
import { differences, wanted } from "./wanted.ts";

/** Where active faults are kept, so that any shell can end them. */
export interface FaultStore {
  read(): readonly Fault[];
  /** Reads, changes and writes as one. */
  change(how: (faults: readonly Fault[]) => readonly Fault[]): void;
  /** Whoever began it has died, and ends it no more. */
  isAbandoned(id: string): boolean;
}

export type EndedBy = Extract<FaultEvent, { phase: "ended" }>["by"];

export type BeforeEnd = (ending: readonly Fault[]) => Promise<void>;

export interface FaultSet {
  active(): readonly Fault[];
  /**
   * Resolves once it is in force and was measured (what shows only in time is measured before its end). With `forMs` it
   * ends by itself. Its id is `id`, or else `name`, or else made of its kind and targets, and unique.
   */
  begin(
    fault: Omit<Fault, "id" | "since" | "until">,
    options?: { id?: string; name?: string; forMs?: number },
  ): Promise<Fault>;
  /** Ends these faults now; resolves when their nodes answer again. Unknown ids are ended already: harmless. */
  end(ids: readonly string[], by: EndedBy): Promise<void>;
  /** Takes these nodes out of every fault of the given kinds. */
  release(nodes: readonly string[], kinds: readonly Fault["kind"][], by: EndedBy): Promise<void>;
  /** Ends all faults and makes everything as the topology says. */
  heal(): Promise<void>;
  /** Ends faults whose time is over and whose beginner has died. Who lives ends its own, once they were measured. */
  expire(): Promise<void>;
  /**
   * Something beside the steps that begins and ends faults by itself (chaos). Ending this id, or healing, cuts it and waits
   * until it has stopped; `timed` waits for one that has an end.
   */
  beside(id: string, hasEnd: boolean, work: (signal: AbortSignal) => Promise<void>): void;
  /**
   * Resolves when every running `for` of this process is over (or those of these faults), by time or because somebody
   * ended the fault. Rejects with the first end that failed.
   */
  timed(ids?: readonly string[]): Promise<void>;
  /** `look` is called just before any of these faults ends, in whole or in part, and the end waits for it. */
  beforeEnd(look: BeforeEnd): void;
  /** A node is being stopped, started or paused by this process right now. */
  moving(node: string): boolean;
  /** Somebody saw that a node is down though no fault wants it so: recorded once, until it is seen alive. */
  died(node: string): void;
  lives(node: string): void;
  /** What of any fault is left: active ones, and nodes, links and controls that are not as the topology says. */
  leftovers(): Promise<readonly string[]>;
}

export interface FaultWorld {
  topology: Topology;
  cluster: Cluster;
  clock: Clock;
  record: Recorder;
  signal: AbortSignal;
  store: FaultStore;
  hold: HoldNode;
}

export function faultSet(world: FaultWorld): FaultSet {
  const { store, record, clock } = world;
  const moving = new Map<string, number>();
  const hold: HoldNode = async (node, work) => {
    moving.set(node, (moving.get(node) ?? 0) + 1);
    try {
      await world.hold(node, work);
    } finally {
      moving.set(node, moving.get(node)! - 1);
    }
  };
  const dead = new Set<string>();
  const died = (node: string) => {
    if (dead.has(node)) return;
    dead.add(node);
    record({ type: "node", node, state: "down", expected: false, detail: "its process ended by itself" });
  };
  const lives = (node: string) => void dead.delete(node);
  const reconciling = { ...world, hold, faults: () => store.read(), died, lives };
  const running = new Map<string, { over: Promise<void>; cut: () => void }>();
  const used = new Set<string>();
  const activities = new Set<{ id: string; over: Promise<void>; hasEnd: boolean; cut: () => void }>();
  const measured = new Set<string>();
  let look: BeforeEnd = async () => {};

  /** Of what shows only in time: how much there was of it. Once per fault, as long as it is there. */
  async function measureLate(faults: readonly Fault[]): Promise<void> {
    const active = new Set(store.read().map(({ id }) => id));
    const late = faults.filter(({ id, kind }) => SHOWS_LATE.has(kind) && active.has(id) && !measured.has(id));
    for (const { id } of late) measured.add(id);
    await Promise.all(late.map((fault) => measure(fault)));
  }

  async function measure(fault: Fault, patienceMs?: number): Promise<void> {
    const proof = await prove(fault, reconciling, patienceMs);
    record({ type: "fault", phase: "proved", id: fault.id, ...proof });
  }

  /**
   * Takes nodes out of faults; what is left without a target is over, and a fault of the network alone is over at once.
   * Then those nodes and links are made as wanted, and others besides.
   */
  async function takeOut(
    targetsOf: (fault: Fault) => readonly string[] | undefined,
    by: EndedBy,
    besides: "all" | readonly string[] = [],
  ): Promise<void> {
    const ending = store.read().filter((fault) => targetsOf(fault) !== undefined);
    const lookAt = async () => {
      await measureLate(ending);
      if (ending.length > 0) await look(ending);
    };
    // A look that fails keeps nothing broken: it is reported once all has ended.
    const [looked] = await Promise.allSettled([lookAt()]);
    const ended: { id: string; targets: readonly string[] }[] = [];
    const over: Fault[] = [];
    store.change((faults) =>
      faults.flatMap((fault) => {
        const released = targetsOf(fault);
        if (released === undefined) return [fault];
        ended.push({ id: fault.id, targets: released });
        const targets = fault.targets.filter((target) => !released.includes(target));
        if (targets.length > 0) return [{ ...fault, targets }];
        over.push(fault);
        return [];
      }),
    );
    for (const { id } of over) running.get(id)?.cut();
    // Of a region that is started node by node the links come with the last one.
    const touched = [...over.flatMap(placesOf), ...ended.flatMap((end) => end.targets)];
    const meant = besides === "all" ? undefined : [...new Set([...touched, ...besides])];
    if (meant === undefined || meant.length > 0) await reconcile(reconciling, meant);
    for (const { id, targets } of ended) record({ type: "fault", phase: "ended", id, by, targets });
    if (looked.status === "rejected") throw looked.reason;
  }

  /** What failed in them is reported by timed(), and stands in the history. */
  async function cutShort(isMeant: (id: string) => boolean): Promise<void> {
    const meant = [...activities].filter(({ id }) => isMeant(id));
    for (const { cut } of meant) cut();
    await Promise.allSettled(meant.map(({ over }) => over));
  }

  const wholly = (ids: readonly string[]) => (fault: Fault) => (ids.includes(fault.id) ? fault.targets : undefined);

  /** Keeps the promise of `for`. An end by somebody else cuts the waiting short. */
  function endAt(until: number, fault: Fault): void {
    const cut = new AbortController();
    const over = (async () => {
      const signal = AbortSignal.any([world.signal, cut.signal]);
      try {
        if (SHOWS_LATE.has(fault.kind)) {
          // A link ends its rules by itself and forgets them: afterwards nobody could tell what they did.
          await clock.sleep(until - leadMs(fault) - clock.now(), signal);
          await measureLate([fault]);
        }
        await clock.sleep(until - clock.now(), signal);
      } catch (reason) {
        if (cut.signal.aborted) return;
        throw reason;
      }
      // Another shell may have taken the fault out a moment ago, and its nodes may still be starting: wait for them too.
      await takeOut(wholly([fault.id]), "time", placesOf(fault));
    })();
    running.set(fault.id, { over, cut: () => cut.abort() });
    over.then(
      () => running.delete(fault.id),
      () => {}, // timed() reports it
    );
  }

  return {
    active: () => store.read(),
    async begin(wish, options = {}) {
      const since = clock.now();
      const until = options.forMs === undefined ? undefined : since + options.forMs;
      let fault: Fault = { ...wish, id: "", since, until };
      store.change((faults) => {
        const name = options.id ?? options.name ?? `${wish.kind} ${wish.targets.join(" ")}`;
        fault = { ...fault, id: freeId(name, faults, used) };
        return [...faults, fault];
      });
      used.add(fault.id);
      record({ type: "fault", phase: "begun", fault });
      await reconcile(reconciling, placesOf(fault));
      if (!SHOWS_LATE.has(fault.kind)) await measure(fault, patienceFor(options.forMs));
      const stands = store.read().some(({ id }) => id === fault.id); // somebody may have healed it meanwhile
      if (until !== undefined && stands) endAt(until, fault);
      return fault;
    },
    async end(ids, by) {
      await cutShort((id) => ids.includes(id));
      await takeOut(wholly(ids), by);
    },
    release(nodes, kinds, by) {
      const released = (fault: Fault) => {
        const targets = kinds.includes(fault.kind) ? fault.targets.filter((target) => nodes.includes(target)) : [];
        return targets.length > 0 ? targets : undefined;
      };
      return takeOut(released, by, nodes);
    },
    async heal() {
      await cutShort(() => true);
      await takeOut((fault) => fault.targets, "heal", "all");
    },
    async expire() {
      const now = clock.now();
      const isOver = ({ id, until = Infinity }: Fault) => until <= now && store.isAbandoned(id);
      if (store.read().some(isOver)) await takeOut((fault) => (isOver(fault) ? fault.targets : undefined), "time");
    },
    beside(id, hasEnd, work) {
      const cut = new AbortController();
      const over = work(AbortSignal.any([world.signal, cut.signal])).catch((error: unknown) => {
        if (error !== cut.signal.reason) throw error;
      });
      const activity = { id, over, hasEnd, cut: () => cut.abort() };
      activities.add(activity);
      over.then(
        () => activities.delete(activity),
        () => {}, // timed() reports it
      );
    },
    async timed(ids) {
      const faults = [...running].filter(([id]) => ids === undefined || ids.includes(id)).map(([, one]) => one);
      const others = ids === undefined ? [...activities].filter(({ hasEnd }) => hasEnd) : [];
      await Promise.all([...faults, ...others].map(({ over }) => over));
    },
    beforeEnd(how) {
      look = how;
    },
    moving: (node) => (moving.get(node) ?? 0) > 0,
    died,
    lives,
    async leftovers() {
      return [
        ...store.read().map((fault) => `${fault.id} is still active`),
        ...differences(await world.cluster.observe(), wanted(world.topology, [])),
      ];
    },
  };
}

/** What must be made as wanted when it begins or ends. */
const placesOf = ({ targets, links = [] }: Fault) => (links.length > 0 ? [LINKS, ...targets] : targets);

/** So long before its end what shows only in time is measured. */
const leadMs = ({ since, until = Infinity }: Fault) => Math.min(200, (until - since) / 10);

/** What is measured must be over before the fault is. */
const patienceFor = (forMs = Infinity) => Math.min(PATIENCE_MS, forMs / 2);

/** Ids are unique in a history, not only among active faults: the second kill of a node is "kill backend-us #2". */
function freeId(name: string, faults: readonly Fault[], used: ReadonlySet<string>): string {
  const taken = new Set([...used, ...faults.map((fault) => fault.id)]);
  let id = name;
  for (let n = 2; taken.has(id); n++) id = `${name} #${n}`;
  return id;
}
