// Expectations that speak of data: they mean nothing when no write was acknowledged, and an outage without one of them is
// one after which nobody looks at the data.
export const OF_DATA: ReadonlySet<string> = new Set([
  "no-lost-writes",
  "no-duplicates",
  "converges",
  "conflicts",
  "rpo",
  "linearizable",
  "read-your-writes",
  "monotonic-reads",
  "monotonic-writes",
  "writes-follow-reads",
  "staleness",
]);
