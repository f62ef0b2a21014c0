// What is typed is read as keys, one by one; what is pasted is not. And the reducer remembers what they came to.
import { describe, expect, it } from "vitest";
import { type Ask, asked, KEYS } from "../../../src/dashboard/keys.ts";
import type { Player } from "../../../src/dashboard/hands.ts";
import { type Action, INITIAL, reduce, type Ui } from "../../../src/dashboard/ui.ts";
import { system } from "./pictures.ts";

const typed = (text: string) => asked(text, {});

describe("keys", () => {
  it("mean one thing each", () => {
    expect(typed("k")).toEqual([{ type: "deed", key: "k" }]);
    expect(typed("t")).toEqual([{ type: "traffic" }]);
    expect(asked("", { upArrow: true })).toEqual([{ type: "move", direction: "up" }]);
    expect(asked("\r", { return: true })).toEqual([{ type: "open" }]);
    expect(asked("", { escape: true, meta: true })).toEqual([{ type: "close" }]);
    expect(asked("c", { ctrl: true })).toEqual([{ type: "quit" }]);
  });

  it("mean nothing that is not said: a chord is not its letter", () => {
    expect(typed("y")).toEqual([]);
    expect(typed("K")).toEqual([]);
    expect(asked("k", { ctrl: true })).toEqual([]);
    expect(asked("k", { meta: true })).toEqual([]);
  });

  it("are read in order when they come together, and repeated when one is held", () => {
    expect(typed("kh")).toEqual([
      { type: "deed", key: "k" },
      { type: "deed", key: "h" },
    ]);
    expect(typed("k\r")).toEqual([{ type: "deed", key: "k" }, { type: "open" }]);
    expect(typed(".".repeat(30))).toHaveLength(30);
  });

  it("are not in what was pasted", () => {
    expect(typed("kill all of the nodes")).toBeUndefined();
    expect(typed("hello")).toBeUndefined();
  });

  it("are all in the help, and the help has no others", () => {
    const NAMED: Readonly<Record<string, readonly string[]>> = { Enter: ["\r"], arrows: [], space: [" "] };
    for (const mode of ["stack", "run", "saved"] as const) {
      const letters = KEYS[mode].flatMap(({ keys }) => NAMED[keys] ?? keys.split(" "));
      for (const letter of letters) expect(typed(letter), letter).toHaveLength(1);
    }
    const told = KEYS.stack.map(({ keys }) => keys);
    expect(told).toEqual(expect.arrayContaining(["k", "s", "z", "x", "l", "o", "h", "t", "c", "w", "Enter", "?", "q"]));
  });
});

describe("keys of a saved run", () => {
  function player(at: number, speed = 1) {
    const did: string[] = [];
    const one: Player = {
      lengthMs: 80_000,
      positionMs: () => at,
      playing: () => false,
      speed: () => speed,
      play: () => did.push("play"),
      pause: () => did.push("pause"),
      seek: (to) => did.push(`to ${to}`),
      setSpeed: (times) => did.push(`${times}x`),
      onReset: () => {},
    };
    const press = (asks: readonly Ask[] | undefined) => {
      for (const ask of asks ?? []) if (ask.type === "play") ask.how(one);
      return did.splice(0);
    };
    return { press, one };
  }

  it("play, pause, and go back and on", () => {
    const { press, one } = player(30_000);
    expect(press(typed(" "))).toEqual(["play"]);
    one.playing = () => true;
    expect(press(typed(" "))).toEqual(["pause"]);
    expect(press(typed(",.<>"))).toEqual(["to 29000", "to 31000", "to 20000", "to 40000"]);
    expect(press(typed("0$"))).toEqual(["to 0", "to 80000"]);
    expect(press([...asked("", { home: true })!, ...asked("", { end: true })!])).toEqual(["to 0", "to 80000"]);
  });

  it("make it slower and faster, by twice, within bounds", () => {
    expect(player(0, 1).press(typed("-+"))).toEqual(["0.5x", "2x"]);
    expect(player(0, 3).press(typed("-="))).toEqual(["2x", "4x"]);
    expect(player(0, 0.25).press(typed("-"))).toEqual(["0.25x"]);
    expect(player(0, 64).press(typed("+"))).toEqual(["64x"]);
  });
});

describe("what is remembered", () => {
  const picture = system();
  const after = (...actions: readonly Action[]) => actions.reduce<Ui>(reduce, INITIAL);
  const begin: Action = {
    type: "begin",
    what: "regionctl kill db-us",
    text: "regionctl kill db-us   ·   - kill: db-us",
  };

  it("is what was chosen; a step on forgets what was refused, not what is on its way", () => {
    const move: Action = { type: "move", direction: "right", picture };
    expect(after(move).chosen).toMatchObject({ name: "backend-eu" });
    expect(after({ type: "refuse", why: "no" }).notice).toEqual({ state: "refused", text: "no" });
    expect(after({ type: "refuse", why: "no" }, move).notice).toBeUndefined();
    expect(after(begin, move).notice?.state).toBe("doing");
  });

  it("is which pane is open", () => {
    expect(after({ type: "open" }).pane).toBe("detail");
    expect(after({ type: "open" }, { type: "open" }).pane).toBe("none");
    expect(after({ type: "help" }, { type: "close" }).pane).toBe("none");
  });

  it("is what was begun until it is known what came of it", () => {
    const begun = after(begin);
    expect(begun.doing).toEqual([{ number: 1, what: begin.what, text: begin.text }]);
    const done = reduce(begun, { type: "done", number: 1, result: "it is gone" });
    expect(done.doing).toEqual([]);
    expect(done.notice).toMatchObject({
      state: "done",
      text: "regionctl kill db-us   ·   - kill: db-us",
      result: "it is gone",
    });
  });

  it("is not overwritten by the good end of something older, but by its failure", () => {
    const two = after(begin, { type: "begin", what: "regionctl heal", text: "regionctl heal   ·   - heal" });
    const older = reduce(two, { type: "done", number: 1, result: "it is gone" });
    expect(older.notice).toMatchObject({ state: "doing", text: "regionctl heal   ·   - heal" });
    expect(older.doing.map(({ number }) => number)).toEqual([2]);
    const failed = reduce(two, { type: "failed", number: 1, why: "it did not go" });
    expect(failed.notice).toMatchObject({ state: "failed", text: begin.text, result: "it did not go" });
  });

  it("is of what was begun last, in whatever order it ends, a key between them that did nothing or not", () => {
    const two = after(
      begin,
      { type: "begin", what: "regionctl heal", text: "regionctl heal   ·   - heal" },
      { type: "refuse", why: "on its way already: regionctl heal" },
    );
    const inOrder = [1, 2].reduce((ui, number) => reduce(ui, { type: "done", number, result: `${number}` }), two);
    expect(inOrder.notice).toMatchObject({ number: 2, result: "2" });
    const otherwise = [2, 1].reduce((ui, number) => reduce(ui, { type: "done", number, result: `${number}` }), two);
    expect(otherwise.notice).toMatchObject({ number: 2, result: "2" });
  });

  it("outlives a key that did nothing: what came of what is on its way is told after that", () => {
    const refused = after(begin, { type: "refuse", why: "db-us is DOWN already" });
    expect(refused.notice?.state).toBe("refused");
    const done = reduce(refused, { type: "done", number: 1, result: "it is gone" });
    expect(done.notice).toEqual({ state: "done", number: 1, text: begin.text, result: "it is gone" });
  });

  it("is the command and the step of what only told them afterwards", () => {
    const begun = after({ type: "begin", what: "traffic", text: "traffic in the background" });
    const deed = { command: "regionctl traffic on", step: { traffic: "edit" } };
    expect(reduce(begun, { type: "done", number: 1, result: "on", deed }).notice?.text).toBe(
      "regionctl traffic on   ·   - traffic: edit",
    );
  });
});
