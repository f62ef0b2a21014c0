// One list of events, written by several processes: no gap, no number twice, whatever was torn.
import fs from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Event, Happening } from "../../src/model/event.ts";
import { openEventLog } from "../../src/stack/event-log.ts";
import { withLock } from "../../src/stack/lock.ts";
import { ownership } from "./ownership.ts";
import { place } from "./place.ts";

const say = (text: string): Happening => ({ type: "log", level: "info", text });
const oneTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe("the event log", () => {
  const here = place();
  const open = (now = () => 0) => openEventLog(here.file("events.ndjson"), here.file("lock"), ownership(), now);
  const written = () =>
    fs
      .readFileSync(here.file("events.ndjson"), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Event);
  const texts = () => written().map((event) => (event.type === "log" ? event.text : event.type));

  afterEach(() => vi.restoreAllMocks());

  it("numbers events from 1 and dates them in microseconds", () => {
    const log = open(() => 12.345_678_9);
    expect(log.append(say("a"))).toEqual({ seq: 1, at: 12.346, type: "log", level: "info", text: "a" });
    expect(log.append(say("b")).seq).toBe(2);
    log.close();
    expect(texts()).toEqual(["a", "b"]);
  });

  it("has neither a gap nor a number twice when three processes append at once, and listeners see them all in order", async () => {
    const log = open();
    const heard: Event[] = [];
    log.listen((event) => heard.push(event));
    const other = ["append", here.file("events.ndjson"), here.file("lock"), "100"];
    const busy = { on: true };
    const mine = (async () => {
      for (let i = 0; busy.on; i++) {
        log.append(say(`mine ${i}`));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await here.runAll(other, other, other).finally(() => (busy.on = false));
    await mine;
    log.append(say("last"));
    log.close();
    const events = written();
    expect(events.map((event) => event.seq)).toEqual(oneTo(events.length));
    expect(events.length).toBeGreaterThan(300);
    expect(heard).toEqual(events);
    expect(events.filter((event) => event.type === "log" && event.text.startsWith("mine")).length).toBeGreaterThan(1);
  });

  it("cuts off what a killed process wrote half, and goes on with the next number", () => {
    const log = open();
    log.append(say("whole"));
    fs.appendFileSync(here.file("events.ndjson"), '{"seq":2,"at":0,"type":"log","level":"in');
    expect(log.append(say("after")).seq).toBe(2);
    fs.appendFileSync(here.file("events.ndjson"), '{"seq":3');
    const another = open();
    expect(another.append(say("and another")).seq).toBe(3);
    log.close();
    another.close();
    expect(texts()).toEqual(["whole", "after", "and another"]);
  });

  it("continues the numbers of a long log, whatever lies at its end", () => {
    const endings: [string, string, number][] = [
      ["lines", "", 20_001],
      ["a torn line", '{"seq":20001', 20_001],
      ["a torn line longer than is read at first", `{"seq":20001,"text":"${"x".repeat(1 << 20)}`, 20_001],
      [
        "a line longer than is read at first",
        `${JSON.stringify({ seq: 20_001, at: 0, ...say("x".repeat(1 << 20)) })}\n`,
        20_002,
      ],
    ];
    const lines = oneTo(20_000).map((seq) => JSON.stringify({ seq, at: 0, ...say(`event ${seq} of a long history`) }));
    for (const [ending, tail, next] of endings) {
      fs.writeFileSync(here.file("events.ndjson"), `${lines.join("\n")}\n${tail}`);
      const log = open();
      expect(fs.statSync(here.file("events.ndjson")).size, ending).toBeGreaterThan(1 << 20);
      expect(log.append(say("next")).seq, ending).toBe(next);
      log.close();
      expect(written().at(-1)).toMatchObject({ seq: next, text: "next" });
    }
  });

  it("can be closed twice and opened again; a closed one takes nothing", () => {
    const log = open();
    log.append(say("before"));
    log.close();
    log.close();
    expect(() => log.append(say("too late"))).toThrow(/is closed/);
    const again = open();
    expect(again.append(say("again")).seq).toBe(2);
    again.close();
    expect(texts()).toEqual(["before", "again"]);
  });

  it("calls a listener from then on until it leaves", () => {
    const log = open();
    const heard: number[] = [];
    log.append(say("before"));
    const leave = log.listen((event) => heard.push(event.seq));
    log.append(say("during"));
    leave();
    log.append(say("after"));
    log.close();
    expect(heard).toEqual([2]);
  });

  it("tells what others have appended when it is polled, whoever holds the lock, and nothing twice", () => {
    const log = open();
    const other = open();
    const heard: string[] = [];
    log.listen((event) => heard.push(event.type === "log" ? event.text : ""));
    expect(log.poll()).toBe(true);
    other.append(say("of another"));
    expect(heard).toEqual([]);
    withLock(here.file("lock"), ownership(), () => expect(log.poll()).toBe(true));
    fs.appendFileSync(here.file("events.ndjson"), '{"seq":2,"at":0,"type":"log","level":"info","te'); // being written
    expect(log.poll()).toBe(true);
    expect(heard).toEqual(["of another"]);
    fs.appendFileSync(here.file("events.ndjson"), 'xt":"slow"}\n');
    log.poll();
    expect(log.append(say("mine")).seq).toBe(3);
    log.poll();
    expect(heard).toEqual(["of another", "slow", "mine"]);
    other.close();
    log.close();
  });

  it("says when it is polled that the log is gone, and writes nothing anywhere", () => {
    const log = open();
    log.append(say("before"));
    fs.rmSync(here.file("events.ndjson"));
    expect(log.poll()).toBe(false);
    expect(fs.existsSync(here.file("events.ndjson"))).toBe(false);
    log.close();
    expect(log.poll()).toBe(false);
  });

  it("lets a listener append and every listener hear all in order, without holding the lock", () => {
    const log = open();
    const heard: string[] = [];
    log.listen((event) => {
      withLock(here.file("lock"), ownership(), () => {}); // free
      if (event.seq === 1) log.append(say("an answer"));
    });
    log.listen((event) => heard.push(event.type === "log" ? event.text : ""));
    log.append(say("a question"));
    log.close();
    expect(heard).toEqual(["a question", "an answer"]);
  });

  it("keeps its numbers when a listener throws, and tells whoever appended", () => {
    const log = open();
    const heard: number[] = [];
    const leave = log.listen(() => {
      throw new Error("a bad listener");
    });
    log.listen((event) => heard.push(event.seq));
    expect(() => log.append(say("a"))).toThrow("a bad listener");
    leave();
    expect(log.append(say("b")).seq).toBe(2);
    log.close();
    expect(heard).toEqual([1, 2]);
    expect(texts()).toEqual(["a", "b"]);
  });

  it("says that the disk is full, and leaves no half line behind", () => {
    const log = open();
    log.append(say("before"));
    const write = fs.writeSync;
    let calls = 0;
    vi.spyOn(fs, "writeSync").mockImplementation(((fd: number, bytes: Buffer) => {
      if (calls++ === 0) return write(fd, bytes, 0, 10); // room for ten more bytes
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    }) as typeof fs.writeSync);
    expect(() => log.append(say("does not fit"))).toThrow(
      expect.objectContaining({
        name: "StackError",
        message: `the disk is full: ${here.file("events.ndjson")} cannot be written`,
        hint: "Free some space and try again.",
      }),
    );
    expect(texts()).toEqual(["before"]);
    vi.restoreAllMocks();
    expect(log.append(say("there is room again")).seq).toBe(2);
    log.close();
    expect(texts()).toEqual(["before", "there is room again"]);
  });

  it("says readably that the stack was ended, or that its file was changed by somebody else", () => {
    const damaged = open();
    damaged.append(say("a"));
    fs.appendFileSync(here.file("events.ndjson"), "not an event\n");
    expect(() => damaged.append(say("b"))).toThrow(/is damaged: the line after event 1 is not an event/);
    expect(() => open()).toThrow(/is damaged/);
    fs.truncateSync(here.file("events.ndjson"));
    expect(() => damaged.append(say("b"))).toThrow(/became shorter/);
    fs.rmSync(here.file("events.ndjson"));
    expect(() => damaged.append(say("b"))).toThrow(/is gone: the stack was ended by another command/);
    damaged.close();
  });
});
