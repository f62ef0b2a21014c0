// What a gateway says in its own name. One text for the embedded gateway and NGINX, so that clients see no difference.
import type { GatewayConfig } from "./route.ts";

export const BODY_LIMIT_BYTES = 64 * 1024;
export const CONNECT_MS = 250;
/** From the request being sent to the head of the answer, and between two pieces of its body. */
export const FIRST_BYTE_MS = 1_000;
/** How long one failure keeps an upstream out of rotation. */
export const OUT_MS = 1_000;

export interface OwnAnswer {
  status: number;
  detail: string;
}

export const NO_REGION: OwnAnswer = {
  status: 503,
  detail: "No region answered, and the request had no effect. Try again in a second.",
};

export const REGION_SILENT: OwnAnswer = {
  status: 503,
  detail: "This region does not answer, and no other region may answer for it here. Try again in a second.",
};

export const MAYBE_DONE: OwnAnswer = {
  status: 502,
  detail:
    "A backend was sent this request and did not answer: it may or may not have had its effect. " +
    "Read before you repeat it, or repeat it in the same region with the same X-Request-ID.",
};

export const TOO_LARGE: OwnAnswer = {
  status: 413,
  detail: `The body is larger than ${BODY_LIMIT_BYTES} bytes. Send a smaller one.`,
};

export function unknownPrefix(config: GatewayConfig): OwnAnswer {
  return {
    status: 404,
    detail: `No region is at this path. Paths begin with ${Object.keys(config.routes).join(" or ")}.`,
  };
}

export const bodyOf = (answer: OwnAnswer): string => JSON.stringify({ detail: answer.detail });
