// The group coordinator: finds a member's group, checks what is asked, and forgets groups that nobody is in. What outlives a
// restart is for group-store.ts to say; committed offsets live in offsets.ts.
import { randomUUID } from "node:crypto";
import { Group, type GroupDescription, type GroupOptions } from "./group.ts";
import { NOTHING, type JoinAnswer, type Joining, type SyncAnswer } from "./member.ts";
import { ERROR } from "./protocol/errors.ts";

/** Against a client that invents groups or members without end. */
const MAX_GROUPS = 10_000;
const MAX_MEMBERS = 1_000;
/** A longer rebalance would only keep a timer that no client waits for. */
const MAX_REBALANCE_MS = 3_600_000;

export interface GroupsOptions extends GroupOptions {
  minSessionTimeoutMs: number;
  maxSessionTimeoutMs: number;
}

export class Groups {
  readonly #options: GroupsOptions;
  readonly #byId = new Map<string, Group>();
  #closed = false;

  constructor(options: GroupsOptions) {
    this.#options = options;
    for (const kept of options.store.kept) {
      this.#byId.set(kept.group, new Group(kept.group, options, kept));
      options.log(
        `group ${kept.group}: ${kept.members.length} member(s) of generation ${kept.generation} expected back`,
      );
    }
  }

  /** Those that have members, or soon will. */
  get ids(): readonly string[] {
    return [...this.#byId.keys()];
  }

  describe(groupId: string): GroupDescription | undefined {
    return this.#byId.get(groupId)?.describe();
  }

  /** False when it has members. Whoever was just invited is told to begin anew. */
  remove(groupId: string): boolean {
    const group = this.#byId.get(groupId);
    if (group && group.state !== "empty") return false;
    group?.close();
    this.#byId.delete(groupId);
    return true;
  }

  async join(groupId: string, joining: Joining): Promise<JoinAnswer> {
    const refuse = (error: number, memberId = joining.memberId): JoinAnswer => {
      this.#forgetWhenEmpty(groupId);
      return { error, generation: -1, protocol: "", leader: "", memberId, members: [] };
    };
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#options;
    if (this.#closed) return refuse(ERROR.coordinatorNotAvailable);
    if (groupId === "") return refuse(ERROR.invalidGroupId);
    if (joining.sessionTimeoutMs < minSessionTimeoutMs || joining.sessionTimeoutMs > maxSessionTimeoutMs) {
      return refuse(ERROR.invalidSessionTimeout);
    }
    if (joining.memberId === "") {
      const group = this.#byId.get(groupId) ?? this.#found(groupId);
      if (!group || group.size >= MAX_MEMBERS) return refuse(ERROR.groupMaxSizeReached);
      const memberId = `${joining.clientId.slice(0, 200)}-${randomUUID()}`;
      group.invite(memberId, joining.sessionTimeoutMs);
      return refuse(ERROR.memberIdRequired, memberId);
    }
    const group = this.#byId.get(groupId);
    if (!group?.has(joining.memberId) && !group?.isInvited(joining.memberId)) return refuse(ERROR.unknownMemberId);
    const rebalanceTimeoutMs = Math.min(Math.max(joining.rebalanceTimeoutMs, 0), MAX_REBALANCE_MS);
    return group.join({ ...joining, rebalanceTimeoutMs });
  }

  async sync(
    groupId: string,
    memberId: string,
    generation: number,
    assignments: ReadonlyMap<string, Buffer>,
  ): Promise<SyncAnswer> {
    const group = this.#byId.get(groupId);
    if (!group) return { error: ERROR.unknownMemberId, assignment: NOTHING };
    return group.sync(memberId, generation, assignments);
  }

  heartbeat(groupId: string, memberId: string, generation: number): number {
    return this.#byId.get(groupId)?.heartbeat(memberId, generation) ?? ERROR.unknownMemberId;
  }

  leave(groupId: string, memberId: string): number {
    const error = this.#byId.get(groupId)?.leave(memberId) ?? ERROR.unknownMemberId;
    this.#forgetWhenEmpty(groupId);
    return error;
  }

  /** May it commit now? Without a generation it speaks for no member, which only a group without members allows. */
  commit(groupId: string, memberId: string, generation: number): number {
    const group = this.#byId.get(groupId);
    if (generation < 0 && memberId === "" && (!group || group.state === "empty")) return ERROR.none;
    if (!group) return ERROR.unknownMemberId;
    if (group.state === "completing" && group.check(memberId, generation) === ERROR.none)
      return ERROR.rebalanceInProgress;
    const error = group.heartbeat(memberId, generation);
    // While the others join again, what was read in the old generation may still be committed.
    return error === ERROR.rebalanceInProgress ? ERROR.none : error;
  }

  close(): void {
    this.#closed = true;
    for (const group of this.#byId.values()) group.close();
  }

  #found(groupId: string): Group | undefined {
    if (this.#byId.size >= MAX_GROUPS) for (const id of this.#byId.keys()) this.#forgetWhenEmpty(id);
    if (this.#byId.size >= MAX_GROUPS) return undefined;
    const group = new Group(groupId, this.#options);
    this.#byId.set(groupId, group);
    return group;
  }

  #forgetWhenEmpty(groupId: string): void {
    const group = this.#byId.get(groupId);
    if (group?.state === "empty" && group.size === 0) this.#byId.delete(groupId);
  }
}
