// The links of a stack: a TCP proxy with one listener per crossing, and the rules for what is done to what passes.
//
//   client --> [door] --> connection: pipe there, pipe back --> node behind
//                 ^                ^
//            upstream watch      rules
import { performance } from "node:perf_hooks";
import type { HostPort, LinkConfig, LinksState, ProbeAnswer, ProbeOrder, RulesOrder } from "../model/link.ts";
import { createCaps } from "./caps.ts";
import { createCrossing, type Crossing } from "./crossing.ts";
import { claim } from "./door.ts";
import { connectionLimit } from "./limits.ts";
import { createRoom } from "./room.ts";
import { createRules } from "./rules.ts";
import { limited, type Say } from "./say.ts";
import { probe } from "./probe.ts";
import { watchUpstream, type Upstream } from "./upstream.ts";

export interface Proxy {
  setRules(order: RulesOrder): LinksState;
  state(): LinksState;
  /** Of a crossing that exists. Rejects with TooMany when too many are under way. */
  probe(order: Required<ProbeOrder>): Promise<ProbeAnswer>;
  close(): void;
}

export interface ProxySettings {
  config: Pick<LinkConfig, "listeners" | "rules">;
  say: Say;
  random(): number;
  /** Descriptors that this process may have open; what the system says by default. */
  descriptors?: number;
}

export class TooMany extends Error {}

/** For bytes that are on their way, of all connections. Beyond it each keeps no more than one read's worth. */
const QUEUE_LIMIT_BYTES = 256 * 2 ** 20;
const MOST_PROBES = 100;

const now = () => performance.now();
const keyOf = ({ host, port }: HostPort) => `${host}:${port}`;

/** Resolves when every listener could be had. They open when the nodes behind them first accept. */
export async function createProxy({ config, say, random, descriptors }: ProxySettings): Promise<Proxy> {
  // Before anything else begins, so that nothing has to be undone.
  await Promise.all(config.listeners.map(({ listen }) => claim(listen)));
  const room = createRoom(QUEUE_LIMIT_BYTES);
  const caps = createCaps(now);
  const sayOf = limited(say, now);
  const rules = createRules(now, () => crossings.forEach((each) => each.changed()), say);
  const limit = connectionLimit(config.listeners.length * 2 + MOST_PROBES, descriptors);
  let connections = 0;
  let probes = 0;

  const admit = () => {
    if (connections < limit.connections) return ++connections > 0;
    sayOf(
      "too many",
      `turned connections away: ${connections} are open, and ${limit.descriptors} file descriptors (ulimit -n) are ` +
        "enough for no more. Raise the limit before the stack is started, or let clients keep fewer open",
      1,
    );
    return false;
  };

  // Listeners that lead to the same place share its watch.
  const upstreams = new Map<string, Upstream>();
  for (const { upstream } of config.listeners) {
    const key = keyOf(upstream);
    if (upstreams.has(key)) continue;
    const changed = (accepts: boolean, reason: string) => {
      const behind = crossings.filter(({ listener }) => keyOf(listener.upstream) === key);
      for (const crossing of behind) crossing.changed();
      const name = `${[...new Set(behind.map(({ listener }) => listener.to))].join(", ")} (${key})`;
      const line = accepts ? `${name} accepts connections` : `${name} refuses, so its links refuse: ${reason}`;
      sayOf(`upstream ${key} ${accepts}`, line);
    };
    upstreams.set(key, watchUpstream(upstream, changed, now));
  }
  const surroundings = { now, random, caps, room };
  const left = () => void connections--;
  const crossings: readonly Crossing[] = config.listeners.map((listener) => {
    const upstream = upstreams.get(keyOf(listener.upstream))!;
    return createCrossing({ listener, upstream, rules, surroundings, admit, left, say: sayOf });
  });

  const close = () => {
    for (const upstream of upstreams.values()) upstream.close();
    for (const crossing of crossings) crossing.close();
    rules.close();
    caps.close();
  };

  const state = (): LinksState => ({
    rules: rules.state(),
    crossings: crossings.map((crossing) => crossing.state()),
    queuedBytes: room.bytes,
    queueLimitBytes: room.limitBytes,
  });

  rules.set(config.rules ?? []);

  return {
    setRules(order) {
      rules.set(order.rules);
      return state();
    },
    state,
    async probe({ from, to, bytes, back, patienceMs }) {
      const crossing = crossings.find(({ listener }) => listener.from === from && listener.to === to)!;
      if (probes >= MOST_PROBES) throw new TooMany(`${probes} probes are under way: wait for one to end`);
      probes++;
      const { listen } = crossing.listener;
      const expect = (port: number) => crossing.expect(port, { bytes, back });
      return probe({ listen, bytes, back, patienceMs, expect, now }).finally(() => probes--);
    },
    close,
  };
}
