// The dashboard with somebody before it: every key does what it says, on a stack, in a run and on a saved run, and whatever a key
// begins goes on beside the drawing.
import { cleanup, render } from "ink-testing-library";
import { createElement } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { App } from "../../../src/dashboard/app.tsx";
import type { Deed, Hands, Player, Source } from "../../../src/dashboard/hands.ts";
import type { Picture } from "../../../src/dashboard/picture.ts";
import { fault, system, withEffect, withNode, withRun } from "./pictures.ts";

const UP = "\u001b[A";
const DOWN = "\u001b[B";
const RIGHT = "\u001b[C";
const LEFT = "\u001b[D";
const ENTER = "\r";
const ESCAPE = "\u001b";

afterEach(cleanup);

/** A store that holds what it is given. */
function pictures(first: Picture) {
  let picture = first;
  const listeners = new Set<() => void>();
  return {
    get: () => picture,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    show(next: Picture) {
      picture = next;
      for (const listener of listeners) listener();
    },
    listeners,
  };
}

/** Hands that write down what they are asked, and answer when they are told to. */
function fakeHands() {
  const asked: (Deed | string)[] = [];
  const answers: { resolve(said: string): void; reject(error: unknown): void }[] = [];
  let isOn = false;
  const hands: Hands = {
    perform: (deed) => {
      asked.push(deed);
      return new Promise((resolve, reject) => void answers.push({ resolve, reject }));
    },
    async toggleTraffic() {
      isOn = !isOn;
      asked.push(isOn ? "traffic on" : "traffic off");
      return { on: isOn, deed: { command: "regionctl traffic", step: { traffic: "edit-properties" } } };
    },
    async conflict() {
      asked.push("conflict");
      return { said: "eu won", deed: { command: "regionctl conflict 7", step: { request: "PUT /us/properties/7" } } };
    },
    async writeScenario() {
      asked.push("write");
      if (asked.length === 1) throw new Error("nothing was done yet");
      return "/home/me/by-hand.yaml";
    },
  };
  return { asked, answers, hands };
}

function fakePlayer() {
  const did: string[] = [];
  let isPlaying = true;
  let speed = 1;
  const player: Player = {
    lengthMs: 80_000,
    positionMs: () => 30_000,
    playing: () => isPlaying,
    speed: () => speed,
    play: () => void (isPlaying = true),
    pause: () => void (isPlaying = false),
    seek: (to) => void did.push(`to ${to}`),
    setSpeed: (times) => void (speed = times),
    onReset: () => {},
  };
  return { did, player };
}

/** Generous: it only decides how long a failing test takes. */
const PATIENCE_MS = 10_000;

async function sit(picture: Picture, source: Partial<Source> = {}, size = { columns: 100, rows: 40 }) {
  const store = pictures(picture);
  const quit = vi.fn();
  const whole: Source = {
    mode: "stack",
    start: async () => {},
    log: async () => [],
    [Symbol.asyncDispose]: async () => {},
    ...source,
  };
  const element = (size: { columns: number; rows: number }) =>
    createElement(App, { store, source: whole, quit, colour: false, ...size });
  const screen = render(element(size));
  await vi.waitFor(() => expect(screen.stdin.listenerCount("readable")).toBe(1), PATIENCE_MS);
  return {
    store,
    quit,
    screen,
    resize: (size: { columns: number; rows: number }) => screen.rerender(element(size)),
    see: (words: string | RegExp) => vi.waitFor(() => expect(screen.lastFrame()).toMatch(words), PATIENCE_MS),
    text: () => screen.lastFrame()!,
    async press(...keys: readonly string[]) {
      for (const key of keys) {
        screen.stdin.write(key);
        // Ink waits for a moment whether more follows an escape.
        await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

const literally = (text: string) => new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));

describe("on a stack", () => {
  const cut = withEffect(
    system(),
    ["us", "eu"],
    { type: "cut", mode: "drop" },
    fault("partition", "partition us | eu"),
  );

  const KEYS: readonly (readonly [keys: readonly string[], on: Picture, command: string, yaml: string])[] = [
    [["k"], system(), "regionctl kill backend-us", "- kill: backend-us"],
    [["s"], withNode(system(), "backend-us", "down"), "regionctl start backend-us", "- start: backend-us"],
    [[RIGHT, "z"], system(), "regionctl pause backend-eu", "- pause: backend-eu"],
    [["z"], withNode(system(), "backend-us", "paused"), "regionctl resume backend-us", "- resume: backend-us"],
    [[UP, "x"], system(), "regionctl partition us eu", "- partition: us | eu"],
    [[DOWN, DOWN, DOWN, DOWN, "x"], cut, 'regionctl heal "partition us | eu"', "- heal: partition us | eu"],
    [[UP, "l"], system(), "regionctl latency us eu --add 80ms", "- { latency: us | eu, add: 80ms }"],
    [[RIGHT, LEFT, "o"], system(), "regionctl region-outage us", "- region-outage: us"],
    [["h"], cut, "regionctl heal", "- heal"],
  ];

  it.each(KEYS)("%j does it, and says the command and the step", async (keys, picture, command, yaml) => {
    const { asked, answers, hands } = fakeHands();
    const desk = await sit(picture, { hands });
    await desk.press(...keys);
    await desk.see(literally(`… ${command}   ·   ${yaml}`));
    expect(asked).toMatchObject([{ command }]);
    answers[0]!.resolve("took effect: it is so");
    await desk.see(literally(`✓ ${command}   ·   ${yaml}`));
    expect(desk.text()).toContain("took effect: it is so");
  });

  it("a key that can do nothing says why, and does nothing", async () => {
    const { asked, hands } = fakeHands();
    const desk = await sit(withNode(system(), "backend-us", "down"), { hands });
    await desk.press("k");
    await desk.see("✗ backend-us is DOWN already: s starts it");
    await desk.press("x");
    await desk.see("backend-us is a node, and partition is for links");
    expect(asked).toEqual([]);
  });

  it("t keeps traffic going, and ends it", async () => {
    const { asked, hands } = fakeHands();
    const desk = await sit(system(), { hands });
    await desk.press("t");
    await desk.see("traffic is on: t ends it");
    expect(desk.text()).toContain("✓ regionctl traffic   ·   - traffic: edit-properties");
    await desk.press("t");
    await desk.see("traffic is off");
    expect(asked).toEqual(["traffic on", "traffic off"]);
  });

  it("c makes a conflict, and w writes down what was done, once there is something", async () => {
    const { asked, hands } = fakeHands();
    const desk = await sit(system(), { hands });
    await desk.press("w");
    await desk.see("✗ what was done so far, as a scenario");
    expect(desk.text()).toContain("nothing was done yet");
    await desk.press("c");
    await desk.see("eu won");
    expect(desk.text()).toContain("- request: PUT /us/properties/7");
    await desk.press("w");
    await desk.see("written: /home/me/by-hand.yaml");
    expect(asked).toEqual(["write", "conflict", "write"]);
  });

  it("a deed that never ends freezes nothing, and is not done twice", async () => {
    const { asked, hands } = fakeHands();
    const desk = await sit(system(), { hands });
    await desk.press("k");
    await desk.see("… regionctl kill backend-us");
    await desk.press("k");
    await desk.see("✗ on its way already: regionctl kill backend-us");
    await desk.press(RIGHT, "k");
    await desk.see("… regionctl kill backend-eu");
    desk.store.show(withNode(system(), "db-us", "down"));
    await desk.see(/db-us +DOWN/);
    await desk.press("?");
    await desk.see("Any key closes this help");
    await desk.press("q");
    expect(desk.quit).toHaveBeenCalledTimes(1);
    expect(asked).toHaveLength(2);
  });

  it("a deed that fails says why, also when something else was begun since", async () => {
    const { answers, hands } = fakeHands();
    const desk = await sit(system(), { hands });
    await desk.press("k", RIGHT, "k");
    await desk.see("… regionctl kill backend-eu");
    answers[0]!.reject(new Error("backend-us did not\u001b[2J die"));
    await desk.see("✗ regionctl kill backend-us");
    expect(desk.text()).toContain("  backend-us did not die");
  });

  it("what comes together is done in order; what is pasted is not done at all", async () => {
    const { asked, hands } = fakeHands();
    const desk = await sit(withNode(system(), "backend-eu", "down"), { hands });
    await desk.press("zo");
    await desk.see("region-outage us");
    expect(asked).toMatchObject([{ step: { pause: "backend-us" } }, { step: { "region-outage": "us" } }]);
    await desk.press("zookeeper is ok");
    await desk.see("pasted text is left alone");
    expect(asked).toHaveLength(2);
  });

  it("sees a node turn while something else is chosen, and keeps that", async () => {
    const desk = await sit(system());
    await desk.press(RIGHT, DOWN);
    await desk.see(/› db-eu +up/);
    desk.store.show(withNode(system(), "backend-us", "down"));
    await desk.see(/backend-us +DOWN 3 s/);
    expect(desk.text()).toMatch(/› db-eu +up/);
  });

  it("space plays nothing that is live", async () => {
    const desk = await sit(system());
    await desk.press(" ");
    await desk.see("only a saved run can be played");
  });
});

describe("Ctrl-C, q and the end", () => {
  it("quit, whatever is open", async () => {
    const desk = await sit(system());
    await desk.press("\u0003");
    expect(desk.quit).toHaveBeenCalledTimes(1);
    await desk.press(ENTER, "q");
    expect(desk.quit).toHaveBeenCalledTimes(2);
    await desk.press(ESCAPE, "?", "\u0003");
    expect(desk.quit).toHaveBeenCalledTimes(3);
  });

  it("leave nobody listening", async () => {
    const log = vi.fn(async () => ["a line"]);
    const desk = await sit(system(), { log });
    await desk.press(ENTER);
    await desk.see("a line");
    desk.screen.unmount();
    expect(desk.store.listeners.size).toBe(0);
  });
});

describe("the help", () => {
  it("opens with ? and closes with any key, which does nothing else", async () => {
    const { asked, hands } = fakeHands();
    const desk = await sit(system(), { hands });
    for (const key of ["k", "?", ESCAPE, RIGHT, "y"]) {
      await desk.press("?");
      await desk.see("Any key closes this help");
      await desk.press(key);
      await desk.see(/› backend-us +up/);
    }
    expect(asked).toEqual([]);
  });
});

describe("the details", () => {
  it("show the live log of what is chosen, and follow the arrows", async () => {
    const log = vi.fn(async (node: string) => [`${node} says \u001b[31mhello\u001b[0m`]);
    const desk = await sit(system(), { log });
    await desk.press(ENTER);
    await desk.see("backend-us says hello");
    await desk.press(RIGHT);
    await desk.see("backend-eu says hello");
    await desk.press(UP);
    await desk.see("101 requests/s"); // a region has no log
    await desk.press(ENTER);
    await desk.see("events");
  });

  it("ask for it again a second after it was answered, and not before, nor after they were closed", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const waiting: ((lines: readonly string[]) => void)[] = [];
      const log = vi.fn(() => new Promise<readonly string[]>((resolve) => void waiting.push(resolve)));
      const desk = await sit(system(), { log });
      await desk.press(ENTER);
      await vi.waitFor(() => expect(log).toHaveBeenCalledTimes(1), PATIENCE_MS);
      await vi.advanceTimersByTimeAsync(5_000); // it has not answered: nobody asks twice
      expect(log).toHaveBeenCalledTimes(1);
      waiting[0]!(["one"]);
      await vi.advanceTimersByTimeAsync(999);
      expect(log).toHaveBeenCalledTimes(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(log).toHaveBeenCalledTimes(2);
      expect(desk.text()).toContain("one");
      await desk.press(ESCAPE);
      waiting[1]!(["two"]);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(log).toHaveBeenCalledTimes(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it("say it where the log cannot be read, and the keys go on", async () => {
    const { asked, hands } = fakeHands();
    const log = () => Promise.reject(new Error("no such file"));
    const desk = await sit(system(), { log, hands });
    await desk.press(ENTER);
    await desk.see("no such file");
    await desk.press("k");
    await desk.see("… regionctl kill backend-us");
    expect(asked).toHaveLength(1);
  });
});

describe("in a run", () => {
  it("keys that act say that its steps do, and the expectations are seen as they stand", async () => {
    const verdicts = () => [
      {
        name: "rpo",
        text: "rpo: 0",
        valid: false as const,
        summary: "3 lost",
        evidence: [],
        weight: "failed" as const,
      },
    ];
    const desk = await sit(withRun(system(), 12, 5), { mode: "run", verdicts });
    await desk.see("✗ rpo: 0  3 lost");
    for (const key of ["k", "s", "z", "x", "l", "o", "h", "t", "c", "w"]) {
      await desk.press(key);
      await desk.see("✗ a scenario is playing: its steps do the breaking");
      await desk.press(RIGHT, LEFT);
      await desk.see(/› backend-us {2}backend in us/);
    }
  });
});

describe("on a saved run", () => {
  it("keys play it, and keys that act say why they do not", async () => {
    const { did, player } = fakePlayer();
    const desk = await sit(withRun(system(), 12, 5), { mode: "saved", player });
    await desk.see("▶ playing 1x  0:30.0 of 1:20.0");
    await desk.press(" ");
    await desk.see("‖ PAUSED 1x");
    await desk.press("+", "+", "-");
    await desk.see("‖ PAUSED 2x");
    await desk.press(">", ",", "\u001b[H", "\u001b[F");
    expect(did).toEqual(["to 40000", "to 29000", "to 0", "to 80000"]);
    await desk.press("k");
    await desk.see("what happened has happened");
    await desk.press(" ");
    await desk.see("▶ playing 2x");
  });
});

describe("another size", () => {
  it("is drawn at once, and nothing is lost", async () => {
    const desk = await sit(system(), {}, { columns: 100, rows: 40 });
    await desk.press(RIGHT);
    await desk.see(/› backend-eu +up/);
    desk.resize({ columns: 40, rows: 10 });
    await desk.see("› eu");
    expect(desk.text().split("\n").length).toBeLessThanOrEqual(9);
    desk.resize({ columns: 20, rows: 5 });
    expect(
      Math.max(
        ...desk
          .text()
          .split("\n")
          .map((row) => row.length),
      ),
    ).toBeLessThanOrEqual(20);
    desk.resize({ columns: 100, rows: 40 });
    await desk.see(/› backend-eu +up/);
  });
});
