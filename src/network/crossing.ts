// One crossing: the door that clients of one zone knock at for a node in another, and the connections that came in by it.
import type net from "node:net";
import type { CrossingState, LinkListener } from "../model/link.ts";
import { createConnection, type Connection } from "./connection.ts";
import { createDoor } from "./door.ts";
import { echoEnd, type EchoOrder } from "./echo.ts";
import { effectsOn, capQueueBytes, type CrossingEffect, type WayEffect } from "./effect.ts";
import { acceptedEnd, dialledEnd } from "./end.ts";
import type { Surroundings, Way } from "./pipe.ts";
import type { Rules } from "./rules.ts";
import type { SayOf } from "./say.ts";
import type { Upstream } from "./upstream.ts";

export interface Crossing {
  readonly listener: LinkListener;
  state(): CrossingState;
  /** The rules, or what the node behind accepts, are others. */
  changed(): void;
  /** The connection that comes from this local port is a probe's. Returns what ends it, on this side, and forgets it. */
  expect(port: number, order: EchoOrder): () => void;
  close(): void;
}

export interface CrossingPlan {
  listener: LinkListener;
  upstream: Upstream;
  rules: Rules;
  surroundings: Surroundings;
  /** Whether one connection more is possible; of all crossings. */
  admit(): boolean;
  /** One that was admitted is closed. */
  left(): void;
  say: SayOf;
}

export function createCrossing(plan: CrossingPlan): Crossing {
  const { listener, upstream, rules, surroundings, say } = plan;
  const there = createWay();
  const back = createWay();
  const tallies = { there: { bytes: 0 }, back: { bytes: 0 } };
  const connections = new Map<Connection, "client" | "probe">();
  const probes = new Map<number, { order: EchoOrder; connection?: Connection }>();
  let effects = effectsOn(listener, []);
  let isClosed = false;
  let passing = 0;
  let opened = 0;
  let turnedAway = 0;

  const enter = (socket: net.Socket) => {
    const probe = probes.get(socket.remotePort ?? -1);
    if (effects.gate.type === "reset" || effects.gate.type === "refuse") {
      if (probe === undefined) rules.countReset(effects.gate.rule);
      socket.resetAndDestroy();
      return;
    }
    if (!plan.admit()) {
      turnedAway++;
      socket.resetAndDestroy();
      return;
    }
    const client = acceptedEnd(socket);
    if (client === undefined) return plan.left();
    if (probe === undefined) {
      passing++;
      opened++;
    }
    // What probes do is no traffic.
    const connection = createConnection({
      client,
      dial: (connected) =>
        probe === undefined ? dialledEnd(listener.upstream, connected) : echoEnd(probe.order, connected),
      there: { way: there, tally: probe === undefined ? tallies.there : { bytes: 0 }, surroundings },
      back: { way: back, tally: probe === undefined ? tallies.back : { bytes: 0 }, surroundings },
      random: surroundings.random,
      refused: (error) => upstream.refused(error),
      wornOut: (rule) => probe === undefined && rules.countReset(rule),
      closed() {
        connections.delete(connection);
        if (probe === undefined) passing--;
        plan.left();
      },
    });
    connections.set(connection, probe === undefined ? "client" : "probe");
    if (probe !== undefined) probe.connection = connection;
    connection.live(effects.flaky);
    if (effects.gate.type === "open") connection.proceed();
  };

  const door = createDoor(listener.listen, enter, (line) => say(`listen ${listener.listen.port}`, line));

  const apply = (next: CrossingEffect) => {
    effects = next;
    setWay(there, next.there, rules);
    setWay(back, next.back, rules);
    const { type } = next.gate;
    // Nobody behind a link that is cut can be heard refusing.
    door.set(!isClosed && type !== "refuse" && (upstream.accepts || type !== "open"));
    for (const [connection, whose] of Array.from(connections)) {
      if (type === "reset" || type === "refuse") {
        if (whose === "client") rules.countReset(next.gate.rule);
        connection.reset();
        continue;
      }
      connection.changed();
      connection.live(next.flaky);
      if (type === "open") connection.proceed();
    }
  };

  return {
    listener,
    state: () => ({
      from: listener.from,
      to: listener.to,
      toZone: listener.toZone,
      connections: passing,
      opened,
      turnedAway,
      accepts: upstream.accepts,
      bytesThere: tallies.there.bytes,
      bytesBack: tallies.back.bytes,
    }),
    changed: () => apply(effectsOn(listener, rules.all())),
    expect(port, order) {
      const probe: { order: EchoOrder; connection?: Connection } = { order };
      probes.set(port, probe);
      return () => {
        if (probes.get(port) === probe) probes.delete(port);
        probe.connection?.reset();
      };
    },
    close() {
      isClosed = true;
      door.set(false);
      for (const connection of Array.from(connections.keys())) connection.reset();
    },
  };
}

const NOTHING: WayEffect = { delays: [], caps: [] };

const createWay = (): Way => ({ effect: NOTHING, buckets: [], capQueueBytes: 0 });

function setWay(way: Way, effect: WayEffect, rules: Rules): void {
  way.effect = effect;
  way.buckets = effect.caps.map((rule) => rules.bucket(rule));
  way.capQueueBytes = capQueueBytes(effect.caps);
}
