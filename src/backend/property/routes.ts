// The property system's own endpoints: read one, page through all, PUT under a version.
import type { FastifyInstance, FastifyReply } from "fastify";
import { etagOf, versionOf } from "../conflict/vector.ts";
import type { Answer, Row, Store } from "../ports.ts";
import type { ReadProperty } from "../stale.ts";
import { parseCount, parseId, parsePut, Refusal, type PutRequest } from "./schema.ts";
import type { PutResult, Writing } from "./write.ts";

const PAGE = { least: 1, greatest: 500, otherwise: 50 };

interface Params {
  region: string;
  id: string;
}

export function propertyRoutes(
  http: FastifyInstance,
  { regions }: Pick<Writing, "regions">,
  store: Pick<Store, "properties"> & { read: ReadProperty },
  put: (request: PutRequest) => Promise<PutResult>,
): void {
  http.route<{ Params: Params }>({
    method: "GET",
    url: "/:region/properties/:id",
    handler: async (request, reply) => {
      const id = parseId(request.params.id);
      const row = await store.read(id, request.params.region);
      if (row === undefined) throw missing(id);
      return reply.header("etag", etagOf(row.seen, regions)).send(present(row));
    },
  });

  http.route({
    method: "GET",
    url: "/:region/properties",
    handler: async (request) => {
      const limit = parseCount(request.query, "limit", PAGE);
      const after = parseCount(request.query, "after", { least: 0, greatest: 2_147_483_647, otherwise: 0 });
      // One more than asked tells whether there is a next page.
      const rows = await store.properties(after, limit + 1);
      const page = rows.slice(0, limit);
      return { properties: page.map(present), next: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
  });

  http.route<{ Params: Params }>({
    method: "PUT",
    url: "/:region/properties/:id",
    handler: async (request, reply) => {
      const wanted = parsePut(request.params.id, request.body, request.headers);
      const result = await put(wanted);
      return ANSWERS[result.kind](reply, result as never, wanted.id);
    },
  });
}

type Answers = {
  [K in PutResult["kind"]]: (reply: FastifyReply, result: Extract<PutResult, { kind: K }>, id: number) => FastifyReply;
};

const ANSWERS: Answers = {
  done: (reply, { answer }) => withState(reply, answer).send(answer.body),
  repeated: (reply, { answer }) =>
    withState(reply, answer).code(422).send({ detail: "Duplicate request", original_response: answer.body }),
  reused: (reply) =>
    reply.code(422).send({ detail: "X-Request-ID was used for a different request: send a new one with each request" }),
  missing: (_reply, _result, id) => {
    throw missing(id);
  },
  refused: (reply, { detail }) => reply.code(409).send({ detail }),
};

function withState(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.header("etag", answer.etag);
}

function missing(id: number): Refusal {
  return new Refusal(404, `Property ${id} not found`);
}

function present(row: Row) {
  return {
    id: row.id,
    price: row.write.value,
    bedrooms: row.bedrooms,
    bathrooms: row.bathrooms,
    region_origin: row.regionOrigin,
    version: versionOf(row.seen),
    updated_at: new Date(row.write.at).toISOString(),
  };
}
