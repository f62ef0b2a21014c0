// A contradiction in sentences: first the operations, then why they cannot all be true.
import { moment, several } from "../say.ts";
import { valueText } from "../writes.ts";
import type { Write } from "../writes.ts";
import type { Contradiction } from "./contradiction.ts";
import { operationsIn } from "./contradiction.ts";
import { WRITE } from "./model.ts";
import type { Judged } from "./region.ts";

/** More operations than this are not told one by one. */
const TOLD = 12;

export interface Explained {
  story: readonly string[];
  /** Numbers of events, the most telling first. */
  evidence: readonly (number | undefined)[];
}

export function explain(judged: Judged, region: string, found: Contradiction): Explained {
  const operations = operationsIn(found);
  const evidence = operations.flatMap((place) => {
    const { operation, told = operation } = judged.seen(place);
    return [told.complete?.seq, operation.invoke.seq];
  });
  const words = new Words(judged, region, operations);
  const refused = found.rule === "unwritten" ? words.refusedWrite(found.read)?.attempts[0] : undefined;
  return {
    story: TELLING[found.rule](words, found as never),
    evidence: [...evidence, refused?.complete?.seq, refused?.invoke.seq],
  };
}

type Of<R extends Contradiction["rule"]> = Extract<Contradiction, { rule: R }>;

const TELLING: { readonly [R in Contradiction["rule"]]: (words: Words, found: Of<R>) => readonly string[] } = {
  unwritten(words, { read }) {
    const value = words.value(read);
    const refused = words.refused(read);
    if (refused !== undefined)
      return [
        refused,
        words.say(read),
        `What was refused did not happen, and yet ${value} was there: a contradiction.`,
      ];
    return [words.say(read), `Nobody wrote ${value}${words.beginning()}: a contradiction.`];
  },

  future(words, { write, early, read, earlier = [] }) {
    const later =
      early === read
        ? []
        : [words.say(read), `So ${words.value(read)} was there at version ${words.version(read)} or before.`];
    return [
      ...earlier.map((place) => words.say(place)),
      words.say(early),
      ...later,
      words.say(write),
      `That write began at ${words.moment(words.invoked(write))}, and by ${words.moment(words.completed(early))} its effect had been ` +
        `shown: it came before it was asked for, a contradiction.`,
    ];
  },

  inversion(words, { firstA, lastB, firstB, lastA }) {
    const a = words.value(lastA);
    const b = words.value(firstB);
    const begins =
      firstA < 0
        ? [`Key ${words.key} began with ${a}.`]
        : [
            words.say(firstA),
            ...(lastB === firstB
              ? []
              : [words.say(lastB), `It began after ${a} was in place, so ${b} is newer than ${a}.`]),
          ];
    const isOne = lastB === firstB && firstA >= 0 ? `, after ${a} was in place, so ${b} is newer than ${a}` : "";
    return [
      ...words.origins([firstA, lastB, firstB, lastA]),
      ...begins,
      `${bare(words.say(firstB))}${isOne}.`,
      words.say(lastA),
      `It began after ${b} was in place, so ${a} would be newer than ${b}, which is newer than ${a}: a contradiction.`,
    ];
  },

  fork: (words, { writes: [one, other] }) => [
    words.say(one),
    words.say(other),
    `Both made version ${words.version(one)} of key ${words.key}: one version cannot be two writes.`,
  ],

  "two-values": (words, { one, other }) => [
    ...words.origins([one, other]),
    words.say(one),
    words.say(other),
    `Version ${words.version(one)} of key ${words.key} is ${words.value(one)} and ${words.value(other)}: ` +
      `one version cannot be two values.`,
  ],

  back(words, { before, after }) {
    const [shown, later] = [words.version(before), words.version(after)];
    const began = `It began after version ${shown} had been shown, and`;
    const why = words.isWrite(after)
      ? `made version ${later}${later === shown ? "" : ", which is older"}: that had been there before it, a contradiction.`
      : `shows version ${later}, which is older: versions went back.`;
    return [words.say(before), words.say(after), `${began} ${why}`];
  },

  predecessor(words, { write, between }) {
    const [expected, made] = [words.expected(write), words.version(write)];
    if (between === undefined)
      return [words.say(write), `It replaced version ${expected} and made version ${made}, which is not newer.`];
    return [
      words.say(between),
      words.say(write),
      `It was let through expecting version ${expected} and made version ${made}, but version ${words.version(between)} ` +
        `stood between them: it overwrote what its author had not seen.`,
    ];
  },

  again(words, { read, instead, write, earlier }) {
    const value = words.value(read);
    const told = earlier.filter((place) => place !== instead).slice(0, TOLD);
    const early = write >= 0 && Number(words.version(write)) > Number(words.version(read));
    return [
      write < 0 ? `Key ${words.key} began with ${value}.` : words.say(write),
      ...told.map((place) => words.say(place)),
      ...(instead < 0 ? [] : [words.say(instead)]),
      words.say(read),
      early
        ? `Version ${words.version(read)} shows ${value}, which was written as version ${words.version(write)}: a contradiction.`
        : `Version ${words.version(instead)} shows ${words.value(instead)}, and version ${words.version(read)} ` +
          `${value} once more, though nobody had written it again: a contradiction.`,
    ];
  },

  "no-order"(words, { operations }) {
    const inTime = operations.toSorted((a, b) => words.invoked(a) - words.invoked(b));
    const more = inTime.length - TOLD;
    return [
      ...inTime.slice(0, TOLD).map((place) => words.say(place)),
      ...(more > 0 ? [`And ${several(more, "operation")} more.`] : []),
      `No order of ${inTime.length === 1 ? "this operation" : `these ${inTime.length} operations`} explains every answer` +
        `${words.beginning()}: a contradiction.`,
    ];
  },
};

/** How the operations of one register are spoken of. */
class Words {
  readonly key: string;
  readonly #decimals: number;

  constructor(
    readonly judged: Judged,
    readonly region: string,
    operations: readonly number[],
  ) {
    this.key = judged.key;
    this.#decimals = this.#isClose(operations) ? 3 : 0;
  }

  /** One was over before another began, and to the millisecond nobody could tell. */
  #isClose(operations: readonly number[]): boolean {
    const hides = (over: number, began: number) => over < began && Math.round(over) === Math.round(began);
    const few = operations.slice(0, TOLD);
    return few.some((a) => few.some((b) => hides(this.completed(a), this.invoked(b))));
  }

  moment = (at: number): string => moment(at, this.#decimals);

  /** "Client us-1 read 9 of key 7 (version 6) in us at 820-830 ms (events 40, 41)." */
  say(place: number): string {
    const { operation, pending, told } = this.judged.seen(place);
    const { invoke } = operation;
    const complete = (told ?? operation).complete;
    const wrote = invoke.kind === "write";
    const has = !Number.isNaN(this.#register.version[place]);
    const shown = has && !wrote ? ` (version ${this.version(place)})` : "";
    const made = has && wrote ? `, answered with version ${this.version(place)}` : "";
    const expected = Number.isNaN(this.#register.expected[place]) ? "" : `, expecting version ${this.expected(place)}`;
    const did = wrote ? `wrote ${this.value(place)} to` : `read ${this.value(place)} of`;
    const said = `${this.who(place)} ${did} key ${this.key}${shown} in ${wrote ? invoke.region : this.region}`;
    if (pending === "unanswered")
      return `${said} at ${this.moment(invoke.at)} (event ${invoke.seq}); it is not known when it took effect, if it did.`;
    if (pending === "elsewhere")
      return `${said} at ${this.moment(invoke.at)} (event ${invoke.seq}), made elsewhere: ${this.region} has it once replication brings it.`;
    const events = complete === undefined ? `event ${invoke.seq}` : `events ${invoke.seq}, ${complete.seq}`;
    const once = wrote && !this.isWrite(place) ? ", the same write once more" : "";
    const by = told === undefined || told.invoke.client === invoke.client ? "" : ` to client ${told.invoke.client}`;
    return `${said} at ${this.#span(invoke.at, this.completed(place))} (${events})${once}${expected}${made}${made === "" ? "" : by}.`;
  }

  who(place: number): string {
    return `Client ${this.judged.seen(place).operation.invoke.client}`;
  }

  value(place: number): string {
    const { operation } = this.judged.seen(place);
    return valueText(operation.invoke.kind === "write" ? operation.invoke.value : operation.complete?.value);
  }

  /** The writes of the values that these operations read, where they are not among them. */
  origins(places: readonly number[]): readonly string[] {
    const { kind, value, size } = this.#register;
    const read = new Set(places.filter((place) => place >= 0 && kind[place] !== WRITE).map((place) => value[place]));
    const said: string[] = [];
    for (let place = 0; place < size; place++)
      if (kind[place] === WRITE && read.has(value[place]) && !places.includes(place)) said.push(this.say(place));
    return said;
  }

  /** Of the value that was read. */
  refusedWrite(read: number): Write | undefined {
    const value = this.value(read);
    return this.judged.refused().find((one) => valueText(one.value) === value);
  }

  refused(read: number): string | undefined {
    const write = this.refusedWrite(read);
    if (write === undefined) return undefined;
    const { invoke, complete, outcome } = write.attempts[0]!;
    const why = outcome.type === "fail" ? outcome.error : "refused";
    return (
      `Client ${invoke.client} wrote ${this.value(read)} to key ${this.key} in ${invoke.region} ` +
      `at ${this.#span(invoke.at, complete?.at ?? invoke.at)} (event ${invoke.seq}), and was refused: ${why}.`
    );
  }

  /** ", and it began with 5" */
  beginning(): string {
    const { initial, value, size } = this.#register;
    for (let place = 0; place < size && initial >= 0; place++)
      if (value[place] === initial) return `, and key ${this.key} began with ${this.value(place)}`;
    return "";
  }

  isWrite = (place: number): boolean => this.#register.kind[place] === WRITE;
  invoked = (place: number): number => this.#register.invoked[place]!;
  completed = (place: number): number => this.#register.completed[place]!;
  version = (place: number): number => this.#register.version[place]!;
  expected = (place: number): number => this.#register.expected[place]!;

  /** "820-830 ms" */
  #span(from: number, to: number): string {
    const [a, b] = [this.moment(from), this.moment(to)];
    return a === b ? a : `${a.replace(" ms", "")}-${b}`;
  }

  get #register() {
    return this.judged.register;
  }
}

const bare = (sentence: string): string => sentence.replace(/\.$/, "");
