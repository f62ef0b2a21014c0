// The control port of a program of ours, from outside: what it is told to do to itself, and what it says that it does.
import type { Control } from "../../model/fault.ts";
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

const ASK_MS = 500;
const TELL_MS = 2_000;

export function remoteControl({ address, token }: ControlPort): RemoteControl {
  const http = httpTo(address);
  const headers = { authorization: `Bearer ${token}` };
  return {
    async ask() {
      try {
        const { status, body } = await http.request("/control", { headers, timeoutMs: ASK_MS });
        return status === 200 && isControl(body) ? { hold: body.hold } : undefined;
      } catch {
        return undefined; // it is ending, starting or too busy: asked again with the next look
      }
    },
    async tell({ hold }) {
      const init = { method: "PUT", headers, body: { hold }, timeoutMs: TELL_MS };
      const { status, body } = await http.request("/control", init);
      if (status === 200 && isControl(body) && body.hold === hold) return;
      throw new StackError(`the control port at ${address} answered ${status}: ${JSON.stringify(body)}`);
    },
    reset: () => http.reset(),
  };
}

function isControl(body: unknown): body is Control {
  return typeof body === "object" && body !== null && "hold" in body && typeof body.hold === "boolean";
}
