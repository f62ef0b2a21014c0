// What a client may send, checked by hand: one readable sentence for whatever is wrong, nothing else reaches the store.
import { createHash } from "node:crypto";
import { parseVector, type Vector } from "../conflict/vector.ts";

/** numeric(11,2): more than any property costs, and exact as a number. */
const GREATEST_PRICE = 999_999_999.99;
const GREATEST_INTEGER = 2_147_483_647;
const LONGEST_ID = 200;
const LONGEST_ETAG = 1_000;

/** Wrong input; answered with this status and sentence. */
export class Refusal extends Error {
  override name = "Refusal";
  constructor(
    readonly status: 400 | 404,
    detail: string,
  ) {
    super(detail);
  }
}

export interface PutRequest {
  id: number;
  price: number;
  /** What the client believes is there: at least one of the two. */
  version: number | null;
  state: Vector | null;
  requestId: string | null;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export function parsePut(id: string, body: unknown, headers: Headers): PutRequest {
  const request = {
    id: parseId(id),
    ...parseBody(body),
    state: parseIfMatch(headers["if-match"]),
    requestId: parseRequestId(headers["x-request-id"]),
  };
  if (request.version === null && request.state === null)
    throw new Refusal(
      400,
      'Say what you expect to replace: "version" in the body, or an If-Match header with the ETag',
    );
  return request;
}

export function parseId(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text) && Number(text) <= GREATEST_INTEGER) return Number(text);
  throw new Refusal(400, `Property id must be a whole number from 1 to ${GREATEST_INTEGER}, not ${quoted(text)}`);
}

/** What a repeat must be a repeat of: method, property and body; never the region, nor what the client expected to meet by If-Match. */
export function fingerprintOf({ id, price, version }: PutRequest): string {
  return createHash("sha256")
    .update(JSON.stringify(["PUT", id, { price, version }]))
    .digest("hex");
}

/** A whole number in the query: `limit`, `after`. */
export function parseCount(
  query: unknown,
  name: string,
  { least, greatest, otherwise }: { least: number; greatest: number; otherwise: number },
): number {
  const text = (query as Readonly<Record<string, unknown>>)[name];
  if (text === undefined) return otherwise;
  if (typeof text === "string" && /^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= greatest)
    return Number(text);
  throw new Refusal(400, `${name} must be a whole number from ${least} to ${greatest}, not ${quoted(text)}`);
}

function parseBody(body: unknown): { price: number; version: number | null } {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new Refusal(400, 'The body must be a JSON object like {"price": 500000.00, "version": 1}');
  const unknown = Object.keys(body).find((name) => name !== "price" && name !== "version");
  if (unknown !== undefined)
    throw new Refusal(400, `Unknown field ${quoted(unknown)}: only price and version can be sent`);
  const { price, version } = body as { price?: unknown; version?: unknown };
  return { price: parsePrice(price), version: parseVersion(version) };
}

function parsePrice(price: unknown): number {
  if (typeof price !== "number" || !Number.isFinite(price) || price < 0 || price > GREATEST_PRICE)
    throw new Refusal(400, `price must be a number from 0 to ${GREATEST_PRICE}, not ${quoted(price)}`);
  if (Number(price.toFixed(2)) !== price)
    throw new Refusal(400, `price must have at most two decimals, not ${quoted(price)}`);
  // -0 is 0: JSON can say it, a price cannot.
  return price === 0 ? 0 : price;
}

function parseVersion(version: unknown): number | null {
  if (version === undefined) return null;
  if (Number.isInteger(version) && Number(version) >= 1 && Number(version) <= GREATEST_INTEGER) return Number(version);
  throw new Refusal(400, `version must be a whole number from 1 to ${GREATEST_INTEGER}, not ${quoted(version)}`);
}

function parseIfMatch(header: string | readonly string[] | undefined): Vector | null {
  if (header === undefined) return null;
  const state = typeof header === "string" && header.length <= LONGEST_ETAG ? parseVector(header.trim()) : undefined;
  if (state === undefined)
    throw new Refusal(400, `If-Match must be an ETag that was answered here, like "us:1,eu:0", not ${quoted(header)}`);
  return state;
}

function parseRequestId(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === "string" && header.length <= LONGEST_ID && /^[\x21-\x7e]+$/.test(header)) return header;
  throw new Refusal(400, `X-Request-ID must be 1 to ${LONGEST_ID} visible ASCII characters without spaces`);
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
