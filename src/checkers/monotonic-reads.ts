// monotonic-reads: what a client has once seen of a key it does not lose sight of, wherever it reads next.
import { sessionGuarantee } from "./sessions/guarantee.ts";

export const monotonicReads = sessionGuarantee({
  name: "monotonic-reads",
  guarantee: "monotonicReads",
  summary: "A client's reads of a key never go back behind what it read before.",
  later: "read",
  earlier: "an earlier one by its client of that key",
  so: "the client went back in time",
});
