// A member of a consumer group: what it says of itself, what it is told, and how members find a protocol in common.

export interface Protocol {
  name: string;
  metadata: Buffer;
}

/** What a member says of itself when it joins. */
export interface Joining {
  memberId: string;
  clientId: string;
  /** Where it speaks from, as Apache Kafka writes it: "/127.0.0.1". */
  clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocolType: string;
  /** In the order of its preference. */
  protocols: readonly Protocol[];
}

export interface JoinAnswer {
  error: number;
  generation: number;
  protocol: string;
  leader: string;
  memberId: string;
  /** For the leader: everybody's metadata. */
  members: readonly { memberId: string; metadata: Buffer }[];
}

export interface SyncAnswer {
  error: number;
  assignment: Buffer;
}

export interface Member extends Joining {
  assignment: Buffer;
  /** It waits for the others to join; while it waits it counts as alive. */
  joining?: (answer: JoinAnswer) => void;
  /** It waits for the leader's assignment. */
  syncing?: (answer: SyncAnswer) => void;
  session?: NodeJS.Timeout;
}

export const NOTHING = Buffer.alloc(0);

export function metadataOf(member: Joining, protocol: string): Buffer {
  return member.protocols.find(({ name }) => name === protocol)?.metadata ?? NOTHING;
}

/** Each member votes for the first of its protocols that all have; ties go to the earlier member. */
export function voted(members: readonly Joining[]): string {
  const common = commonProtocols(members);
  const votes = new Map<string, number>();
  for (const member of members) {
    const choice = member.protocols.find(({ name }) => common.has(name))!.name;
    votes.set(choice, (votes.get(choice) ?? 0) + 1);
  }
  return [...votes].reduce((best, vote) => (vote[1] > best[1] ? vote : best))[0];
}

/** Could it work together with the others? */
export function fits(joining: Joining, others: readonly Joining[]): boolean {
  if (joining.protocolType === "" || joining.protocols.length === 0) return false;
  if (others.some((member) => member.protocolType !== joining.protocolType)) return false;
  return commonProtocols([...others, joining]).size > 0;
}

export function sameProtocols(a: readonly Protocol[], b: readonly Protocol[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, metadata }, index) => name === b[index]!.name && metadata.equals(b[index]!.metadata))
  );
}

function commonProtocols(members: readonly Joining[]): ReadonlySet<string> {
  const [first, ...rest] = members.map((member) => new Set(member.protocols.map(({ name }) => name)));
  return new Set([...(first ?? [])].filter((name) => rest.every((names) => names.has(name))));
}
