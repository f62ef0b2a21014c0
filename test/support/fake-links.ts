// Links in memory: rules that are kept, and probes that are answered by what the rules say.
import { type Links, LINKS } from "../../src/model/cluster.ts";
import { concerns, type Crossing, type Effect, type ProbeAnswer, type TimedRule } from "../../src/model/link.ts";

export interface FakeLinks extends Links {
  rules: readonly TimedRule[];
  /** Says that it takes rules and takes none. */
  deaf: boolean;
  /** Nobody can ask it anything, though it runs. */
  mute: boolean;
  /** Called with every probe: what it answers counts instead of what the rules say. */
  instead: (crossing: Crossing) => ProbeAnswer | undefined;
  /** By the id of a rule: the connections that it has reset. */
  resets: Record<string, number>;
  /** Asked of: "eu to kafka". */
  probed: string[];
  tells(): boolean;
}

export interface FakeLinksWorld {
  crossings: readonly Crossing[];
  isUp(node: string): boolean;
  told(rules: readonly TimedRule[]): void;
}

export function fakeLinks({ crossings, isUp, told }: FakeLinksWorld): FakeLinks {
  const links: FakeLinks = {
    rules: [],
    deaf: false,
    mute: false,
    instead: () => undefined,
    resets: {},
    probed: [],
    tells: () => crossings.length > 0 && !links.mute && isUp(LINKS),
    async set(rules, now) {
      reached();
      told(rules);
      if (!links.deaf) links.rules = rules.filter(({ until = Infinity }) => until > now);
    },
    async state() {
      reached();
      return {
        rules: links.rules.map(({ until: _until, ...rule }) => ({ ...rule, resets: links.resets[rule.id] })),
        crossings: crossings.map(({ from, to, toZone }) => ({
          from,
          to,
          toZone,
          connections: 2,
          opened: 2,
          turnedAway: 0,
          accepts: isUp(to),
          bytesThere: 0,
          bytesBack: 0,
        })),
        queuedBytes: 0,
        queueLimitBytes: 1,
      };
    },
    async probe({ from, to, bytes = 1, back = false, patienceMs }) {
      reached();
      links.probed.push(`${from} to ${to}`);
      const crossing = crossings.find((one) => one.from === from && one.to === to);
      if (crossing === undefined) throw new Error(`there is no crossing from ${from} to ${to}`);
      const answer = links.instead(crossing) ?? became(crossing, { bytes, back });
      return answer.tookMs > patienceMs ? { outcome: "stalled", tookMs: patienceMs } : answer;
    },
  };
  return links;

  function reached(): void {
    if (!links.tells()) throw new Error("the link program cannot be reached");
  }

  function became(crossing: Crossing, { bytes, back }: { bytes: number; back: boolean }): ProbeAnswer {
    const { from, toZone } = crossing;
    if (!isUp(crossing.to)) return { outcome: "refused", tookMs: 0 };
    const there = effects(crossing, { from, to: toZone });
    const home = effects(crossing, { from: toZone, to: from });
    const modes = [...there, ...home].flatMap((effect) => (effect.type === "cut" ? [effect.mode] : []));
    if (there.some((effect) => effect.type === "cut" && effect.mode === "refuse"))
      return { outcome: "refused", tookMs: 0 };
    if (modes.some((mode) => mode !== "drop")) return { outcome: "reset", tookMs: 0 };
    if (modes.length > 0) return { outcome: "stalled", tookMs: Infinity };
    const took = [timeOf(there, bytes), timeOf(home, back ? bytes : 1)];
    return { outcome: "answered", tookMs: 1 + took[0]! + took[1]! };
  }

  function effects(crossing: Crossing, bytes: { from: string; to: string }): readonly Effect[] {
    return links.rules.filter((rule) => concerns(rule, bytes, crossing)).map(({ effect }) => effect);
  }
}

function timeOf(effects: readonly Effect[], bytes: number): number {
  const delayMs = effects.reduce((sum, effect) => sum + (effect.type === "delay" ? effect.addMs : 0), 0);
  const caps = effects.flatMap((effect) => (effect.type === "cap" ? [effect.bytesPerSecond] : []));
  return delayMs + (caps.length === 0 ? 0 : (bytes * 1_000) / Math.min(...caps));
}
