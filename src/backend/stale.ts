// Reads that are broken on purpose, in tests only: from copies that are not what the database holds (see broken.ts).
import { LAGGING_MS, type Broken } from "./broken.ts";
import type { Clock, Row, Store, Transaction } from "./ports.ts";

/** How a client's read of one property is answered. */
export type ReadProperty = (id: number, askedRegion: string) => Promise<Row | undefined>;

/** The store as the backend uses it, and how it answers reads. */
export function readsOf(
  store: Store,
  { region, broken }: { region: string; broken?: Broken },
  clock: Clock,
): { store: Store; read: ReadProperty } {
  if (broken === "lagging-replica") return lagging(store, clock);
  return {
    store,
    read: broken === "stale-read-after-failover" ? firstSeen(store, region) : (id) => store.property(id),
  };
}

/** Who was moved here is answered from copies that were made when a row was first read, and never looked at again. */
function firstSeen(store: Store, region: string): ReadProperty {
  const copies = new Map<number, Row>();
  return async (id, askedRegion) => {
    const copy = copies.get(id);
    if (copy !== undefined && askedRegion !== region) return copy;
    const row = await store.property(id);
    if (row !== undefined && copy === undefined) copies.set(id, row);
    return row;
  };
}

/** What a row was before a change, and when that change was committed. */
interface Past {
  before: Row;
  until: number;
}

/** Reads see the rows as they were LAGGING_MS ago; writes see them as they are. */
function lagging(store: Store, clock: Clock): { store: Store; read: ReadProperty } {
  const pasts = new Map<number, readonly Past[]>();
  const recent = (id: number) => (pasts.get(id) ?? []).filter(({ until }) => until > clock.now() - LAGGING_MS);
  return {
    store: {
      ...store,
      async transaction(work) {
        const locked = new Map<number, Row>();
        const changed = new Set<number>();
        let abandoned = false;
        const watching = (tx: Transaction): Transaction => ({
          ...tx,
          async lock(ids) {
            const rows = await tx.lock(ids);
            for (const [id, row] of rows) locked.set(id, row);
            return rows;
          },
          async write(made) {
            await tx.write(made);
            changed.add(made.row.id);
          },
          async merge(rows) {
            await tx.merge(rows);
            for (const { id } of rows) changed.add(id);
          },
          abandon() {
            abandoned = true;
            tx.abandon();
          },
        });
        const result = await store.transaction((tx) => work(watching(tx)));
        const until = clock.now();
        for (const id of abandoned ? [] : changed) {
          const before = locked.get(id);
          if (before !== undefined) pasts.set(id, [...recent(id), { before, until }]);
        }
        return result;
      },
    },
    async read(id) {
      const row = await store.property(id);
      return recent(id)[0]?.before ?? row;
    },
  };
}
