// Room for bytes that wait inside the program. What is full is not read any more, so whoever sends feels it.
export interface Room {
  /** Bytes that wait, of all connections. */
  readonly bytes: number;
  readonly limitBytes: number;
  add(bytes: number, cost: number): void;
  /** `again` is called once there is room, when there is none now. */
  isFull(again: () => void): boolean;
  forget(again: () => void): void;
}

export function createRoom(limitBytes: number): Room {
  const hungry = new Set<() => void>();
  let bytes = 0;
  let cost = 0;
  return {
    get bytes() {
      return bytes;
    },
    limitBytes,
    add(moreBytes, moreCost) {
      bytes += moreBytes;
      cost += moreCost;
      if (hungry.size === 0 || cost >= limitBytes) return;
      const waited = [...hungry];
      hungry.clear();
      for (const again of waited) again();
    },
    isFull(again) {
      if (cost < limitBytes) return false;
      hungry.add(again);
      return true;
    },
    forget: (again) => void hungry.delete(again),
  };
}
