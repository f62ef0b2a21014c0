// The dashboard on a terminal: pictures come in, keys go out. Everything that is seen is a view of the picture and of what the
// reducer remembers; whatever a key begins goes on beside the drawing, and says later what came of it.
import { useInput } from "ink";
import { type ReactElement, useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Dashboard } from "./components/dashboard.tsx";
import type { Playing } from "./components/header.ts";
import { coloured, uncoloured } from "./components/paint.ts";
import { type DeedKey, deedFor } from "./deeds.ts";
import type { Deed, Hands, Player, Source } from "./hands.ts";
import { type Ask, asked, NO_HANDS, NO_PLAYER, type Pressed } from "./keys.ts";
import type { Picture } from "./picture.ts";
import { type Action, chosenIn, INITIAL, reduce, sideBySide, type Ui } from "./ui.ts";

/** What an app needs of a store. */
export interface Pictures {
  get(): Picture;
  subscribe(listener: () => void): () => void;
}

export interface AppProps {
  store: Pictures;
  source: Source;
  columns: number;
  rows: number;
  quit(): void;
  colour: boolean;
}

export function App({ store, source, columns, rows, quit, colour }: AppProps): ReactElement {
  const picture = useSyncExternalStore(store.subscribe, store.get);
  const [ui, act, now] = useUi();
  useKeys({ store, source, quit, act, now });
  const chosen = chosenIn(ui, picture);
  useLog(source, ui.pane === "detail" && chosen?.type === "node" ? chosen.name : undefined, act);
  return (
    <Dashboard
      {...{ picture, ui, columns, rows }}
      mode={source.mode}
      paint={colour ? coloured : uncoloured}
      playing={source.player && playingOf(source.player)}
      verdicts={source.verdicts?.()}
    />
  );
}

const playingOf = (player: Player): Playing => ({
  lengthMs: player.lengthMs,
  positionMs: player.positionMs(),
  isPlaying: player.playing(),
  speed: player.speed(),
});

type Act = (action: Action) => void;

/** What it is now is known at once: two keys may arrive together, and the second one means what the first one left. */
function useUi(): [Ui, Act, () => Ui] {
  const [ui, show] = useState(INITIAL);
  const current = useRef(INITIAL);
  const act = useCallback((action: Action) => {
    current.current = reduce(current.current, action);
    show(current.current);
  }, []);
  const now = useCallback(() => current.current, []);
  return [ui, act, now];
}

// --- keys ---

interface Desk {
  store: Pictures;
  source: Source;
  quit(): void;
  act: Act;
  now(): Ui;
}

function useKeys({ store, source, quit, act, now }: Desk): void {
  // The same function from frame to frame, or Ink would listen anew with each.
  const press = useCallback(
    (input: string, key: Pressed) => {
      const desk = { store, source, quit, act, now };
      const asks = asked(input, key);
      if (asks === undefined) act({ type: "refuse", why: "pasted text is left alone: every key is pressed by itself" });
      for (const ask of asks ?? []) answer(ask, desk);
      // Where nothing is remembered to have been asked for, the key still closes the help.
      if (asks?.length === 0 && now().pane === "help") act({ type: "help" });
    },
    [store, source, quit, act, now],
  );
  useInput(press);
}

function answer(ask: Ask, desk: Desk): void {
  if (ask.type === "quit") return desk.quit();
  // Whoever reads what a key would do has not pressed it.
  if (desk.now().pane === "help") return desk.act({ type: "help" });
  (ANSWERS[ask.type] as (ask: Ask, desk: Desk) => void)(ask, desk);
}

type Answers = {
  readonly [T in Exclude<Ask["type"], "quit">]: (ask: Extract<Ask, { type: T }>, desk: Desk) => void;
};

const ANSWERS: Answers = {
  move: ({ direction }, { act, store }) => act({ type: "move", direction, picture: store.get() }),
  open: (_, { act }) => act({ type: "open" }),
  close: (_, { act }) => act({ type: "close" }),
  help: (_, { act }) => act({ type: "help" }),
  deed: ({ key }, desk) => withHands(desk, (hands) => perform(key, hands, desk)),
  traffic: (_, desk) =>
    withHands(desk, (hands) =>
      begin(desk, "traffic", "traffic in the background", async () => {
        const { on, deed } = await hands.toggleTraffic();
        return { result: on ? "traffic is on: t ends it" : "traffic is off", deed };
      }),
    ),
  conflict: (_, desk) =>
    withHands(desk, (hands) =>
      begin(desk, "conflict", "one row, written in two regions at once", async () => {
        const { said, deed } = await hands.conflict();
        return { result: said, deed };
      }),
    ),
  write: (_, desk) =>
    withHands(desk, (hands) =>
      begin(desk, "write", "what was done so far, as a scenario", async () => ({
        result: await sayWritten(hands),
      })),
    ),
  play: ({ how }, { source, act }) => {
    const { player } = source;
    if (player === undefined) return act({ type: "refuse", why: NO_PLAYER });
    how(player);
    act({ type: "played" }); // a paused run tells nobody that its speed was changed
  },
};

async function sayWritten(hands: Hands): Promise<string> {
  const file = await hands.writeScenario();
  return `written: ${file}; to play it: regionctl scenario run ${file}`;
}

function withHands({ source, act }: Desk, use: (hands: Hands) => void): void {
  if (source.hands === undefined) act({ type: "refuse", why: NO_HANDS[source.mode] });
  else use(source.hands);
}

function perform(key: DeedKey, hands: Hands, desk: Desk): void {
  const picture = desk.store.get();
  const deed = deedFor(key, chosenIn(desk.now(), picture), picture);
  if ("refused" in deed) return desk.act({ type: "refuse", why: deed.refused });
  begin(desk, deed.command, sideBySide(deed), async () => ({ result: await hands.perform(deed) }));
}

/** Never waits: what comes of it is told when it comes. */
function begin(
  { act, now }: Desk,
  what: string,
  text: string,
  work: () => Promise<{ result: string; deed?: Deed }>,
): void {
  if (now().doing.some((one) => one.what === what)) {
    return act({ type: "refuse", why: `on its way already: ${what}` });
  }
  const number = now().next;
  act({ type: "begin", what, text });
  work().then(
    (done) => act({ type: "done", number, ...done }),
    (error: unknown) => act({ type: "failed", number, why: reasonOf(error) }),
  );
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

// --- the log of the node whose details are open ---

const LOG_EVERY_MS = 1_000;
/** More than any terminal has lines. */
const LOG_LINES = 200;

function useLog(source: Source, node: string | undefined, act: Act): void {
  useEffect(() => {
    if (node === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    let isOpen = true;
    const read = async () => {
      const log = await source.log(node, LOG_LINES).then(
        (lines) => ({ node, lines }),
        (error: unknown) => ({ node, trouble: reasonOf(error) }),
      );
      if (!isOpen) return;
      act({ type: "log", log });
      timer = setTimeout(read, LOG_EVERY_MS); // only now: one that is slow is not asked twice at once
    };
    void read();
    return () => {
      isOpen = false;
      clearTimeout(timer);
    };
  }, [source, node, act]);
}
