// The control port of a program of ours, from outside: what it is told to do to itself, and what it says that it does.
import { type Control, NO_REPLICATION_FAULT, type ReplicationFault } from "../../model/fault.ts";
import { StackError } from "../../model/problem.ts";
import { httpTo } from "./http.ts";
import type { ControlPort } from "./roles.ts";

export interface RemoteControl {
  /** undefined: nobody tells. */
  ask(): Promise<Control | undefined>;
  /** Resolves once it has said that it does so. */
  tell(control: Control): Promise<void>;
  /** Drops connections that were kept. */
  reset(): void;
}

/** Generous: it only decides how long one that hangs is waited for, and one that is busy is not taken for that. */
const ASK_MS = 2_000;
const TELL_MS = 2_000;
/** It measures how far its clock is off, so what it says is nearly what it was told. */
const SKEW_TOLERANCE_MS = 5;

export function remoteControl({ address, token }: ControlPort): RemoteControl {
  const http = httpTo(address);
  const headers = { authorization: `Bearer ${token}` };
  return {
    async ask() {
      try {
        const { status, body } = await http.request("/control", { headers, timeoutMs: ASK_MS });
        return status === 200 && isControl(body) ? controlOf(body) : undefined;
      } catch {
        return undefined; // it is ending, starting or too busy: asked again with the next look
      }
    },
    async tell(control) {
      const init = { method: "PUT", headers, body: controlOf(control), timeoutMs: TELL_MS };
      const { status, body } = await http.request("/control", init);
      if (status === 200 && isControl(body) && obeys(body, control)) return;
      throw new StackError(`the control port at ${address} answered ${status}: ${JSON.stringify(body)}`);
    },
    reset: () => http.reset(),
  };
}

/** It says more of itself than a Control. */
const controlOf = ({ hold, skewMs, replication }: Control): Control => ({ hold, skewMs, replication });

function obeys(is: Control, wish: Control): boolean {
  if (is.hold !== wish.hold || Math.abs(is.skewMs - wish.skewMs) > SKEW_TOLERANCE_MS) return false;
  const sources = new Set([...Object.keys(is.replication), ...Object.keys(wish.replication)]);
  return [...sources].every((source) => {
    const [one, other] = [is, wish].map(({ replication }) => replication[source] ?? NO_REPLICATION_FAULT);
    return FAULT_FIELDS.every((field) => one![field] === other![field]);
  });
}

const FAULT_FIELDS = Object.keys(NO_REPLICATION_FAULT) as readonly (keyof ReplicationFault)[];

function isControl(body: unknown): body is Control {
  return (
    isRecord(body) &&
    typeof body["hold"] === "boolean" &&
    typeof body["skewMs"] === "number" &&
    isRecord(body["replication"]) &&
    Object.values(body["replication"]).every(isFault)
  );
}

function isFault(value: unknown): value is ReplicationFault {
  return isRecord(value) && FAULT_FIELDS.every((field) => typeof value[field] === typeof NO_REPLICATION_FAULT[field]);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
