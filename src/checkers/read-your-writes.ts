// read-your-writes: a client that was told its write is done sees it from then on, wherever it reads that key.
// A state that covers the write counts as having seen it, also when its value lost a conflict meanwhile.
import { sessionGuarantee } from "./sessions/guarantee.ts";

export const readYourWrites = sessionGuarantee({
  name: "read-your-writes",
  guarantee: "readYourWrites",
  summary: "A client's reads see its own acknowledged writes to that key.",
  later: "read",
  earlier: "its client's own acknowledged write of that key",
  so: "the client did not see its own write",
});
