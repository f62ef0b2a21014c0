// Who is out of rotation. Detection is passive, as NGINX does it: one failure takes an upstream out; after that one request tries it.
import { OUT_MS } from "./answers.ts";
import type { Candidate } from "./route.ts";

export interface Rotation {
  /** Those in rotation first. The others come last, the home region (that of the first) after all: better than nobody. */
  inOrder(candidates: readonly Candidate[]): readonly Candidate[];
  /** A request goes to it. When it is the first since the upstream's time out ended, the others keep away until it is answered. */
  begin(candidate: Candidate): void;
  succeeded(candidate: Candidate): void;
  failed(candidate: Candidate): void;
}

export function createRotation(now: () => number): Rotation {
  /** Address -> the time until which it is out. */
  const out = new Map<string, number>();
  const isIn = ({ address }: Candidate) => (out.get(address) ?? -Infinity) <= now();
  const takeOut = ({ address }: Candidate) => void out.set(address, now() + OUT_MS);
  return {
    inOrder(candidates) {
      const isHome = ({ region }: Candidate) => region === candidates[0]?.region;
      const areOut = candidates.filter((candidate) => !isIn(candidate));
      const elsewhere = areOut.filter((candidate) => !isHome(candidate));
      return [...candidates.filter(isIn), ...elsewhere, ...areOut.filter(isHome)];
    },
    begin(candidate) {
      if (out.has(candidate.address)) takeOut(candidate);
    },
    succeeded: ({ address }) => void out.delete(address),
    failed: takeOut,
  };
}
