// One consumer group: who is in it, and the rebalances by which its members agree who reads what.
//
//            join                        all joined, or time is up             the leader's assignment
//   empty ---------> preparing rebalance ------------------------> completing -----------------------> stable
//     ^                 |  ^                                            |                                 |
//     +--- nobody left -+  +------- a member comes, goes or changes ----+---------------------------------+
import type { Generation, GroupStore } from "./group-store.ts";
import {
  fits,
  metadataOf,
  NOTHING,
  sameProtocols,
  voted,
  type JoinAnswer,
  type Joining,
  type Member,
  type SyncAnswer,
} from "./member.ts";
import { ERROR } from "./protocol/errors.ts";

type State = "empty" | "preparing" | "completing" | "stable";

export interface GroupOptions {
  initialDelayMs: number;
  store: GroupStore;
  log: (line: string) => void;
}

/** For who asks from outside. While a rebalance goes on nothing is agreed, so nothing of it is told. */
export interface GroupDescription {
  state: State;
  protocolType: string;
  protocol: string;
  members: readonly { memberId: string; clientId: string; clientHost: string; metadata: Buffer; assignment: Buffer }[];
}

export class Group {
  readonly id: string;
  readonly #options: GroupOptions;
  /** By member id, in the order of joining. */
  readonly #members = new Map<string, Member>();
  /** Ids that were handed out and have not joined yet. */
  readonly #invited = new Map<string, NodeJS.Timeout>();
  #state: State = "empty";
  #generation = 0;
  #protocol = "";
  #leader = "";
  /** Ends the phase in which the group is, whoever is missing. */
  #deadline?: NodeJS.Timeout;
  /** More members may come: the first generation waits for them even when all known ones have joined. */
  #gathering = false;

  /** With a generation that outlived the broker: its members may go on as if nothing had been, if they are heard of. */
  constructor(id: string, options: GroupOptions, kept?: Generation) {
    this.id = id;
    this.#options = options;
    if (!kept) return;
    this.#state = "stable";
    this.#generation = kept.generation;
    this.#protocol = kept.protocol;
    this.#leader = kept.leader;
    for (const member of kept.members) {
      this.#members.set(member.memberId, { ...member });
      this.#keepAlive(this.#members.get(member.memberId)!);
    }
  }

  get state(): State {
    return this.#state;
  }

  get size(): number {
    return this.#members.size + this.#invited.size;
  }

  has(memberId: string): boolean {
    return this.#members.has(memberId);
  }

  isInvited(memberId: string): boolean {
    return this.#invited.has(memberId);
  }

  /** Two-step joining: the id is handed out first, so that a lost answer leaves no member behind that nobody speaks for. */
  invite(memberId: string, timeoutMs: number): void {
    const forget = () => {
      this.#invited.delete(memberId);
      this.#completeWhenAllJoined();
    };
    this.#invited.set(memberId, setTimeout(forget, timeoutMs));
  }

  join(joining: Joining): Promise<JoinAnswer> {
    const others = this.#everybody().filter((member) => member.memberId !== joining.memberId);
    if (!fits(joining, others))
      return Promise.resolve(this.#refusal(joining.memberId, ERROR.inconsistentGroupProtocol));
    clearTimeout(this.#invited.get(joining.memberId));
    this.#invited.delete(joining.memberId);
    const known = this.#members.get(joining.memberId);
    const changed = !known || !sameProtocols(known.protocols, joining.protocols);
    const member: Member = known ? Object.assign(known, joining) : { ...joining, assignment: NOTHING };
    this.#members.set(member.memberId, member);
    // Whoever repeats a join while its answer is out, has lost that answer; only a leader's join asks for a new round.
    const isRepeat = this.#state === "completing" || (this.#state === "stable" && member.memberId !== this.#leader);
    if (!changed && isRepeat) {
      this.#keepAlive(member);
      return Promise.resolve(this.#welcome(member));
    }
    return new Promise((resolve) => {
      member.joining?.(this.#refusal(member.memberId, ERROR.rebalanceInProgress)); // its older request, given up by now
      member.joining = resolve;
      this.#keepAlive(member);
      if (this.#state !== "preparing") this.#prepare();
      this.#completeWhenAllJoined();
    });
  }

  sync(memberId: string, generation: number, assignments: ReadonlyMap<string, Buffer>): Promise<SyncAnswer> {
    const error = this.check(memberId, generation);
    if (error !== ERROR.none) return Promise.resolve({ error, assignment: NOTHING });
    const member = this.#members.get(memberId)!;
    if (this.#state === "preparing") {
      return Promise.resolve({ error: ERROR.rebalanceInProgress, assignment: NOTHING });
    }
    if (this.#state === "stable") {
      this.#keepAlive(member);
      return Promise.resolve({ error: ERROR.none, assignment: member.assignment });
    }
    return new Promise((resolve) => {
      member.syncing?.({ error: ERROR.rebalanceInProgress, assignment: NOTHING });
      member.syncing = resolve;
      this.#keepAlive(member);
      if (memberId === this.#leader) this.#settle(assignments);
    });
  }

  heartbeat(memberId: string, generation: number): number {
    const error = this.check(memberId, generation);
    if (error !== ERROR.none) return error;
    this.#keepAlive(this.#members.get(memberId)!);
    return this.#state === "preparing" ? ERROR.rebalanceInProgress : ERROR.none;
  }

  leave(memberId: string): number {
    const invitation = this.#invited.get(memberId);
    if (invitation) {
      clearTimeout(invitation);
      this.#invited.delete(memberId);
      this.#completeWhenAllJoined();
      return ERROR.none;
    }
    const member = this.#members.get(memberId);
    if (!member) return ERROR.unknownMemberId;
    this.#remove([member], "left");
    return ERROR.none;
  }

  /** Is it a member of this generation? */
  check(memberId: string, generation: number): number {
    if (!this.#members.has(memberId)) return ERROR.unknownMemberId;
    return generation === this.#generation ? ERROR.none : ERROR.illegalGeneration;
  }

  describe(): GroupDescription {
    const agreed = this.#state === "stable";
    return {
      state: this.#state,
      protocolType: this.#everybody()[0]?.protocolType ?? "",
      protocol: agreed ? this.#protocol : "",
      members: this.#everybody().map((member) => ({
        memberId: member.memberId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        metadata: agreed ? metadataOf(member, this.#protocol) : NOTHING,
        assignment: agreed ? member.assignment : NOTHING,
      })),
    };
  }

  /** Nobody waits and no timer runs afterwards. */
  close(): void {
    this.#noDeadline();
    for (const timer of this.#invited.values()) clearTimeout(timer);
    for (const member of this.#members.values()) {
      clearTimeout(member.session);
      member.session = undefined;
      member.joining?.(this.#refusal(member.memberId, ERROR.coordinatorNotAvailable));
      member.syncing?.({ error: ERROR.coordinatorNotAvailable, assignment: NOTHING });
    }
  }

  #prepare(): void {
    this.#gathering = this.#state === "empty";
    this.#state = "preparing";
    for (const member of this.#members.values()) {
      member.assignment = NOTHING;
      if (!member.syncing) continue;
      member.syncing({ error: ERROR.rebalanceInProgress, assignment: NOTHING });
      member.syncing = undefined;
      this.#keepAlive(member);
    }
    if (this.#gathering) this.#gather(this.#longestRebalance());
    else this.#deadlineIn(this.#longestRebalance(), () => this.#complete());
  }

  /** Waits once more each time somebody came meanwhile, as long as the rebalance may take. */
  #gather(leftMs: number): void {
    const [waitMs, before] = [Math.min(this.#options.initialDelayMs, leftMs), this.#members.size];
    this.#deadlineIn(waitMs, () => {
      if (this.#members.size > before && leftMs > waitMs) return this.#gather(leftMs - waitMs);
      this.#gathering = false;
      this.#deadlineIn(Math.max(0, leftMs - waitMs), () => this.#complete());
      this.#completeWhenAllJoined();
    });
  }

  #completeWhenAllJoined(): void {
    if (this.#state !== "preparing" || this.#gathering || this.#invited.size > 0) return;
    if (this.#everybody().every((member) => member.joining)) this.#complete();
  }

  /** Everybody has joined, or the time for it is over: who has not is out. */
  #complete(): void {
    this.#noDeadline();
    for (const member of this.#everybody().filter((one) => !one.joining)) this.#forget(member);
    this.#generation += 1;
    if (this.#members.size === 0) {
      this.#state = "empty";
      this.#options.store.forget(this.id);
      this.#options.log(`group ${this.id}: empty`);
      return;
    }
    this.#state = "completing";
    this.#protocol = voted(this.#everybody());
    if (!this.#members.has(this.#leader)) this.#leader = [...this.#members.keys()][0]!;
    this.#options.log(`group ${this.id}: generation ${this.#generation}, ${this.#members.size} member(s)`);
    for (const member of this.#members.values()) {
      member.joining?.(this.#welcome(member));
      member.joining = undefined;
      this.#keepAlive(member);
    }
    this.#deadlineIn(this.#longestRebalance(), () => {
      this.#remove(
        this.#everybody().filter((member) => !member.syncing),
        "did not sync",
      );
    });
  }

  #settle(assignments: ReadonlyMap<string, Buffer>): void {
    this.#noDeadline();
    this.#state = "stable";
    for (const member of this.#members.values()) member.assignment = assignments.get(member.memberId) ?? NOTHING;
    this.#options.store.keep(this.#sharedOut()); // before anybody hears of it
    for (const member of this.#members.values()) {
      member.syncing?.({ error: ERROR.none, assignment: member.assignment });
      member.syncing = undefined;
      this.#keepAlive(member);
    }
  }

  #remove(members: readonly Member[], why: string): void {
    for (const member of members) {
      this.#forget(member);
      this.#options.log(`group ${this.id}: ${member.memberId} ${why}`);
    }
    if (this.#state === "completing" || this.#state === "stable") this.#prepare();
    this.#completeWhenAllJoined();
  }

  #forget(member: Member): void {
    clearTimeout(member.session);
    member.session = undefined;
    this.#members.delete(member.memberId);
    member.joining?.(this.#refusal(member.memberId, ERROR.unknownMemberId));
    member.syncing?.({ error: ERROR.unknownMemberId, assignment: NOTHING });
  }

  /** It has been heard of: its session begins anew. Whoever waits for us is alive anyway. */
  #keepAlive(member: Member): void {
    clearTimeout(member.session);
    member.session = undefined;
    if (member.joining || member.syncing) return;
    const session = afterReading(member.sessionTimeoutMs, () => {
      if (member.session === session) this.#remove([member], "was not heard of in time");
    });
    member.session = session;
  }

  #deadlineIn(ms: number, then: () => void): void {
    clearTimeout(this.#deadline);
    const deadline = afterReading(ms, () => {
      if (this.#deadline === deadline) then();
    });
    this.#deadline = deadline;
  }

  #noDeadline(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  #longestRebalance(): number {
    return Math.max(0, ...this.#everybody().map((member) => member.rebalanceTimeoutMs));
  }

  #everybody(): readonly Member[] {
    return [...this.#members.values()];
  }

  #sharedOut(): Generation {
    const members = this.#everybody().map((member) => ({
      memberId: member.memberId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      sessionTimeoutMs: member.sessionTimeoutMs,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      protocolType: member.protocolType,
      protocols: [{ name: this.#protocol, metadata: metadataOf(member, this.#protocol) }],
      assignment: member.assignment,
    }));
    return { group: this.id, generation: this.#generation, protocol: this.#protocol, leader: this.#leader, members };
  }

  #welcome(member: Member): JoinAnswer {
    const everybody = this.#everybody().map((one) => ({
      memberId: one.memberId,
      metadata: metadataOf(one, this.#protocol),
    }));
    return {
      error: ERROR.none,
      generation: this.#generation,
      protocol: this.#protocol,
      leader: this.#leader,
      memberId: member.memberId,
      members: member.memberId === this.#leader ? everybody : [],
    };
  }

  #refusal(memberId: string, error: number): JoinAnswer {
    return { error, generation: -1, protocol: "", leader: "", memberId, members: [] };
  }
}

/** What arrived before the time was over counts, also when this process was paused meanwhile and reads it only now. */
function afterReading(ms: number, then: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(then), ms);
}
