// The active faults of a stack in memory, for all its shells.
import type { FaultStore } from "../../src/faults/set.ts";
import type { Fault } from "../../src/model/fault.ts";

export interface MemoryStore extends FaultStore {
  /** Whoever began what is active now has died. */
  abandon(): void;
}

export function memoryStore(): MemoryStore {
  let faults: readonly Fault[] = [];
  const abandoned = new Set<string>();
  return {
    read: () => faults,
    change: (how) => void (faults = how(faults)),
    isAbandoned: (id) => abandoned.has(id),
    abandon() {
      for (const { id } of faults) abandoned.add(id);
    },
  };
}
