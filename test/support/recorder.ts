// A recorder that keeps what it is told.
import type { Event, Recorder } from "../../src/model/event.ts";

export interface Notes {
  events: Event[];
  record: Recorder;
  /** The faults and node states of the history, one short line each. */
  story(): readonly string[];
}

export function notes(now: () => number = () => 0): Notes {
  const events: Event[] = [];
  return {
    events,
    record(happening) {
      const event: Event = { ...happening, seq: events.length + 1, at: now() };
      events.push(event);
      return event;
    },
    story: () => events.flatMap(line),
  };
}

function line(event: Event): readonly string[] {
  if (event.type === "node") return [`${event.node} ${event.state}`];
  if (event.type !== "fault") return [];
  if (event.phase === "begun") return [`begun ${event.fault.id}`];
  if (event.phase === "proved") return [`proved ${event.id}: ${event.effective}`];
  return [`ended ${event.id} by ${event.by}: ${event.targets.join(" ")}`];
}
