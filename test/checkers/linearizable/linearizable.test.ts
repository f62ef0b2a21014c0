// linearizable, told as histories of one region: what it must accept and what it must reject, side by side.
import { describe, expect, test } from "vitest";
import { judgeRegion, linearizable } from "../../../src/checkers/linearizable.ts";
import type { Judgement } from "../../../src/model/verdict.ts";
import { side, Story } from "../story.ts";
import type { Answer, StoryOptions, WriteOptions } from "../story.ts";

/** One key of us. Every operation says when it began and how long it took; its version is what `us` counted. */
class Us {
  readonly story: Story;

  constructor(options: StoryOptions = {}) {
    this.story = new Story(options);
  }

  wrote(
    value: unknown,
    at: number,
    tookMs: number,
    version: number | undefined,
    more: WriteOptions & Answer = {},
  ): this {
    this.story
      .at(at)
      .write("us", 7, value, more)
      .ok(undefined, { ...more, version, tookMs });
    return this;
  }

  read(
    value: unknown,
    at: number,
    tookMs: number,
    version: number | undefined,
    more: { client?: string } & Answer = {},
  ): this {
    this.story
      .at(at)
      .read("us", 7, more)
      .ok(undefined, { ...more, value, version, tookMs });
    return this;
  }

  unanswered(value: unknown, at: number): this {
    this.story.at(at).write("us", 7, value).unknown();
    return this;
  }

  elsewhere(value: unknown, at: number): this {
    this.story.at(at).write("eu", 7, value).ok(undefined, { version: 2, tookMs: 5 });
    return this;
  }

  judged(): Judgement {
    return linearizable.judge(this.story.events, { region: "us" });
  }
}

/** 5 stands there at version 1, then 6 is written as version 2. */
const begun = (options?: StoryOptions) => new Us(options).read(5, 0, 5, 1).wrote(6, 10, 5, 2, { expected: 1 });
/** The same without versions: only values tell. */
const valuesOnly = () => new Us().read(5, 0, 5, undefined).wrote(6, 10, 5, undefined);

const ACCEPTED: readonly (readonly [string, () => Us])[] = [
  ["one reads what was written", () => begun().read(6, 20, 5, 2)],
  ["the same without versions", () => valuesOnly().read(6, 20, 5, undefined)],
  ["a read beside a write shows the old value", () => begun().wrote(8, 20, 10, 3).read(6, 22, 3, 2)],
  ["a read beside a write shows the new value", () => begun().wrote(8, 20, 10, 3).read(8, 22, 3, 3)],
  [
    "two writes at once, in either order",
    () => valuesOnly().wrote(8, 20, 10, undefined).wrote(9, 21, 10, undefined).read(8, 40, 5, undefined),
  ],
  ["an unanswered write that is never seen", () => begun().unanswered(8, 20).read(6, 90, 5, 2)],
  ["an unanswered write that is seen at once", () => begun().unanswered(8, 20).read(8, 21, 5, 3)],
  ["an unanswered write that is seen late", () => begun().unanswered(8, 20).read(6, 40, 5, 2).read(8, 900, 5, 3)],
  ["a write of eu that wins when it arrives", () => begun().elsewhere(8, 20).read(6, 40, 5, 2).read(8, 60, 5, 3)],
  [
    "a write of eu that loses: only the version grows",
    () => begun().elsewhere(8, 20).read(6, 40, 5, 2).read(6, 60, 5, 3),
  ],
  ["a refused write that nobody saw", () => refused().read(6, 40, 5, 2)],
  ["a write sent again, answered with what was stored", () => again().read(6, 60, 5, 2)],
  ["the first attempt's answer got lost, the second tells of it", () => lostThenStored()],
  ["a write that was sent twice, and seen before it was sent again", () => sentTwice("unknown")],
  ["one id that took effect in both regions, recorded: it arrives once more", () => twice().read(8, 90, 5, 5)],
  ["what another region answered under our path is its own business", () => begun().read(5, 30, 5, 1, { by: "eu" })],
];

const REJECTED: readonly (readonly [string, () => Us, RegExp])[] = [
  ["a stale read", () => begun().read(5, 20, 5, 1), /5 would be newer than 6|is older: versions went back/],
  ["the same without versions", () => valuesOnly().read(5, 20, 5, undefined), /Key 7 began with 5\./],
  [
    "new, then old (an inversion)",
    () => begun().wrote(8, 20, 50, 3).read(8, 25, 5, 3, { client: "us-2" }).read(6, 40, 5, 2, { client: "us-3" }),
    /Client us-3 read 6 .* 40-45 ms/,
  ],
  [
    "an acknowledged write without effect",
    () => valuesOnly().wrote(8, 20, 5, undefined).read(6, 40, 5, undefined),
    /6 would be newer than 8, which is newer than 6/,
  ],
  [
    "a lost update: both replaced version 2",
    () => begun().wrote(8, 20, 20, 3, { expected: 2 }).wrote(9, 21, 20, 4, { expected: 2 }),
    /expecting version 2 and made version 4, but version 3 stood between/,
  ],
  ["a fork: two writes made version 3", () => begun().wrote(8, 20, 9, 3).wrote(9, 21, 9, 3), /Both made version 3/],
  ["one version with two values", () => begun().elsewhere(8, 12).read(8, 20, 5, 2), /is 6 and 8/],
  [
    "a version that goes back though the value does not",
    () => begun().read(6, 20, 5, 4).read(6, 40, 5, 3),
    /went back/,
  ],
  [
    "a read from the future",
    () => begun().read(8, 20, 5, 3).wrote(8, 60, 5, 3),
    /came before it was asked for|version 3 had been shown/,
  ],
  ["the same of a write of eu", () => begun().read(8, 20, 5, 3).elsewhere(8, 60), /came before it was asked for/],
  [
    "the same without versions",
    () => valuesOnly().read(8, 20, 5, undefined).wrote(8, 60, 5, undefined),
    /came before it was asked for/,
  ],
  ["a refused write that was seen", () => refused().read(8, 40, 5, 3), /was refused: status 409[^]*did not happen/],
  ["a value that nobody wrote", () => begun().read(77, 40, 5, 3), /Nobody wrote 77, and key 7 began with 5/],
  ["an unanswered write seen, gone, and seen again", () => reborn(), /8 once more|8 would be newer/],
  [
    "a write that was sent twice, and seen before the attempt that can have had the effect",
    () => sentTwice("refused"),
    /Client us-9 read 8 .* 30-35 ms[^]*Client us-1 wrote 8 to key 7 in us at 40-45 ms[^]*had been shown/,
  ],
  ["one id that took effect twice here", () => doubled(), /6 would be newer than 8|6 once more/],
  [
    "one id that took effect in both regions, and nobody recorded it",
    () => twice(false).read(8, 90, 5, 5),
    /8 once more|8 would be newer/,
  ],
];

function refused(): Us {
  const us = begun();
  us.story.at(20).write("us", 7, 8, { expected: 1 }).refused();
  return us;
}

/** 8 is sent at 20 without an acknowledgement, read at 30, and sent again at 40. */
function sentTwice(first: "unknown" | "refused"): Us {
  const us = begun();
  us.story.at(20).write("us", 7, 8, { id: "a" })[first](undefined, { by: null });
  return us.read(8, 30, 5, 3, { client: "us-9" }).wrote(8, 40, 5, 3, { id: "a" });
}

function again(): Us {
  return begun().wrote(6, 30, 5, 2, { stored: true });
}

function lostThenStored(): Us {
  const us = new Us().read(5, 0, 5, 1);
  us.story.at(10).write("us", 7, 6, { id: "a", basis: "us:0,eu:0" }).unknown();
  us.read(6, 20, 5, 2).wrote(8, 30, 5, 3);
  us.story
    .at(40)
    .write("us", 7, 6, { id: "a", basis: "us:0,eu:0" })
    .ok("us:1,eu:0", { version: 2, tookMs: 5, stored: true });
  return us.read(8, 50, 5, 3);
}

/** 8 in eu without us knowing, then 8 here, then 9; replication brings the 8 of eu, which wins. */
function twice(recorded = true): Us {
  const us = begun();
  us.story.at(20).write("us", 7, 8, { id: "a" }).unknown();
  us.wrote(8, 30, 5, 3, { id: "a" }).wrote(9, 40, 5, 4).read(9, 60, 5, 4);
  if (recorded) us.story.conflict("us", 7, side(8, "us:1,eu:1", "a"), side(8, "us:2,eu:0", "a"), "duplicate-request");
  return us;
}

function doubled(): Us {
  return new Us()
    .read(5, 0, 5, 1)
    .wrote(6, 10, 5, 2, { id: "a" })
    .wrote(8, 20, 5, 3)
    .read(8, 30, 5, 3)
    .wrote(6, 40, 5, 4, { id: "a" });
}

function reborn(): Us {
  return begun().unanswered(8, 20).read(8, 30, 5, 3).wrote(9, 40, 5, 4).read(9, 50, 5, 4).read(8, 60, 5, 5);
}

describe("it accepts", () => {
  test.each(ACCEPTED)("%s", (_, story) => {
    const said = story().judged();
    expect({ valid: said.valid, story: said.story }).toEqual({ valid: true, story: undefined });
  });
});

describe("it rejects", () => {
  test.each(REJECTED)("%s", (_, story, words) => {
    const us = story();
    const said = us.judged();
    expect({ valid: said.valid, summary: said.summary }).toEqual({ valid: false, summary: said.summary });
    expect(said.story!.join("\n")).toMatch(words);
    const seqs = new Set(us.story.events.map(({ seq }) => seq));
    expect(said.evidence.length).toBeGreaterThan(0);
    expect(said.evidence.every((seq) => seqs.has(seq))).toBe(true);
  });
});

describe("it says", () => {
  test("how much was judged, and in which ways", () => {
    const { valid, summary } = begun().unanswered(8, 20).elsewhere(9, 30).read(9, 60, 5, 3).judged();
    expect({ valid, summary }).toEqual({
      valid: true,
      summary:
        "3 operations of us (2 reads, 1 write) on 1 key: each key has an order that explains every answer, " +
        "by version and by zones, which agree; 2 writes of elsewhere or without an answer, of which 1 was seen",
    });
  });

  test("the contradiction in sentences, with clients, times and events, and nothing besides", () => {
    const us = valuesOnly()
      .wrote(7, 800, 12, undefined, { client: "us-1" })
      .wrote(9, 805, 60, undefined, { client: "us-2" })
      .read(9, 820, 10, undefined, { client: "us-3" })
      .read(7, 841, 6, undefined, { client: "us-5" });
    expect(us.judged().story).toEqual([
      "Client us-2 wrote 9 to key 7 in us at 805-865 ms (events 8, 9).",
      "Client us-1 wrote 7 to key 7 in us at 800-812 ms (events 6, 7).",
      "Client us-3 read 9 of key 7 in us at 820-830 ms (events 10, 11), after 7 was in place, so 9 is newer than 7.",
      "Client us-5 read 7 of key 7 in us at 841-847 ms (events 12, 13).",
      "It began after 9 was in place, so 7 would be newer than 9, which is newer than 7: a contradiction.",
    ]);
    expect(us.judged().evidence).toEqual([13, 12, 11, 10, 7, 6]);
  });

  test("whose answer told of a write, when that was another's than the first attempt's", () => {
    const us = begun();
    us.story.at(20).write("us", 7, 8, { id: "a", basis: "us:1,eu:0" }).unknown();
    us.story
      .at(40)
      .write("eu", 7, 8, { id: "a", basis: "us:1,eu:0", client: "us-1.2" })
      .ok("us:2,eu:0", { version: 3, tookMs: 5, stored: true });
    us.read(6, 60, 5, 2);
    expect(us.judged().story).toEqual([
      "Client us-1 wrote 8 to key 7 in us at 20-45 ms (events 6, 9), answered with version 3 to client us-1.2.",
      "Client us-1 read 6 of key 7 (version 2) in us at 60-65 ms (events 10, 11).",
      "It began after version 3 had been shown, and shows version 2, which is older: versions went back.",
    ]);
    expect(us.judged().evidence).toEqual([11, 10, 9, 6]);
  });

  test("which came first also where milliseconds would hide it, and late in a long run", () => {
    const us = new Us().read(5, 200_000, 5, 1).wrote(6, 200_010, 5.25, 2).read(5, 200_015.375, 5, 1);
    expect(us.judged()).toMatchObject({
      valid: false,
      story: [
        expect.stringContaining("at 200,010-200,015.25 ms"),
        expect.stringContaining("at 200,015.375-200,020.375 ms"),
        expect.stringContaining("went back"),
      ],
    });
    expect(new Us().read(5, 0, 5, 1).wrote(6, 10, 5.25, 2).read(5, 15.25, 5, 1).judged().valid).toBe(true); // a tie
  });

  test("where a value came from that stands in another's place", () => {
    const us = begun().elsewhere(8, 12).wrote(9, 20, 5, 3).read(8, 40, 5, 3);
    expect(us.judged().story).toEqual([
      "Client eu-1 wrote 8 to key 7 in eu at 12 ms (event 6), made elsewhere: us has it once replication brings it.",
      "Client us-1 wrote 9 to key 7 in us at 20-25 ms (events 8, 9), answered with version 3.",
      "Client us-1 read 8 of key 7 (version 3) in us at 40-45 ms (events 10, 11).",
      "Version 3 of key 7 is 9 and 8: one version cannot be two values.",
    ]);
  });

  test("where contradictions came to light: inside or outside faults, at home or moved", () => {
    const us = begun();
    us.story.at(1_000).fault("kill", ["backend-eu"]);
    us.story.at(1_100).read("us", 7, { client: "eu-1", home: "eu" }).ok(undefined, { value: 5, version: 1 });
    expect(us.judged().breakdown).toEqual([
      { of: "same region, outside fault windows", checked: 2, violated: 0 },
      { of: "moved region, inside fault windows", checked: 1, violated: 1 },
    ]);
  });
});

describe("it does not know", () => {
  test("when nothing was read, nothing written, or nothing answered by that region itself", () => {
    const silent = new Story();
    silent.read("us", 7).unknown();
    const said = (story: Story) => linearizable.judge(story.events, { region: "us" });
    expect(said(silent)).toMatchObject({ valid: "unknown", summary: expect.stringContaining("too little to judge") });
    expect(said(new Us().read(5, 0, 5, 1).story)).toMatchObject({ valid: "unknown" });
    expect(said(new Us().wrote(5, 0, 5, 1).story)).toMatchObject({ valid: "unknown" });
    const elsewhere = new Us().read(5, 0, 5, 1, { by: "eu" }).wrote(6, 10, 5, 2, { by: "eu" });
    expect(said(elsewhere.story)).toMatchObject({ valid: "unknown" });
    expect(said(elsewhere.read(5, 30, 5, 1).wrote(8, 40, 5, 2).story)).toMatchObject({ valid: true });
  });

  test("when values repeat and the steps are spent; with more of them it does", () => {
    const us = repeating();
    expect(judgeRegion(us.story.events, "us", 500)).toMatchObject({
      valid: "unknown",
      summary: expect.stringMatching(/1 key not decided .* got as far as \d+ of \d+ operations of key 7, by search/),
    });
    expect(judgeRegion(us.story.events, "us", 1e7)).toMatchObject({ valid: false });
  });
});

/** Many writes of few values at once, and then a value that cannot be there any more. */
function repeating(): Us {
  const us = valuesOnly();
  for (let i = 0; i < 10; i++) us.wrote(10 + (i % 5), 20 + i, 500, undefined, { id: `w${i}`, client: `us-${i}` });
  for (let i = 0; i < 6; i++) us.read(10 + (i % 5), 40 + i, 400, undefined, { client: `us-r${i}` });
  return us.read(6, 900, 5, undefined);
}
