// monotonic-writes: whoever sees a client's later write of a key sees its earlier ones too. The region that made the later
// write is the first to see it: the state that it answers with covers the earlier ones, or nobody after it can be sure to.
import { sessionGuarantee } from "./sessions/guarantee.ts";

export const monotonicWrites = sessionGuarantee({
  name: "monotonic-writes",
  guarantee: "monotonicWrites",
  summary: "Whoever sees a client's later write to a key sees its earlier ones too.",
  later: "write",
  earlier: "an earlier one by its client to that key",
  so: "whoever saw the later write did not see the earlier one",
  witnessed: true,
});
