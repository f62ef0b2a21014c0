// An event in plain words, for the list of what happened last. Most events are figures, and need no words.
import type { Event, Happening } from "../model/event.ts";
import type { Fault, FaultKind, FaultParameters } from "../model/fault.ts";
import { formatBandwidth, formatDuration } from "../model/units.ts";
import { printable } from "./clean.ts";
import type { Line } from "./picture.ts";

/** A late step is worth a word from here on. */
const LATE_MS = 50;
const MOST_CHARACTERS = 300;

type Said = Pick<Line, "tone" | "text" | "kind">;
type Sayings = {
  readonly [T in Happening["type"]]?: (event: Extract<Event, { type: T }>) => Said | undefined;
};

/** What is to be said of an event; nothing of most. */
export function lineOf(event: Event): Line | undefined {
  const said = SAYINGS[event.type]?.(event as never);
  return said && lineAt(event, said);
}

/** Of a region whose steady requests are answered again, or are not any more. Samples tell it every time; this is for the change. */
export function healthLine(event: Event, region: string, healthy: boolean): Line {
  return lineAt(
    event,
    healthy ? good(`${region} is healthy`) : bad(`${region} is not healthy: it does not answer its steady requests`),
  );
}

function lineAt({ seq, at }: Event, { tone, text, kind }: Said): Line {
  const line: Line = { seq, at, tone, text: printable(text, MOST_CHARACTERS) };
  return kind === undefined ? line : { ...line, kind };
}

const good = (text: string): Said => ({ tone: "good", text });
const bad = (text: string): Said => ({ tone: "bad", text });
const notice = (text: string): Said => ({ tone: "notice", text });
const simple = (text: string): Said => ({ tone: "plain", text });

const SAYINGS: Sayings = {
  run: ({ id, scenario }) => notice(`run ${id} of ${scenario.name} begins`),
  step(event) {
    if (event.phase === "begin") {
      const late = (event.lateMs ?? 0) > LATE_MS ? ` (late by ${formatDuration(event.lateMs!)})` : "";
      return simple(`step ${event.path}: ${event.text}${late}`);
    }
    if (event.verdict === "passed") return undefined;
    if (event.verdict === "skipped") return { ...simple(`step ${event.path} is skipped`), kind: "skipped" };
    const text = `step ${event.path} ${event.verdict}${event.detail ? `: ${event.detail}` : ""}`;
    return event.verdict === "inconclusive" ? notice(text) : bad(text);
  },
  fault(event) {
    if (event.phase === "begun") return notice(`${sayFault(event.fault)}${sayFor(event.fault)}`);
    if (event.phase === "proved") {
      return event.effective
        ? simple(`${event.id} took effect: ${event.measured}`)
        : bad(`${event.id} had NO EFFECT: ${event.measured}`);
    }
    const by = event.by === "time" ? "its time is over" : `by ${event.by}`;
    return good(`${event.id} ended, ${by}`);
  },
  node({ node, state, expected, detail }) {
    const why = detail ? ` (${detail})` : "";
    if (!expected) return bad(`${node} is ${state}, and nobody asked for it${why}`);
    if (state === "up") return good(`${node} is up${why}`);
    return state === "starting" ? simple(`${node} is starting${why}`) : notice(`${node} is ${state}${why}`);
  },
  conflict({ region, kind, key }) {
    // A write that is refused because of its version is everyday life: nothing was lost.
    if (kind === "rejected") return undefined;
    const what = kind === "concurrent" ? "two writes that did not know of each other" : "one request applied twice";
    return {
      tone: "notice",
      text: `conflict of row ${key} recorded in ${region}: ${what}`,
      kind: `conflict ${region}`,
    };
  },
  log: ({ level, text }) => ({ tone: LEVELS[level], text }),
  healed: ({ quiet }) => good(`everything is whole again${quiet ? ", and the traffic rests" : ""}`),
  round({ differing }) {
    if (differing.length === 0) return { ...good("every region holds the same"), kind: "round" };
    const rows = `${differing.length} ${differing.length === 1 ? "row differs" : "rows differ"}`;
    return { ...notice(`${rows} between the regions, or cannot be read`), kind: "round" };
  },
  leftovers({ found }) {
    const [first, ...more] = found;
    if (first === undefined) return good("nothing is left of any fault");
    return bad(`left of the faults: ${first}${more.length === 0 ? "" : ` (and ${more.length} more)`}`);
  },
  end({ reason, error }) {
    if (reason === "done") return good("the run is over: every step is done");
    return (reason === "interrupted" ? notice : bad)(`the run is over: ${reason}${error ? `: ${error}` : ""}`);
  },
};

const LEVELS = { info: "plain", warning: "notice", error: "bad" } as const;

/** "kill backend-us", "latency us | eu (80 ms more one way)", and of one with a name of its own "outage (kill backend-us)". */
export function sayFault(fault: Fault): string {
  const { id, kind, targets } = fault;
  const what = id.startsWith(kind) ? [] : [[kind, ...targets].join(" ")];
  const much = PARAMETERS[kind]?.(fault.parameters);
  const more = [...what, ...(much === undefined ? [] : [much])];
  return more.length === 0 ? id : `${id} (${more.join(", ")})`;
}

const sayFor = ({ since, until }: Fault) => (until === undefined ? "" : `, for ${formatDuration(until - since)}`);

/** What a fault of this kind is beside its name. */
const PARAMETERS: Readonly<Partial<Record<FaultKind, (parameters: FaultParameters) => string | undefined>>> = {
  partition: ({ mode }) => (mode === "drop" ? undefined : mode),
  isolate: ({ mode }) => (mode === "drop" ? undefined : mode),
  latency: ({ addMs = 0 }) => `${formatDuration(addMs)} more one way`,
  bandwidth: ({ bytesPerSecond = 0 }) => formatBandwidth(bytesPerSecond),
  flaky: ({ resetsPerSecond = 0 }) => `resets ${Number((resetsPerSecond * 100).toFixed(2))} % a second`,
  "clock-skew": ({ byMs = 0 }) => `${byMs < 0 ? "-" : "+"}${formatDuration(Math.abs(byMs))}`,
};
