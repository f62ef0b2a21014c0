// Operations that were begun and whose answers are not in yet, by session. A client does one thing after the other, so nearly
// always there is one at most; where a script did several at once, those wait in a heap, so that nothing is searched twice.

export class Waiting {
  /** By session; -1 for nobody. */
  readonly #one: Int32Array;
  readonly #more = new Map<number, number[]>();
  readonly #completed: Float64Array;

  constructor(sessions: number, completed: Float64Array) {
    this.#one = new Int32Array(sessions).fill(-1);
    this.#completed = completed;
  }

  add(session: number, operation: number): void {
    if (this.#one[session] === -1) this.#one[session] = operation;
    else {
      const heap = this.#more.get(session) ?? [];
      if (heap.length === 0) this.#more.set(session, heap);
      this.#push(heap, operation);
    }
  }

  /** Those that were answered before a moment; on a tie they overlap. */
  release(session: number, before: number, each: (operation: number) => void): void {
    const one = this.#one[session]!;
    if (one !== -1 && this.#completed[one]! < before) {
      this.#one[session] = -1;
      each(one);
    }
    if (this.#more.size === 0) return;
    const heap = this.#more.get(session);
    if (heap === undefined) return;
    while (heap.length > 0 && this.#completed[heap[0]!]! < before) each(this.#pop(heap));
    if (heap.length === 0) this.#more.delete(session);
  }

  #push(heap: number[], operation: number): void {
    let at = heap.push(operation) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#completed[heap[parent]!]! <= this.#completed[operation]!) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = operation;
  }

  #pop(heap: number[]): number {
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#completed[heap[child + 1]!]! < this.#completed[heap[child]!]!) child++;
      if (this.#completed[heap[child]!]! >= this.#completed[last]!) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
