// Events by number: what proves a verdict can be looked at where it is named.
import type { Event } from "../../../model/event.ts";
import { button, type Child, h } from "./dom.ts";
import { sayEvent, time } from "./say.ts";

export class Events {
  readonly #bySeq: ReadonlyMap<number, Event>;

  constructor(events: readonly Event[]) {
    this.#bySeq = new Map(events.map((event) => [event.seq, event]));
  }

  has(seq: number): boolean {
    return this.#bySeq.has(seq);
  }

  /** "#41", which shows the event in that panel, and hides it again. */
  number(seq: number, panel: Panel, label = `#${seq}`): Child {
    const event = this.#bySeq.get(seq);
    if (event === undefined) return label;
    const press = (pressed: HTMLButtonElement) => panel.toggle(event, pressed);
    return button(label, { class: "event-number", "aria-expanded": "false", title: sayEvent(event) }, press);
  }

  /** A sentence, its "event 41" pressed into buttons. */
  sentence(text: string, panel: Panel): readonly Child[] {
    return text
      .split(/\b(event \d+)/)
      .map((part, i) => (i % 2 === 0 ? part : this.number(Number(part.slice(6)), panel, part)));
  }

  show(seq: number, panel: Panel): void {
    const event = this.#bySeq.get(seq);
    if (event !== undefined) panel.show(event);
  }
}

/** Where events are shown, in their order. */
export class Panel {
  readonly element = h("ol", { class: "events", "aria-live": "polite", hidden: true });
  readonly #shown = new Map<number, { item: HTMLElement; by: Set<HTMLElement> }>();

  toggle(event: Event, by: HTMLElement): void {
    const shown = this.#shown.get(event.seq);
    if (shown === undefined) this.show(event, by);
    else this.#hide(event.seq);
  }

  show(event: Event, by?: HTMLElement): void {
    const known = this.#shown.get(event.seq);
    if (known !== undefined) {
      known.item.scrollIntoView({ block: "nearest" });
      return;
    }
    const { seq, at, ...rest } = event;
    const item = h(
      "li",
      {},
      h("p", {}, h("b", {}, `#${seq}`), ` ${time(at)} `, h("span", {}, sayEvent(event))),
      h("pre", { tabindex: 0 }, JSON.stringify(rest, null, 1)),
    );
    const close = button("×", { class: "close", "aria-label": `hide event ${seq}` }, () => this.#hide(seq));
    item.append(close);
    const after = [...this.#shown].filter(([other]) => other > seq).toSorted(([a], [b]) => a - b)[0];
    this.element.insertBefore(item, after?.[1].item ?? null);
    this.#shown.set(seq, { item, by: new Set(by ? [by] : []) });
    by?.setAttribute("aria-expanded", "true");
    this.element.hidden = false;
  }

  #hide(seq: number): void {
    const shown = this.#shown.get(seq);
    if (shown === undefined) return;
    for (const by of shown.by) by.setAttribute("aria-expanded", "false");
    shown.item.remove();
    this.#shown.delete(seq);
    this.element.hidden = this.#shown.size === 0;
  }
}
