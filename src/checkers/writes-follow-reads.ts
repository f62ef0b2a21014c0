// writes-follow-reads: whoever sees a client's write of a key sees what the client had read of it before.
// The region that made the write is the first to see it: the state that it answers with covers what was read.
import { sessionGuarantee } from "./sessions/guarantee.ts";

export const writesFollowReads = sessionGuarantee({
  name: "writes-follow-reads",
  guarantee: "writesFollowReads",
  summary: "Whoever sees a client's write to a key sees what that client had read of it before.",
  later: "write",
  earlier: "a read by its client of that key",
  so: "whoever saw the write did not see what its author had read",
  witnessed: true,
});
