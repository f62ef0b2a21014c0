// The gateway's access log as figures: both gateways' lines, which region, what is an error, and what is of the last second.
import { describe, expect, it } from "vitest";
import { BEHIND_MS, countRequests, isError, parseAccess } from "../../src/dashboard/access.ts";
import { accessLine } from "../../src/gateway/access-log.ts";

const topology = { regions: ["us", "eu"], routes: { "/us": "us", "/eu": "eu" } };
const EPOCH = Date.UTC(2026, 2, 1);

/** A line as the embedded gateway writes it. */
const line = (request: string, status: number, tookMs: number, at = 0) =>
  accessLine(
    { client: "127.0.0.1", requestLine: request, status, bodyBytes: 12, tookMs, attempts: [] },
    new Date(EPOCH + at),
  );

const NGINX =
  '2026-03-01T00:00:00+00:00 172.18.0.1 "PUT /eu/properties/7?x=1 HTTP/1.1" 200 345 request_time=0.042 ' +
  'upstream_addr="172.18.0.3:8000" upstream_status="200" upstream_response_time="0.041"';

describe("a line of the access log", () => {
  it("is read alike from both gateways; only the embedded one tells milliseconds", () => {
    expect(parseAccess(line("GET /us/health HTTP/1.1", 200, 7, 1_234))).toEqual({
      writtenMs: EPOCH + 1_234,
      method: "GET",
      path: "/us/health",
      status: 200,
      tookMs: 7,
    });
    expect(parseAccess(NGINX)).toEqual({ method: "PUT", path: "/eu/properties/7", status: 200, tookMs: 42 });
  });

  it("that is no request, or cannot be read, is none", () => {
    for (const text of ["", "listening on 127.0.0.1:8080", line("-", 400, 1), '2026 x "GET /us', "\u0000\u0001"]) {
      expect(parseAccess(text), text).toBeUndefined();
    }
  });

  it("a quote or a line break in a path forges nothing", () => {
    const access = parseAccess(line('GET /us/"_500_\n1 HTTP/1.1', 404, 1));
    expect(access).toMatchObject({ method: "GET", status: 404 });
  });

  it("is an error when nobody answered as they should, and not when a client was refused", () => {
    expect([499, 500, 502, 503, 504].filter((status) => !isError(status))).toEqual([]);
    expect([200, 304, 404, 409, 422].filter(isError)).toEqual([]);
  });
});

describe("requests of the last second", () => {
  it("count for the region that was asked, with errors apart and latencies of the answered alone", () => {
    const requests = countRequests(topology, EPOCH);
    for (const [i, tookMs] of [10, 20, 30, 40].entries()) requests.read(line("GET /us/1 HTTP/1.1", 200, tookMs, i), 10);
    requests.read(line("PUT /us/1 HTTP/1.1", 409, 50, 5), 10);
    requests.read(line("GET /us/1 HTTP/1.1", 504, 2_000, 6), 10);
    requests.read(line("GET /eu/1 HTTP/1.1", 499, 1, 7), 10);
    requests.read(line("GET /nowhere HTTP/1.1", 404, 1, 8), 10);
    const now = 10 + BEHIND_MS;
    expect(requests.lastSecond("us", now)).toEqual({ requests: 6, errors: 1, p50Ms: 30, p99Ms: 50 });
    expect(requests.lastSecond("eu", now)).toEqual({ requests: 1, errors: 1, p50Ms: null, p99Ms: null });
    expect(requests.lastSecond("elsewhere", now)).toEqual({ requests: 0, errors: 0, p50Ms: null, p99Ms: null });
  });

  it("are steady although lines come in batches: a second of their own times, a little behind", () => {
    const requests = countRequests(topology, EPOCH);
    const counts: number[] = [];
    // 100 a second, handed over every 250 ms.
    for (let now = 250; now <= 5_000; now += 250) {
      for (let at = now - 250; at < now; at += 10) requests.read(line("GET /us/1 HTTP/1.1", 200, 1, at), now);
      if (now > 2_000) counts.push(requests.lastSecond("us", now).requests);
    }
    expect(new Set(counts)).toEqual(new Set([100]));
  });

  it("are dated by when they were read where the line tells no millisecond, or another time altogether", () => {
    const requests = countRequests(topology, EPOCH);
    requests.read(NGINX, 90_000);
    requests.read(line("GET /eu/1 HTTP/1.1", 200, 1, -3_600_000), 90_000);
    expect(requests.lastSecond("eu", 90_000 + BEHIND_MS).requests).toBe(2);
    expect(requests.lastSecond("eu", 91_001 + BEHIND_MS).requests).toBe(0);
  });

  it("count acknowledged writes, and of those no reads and no refusals", () => {
    const requests = countRequests(topology, EPOCH);
    for (const [request, status] of [
      ["PUT /us/1 HTTP/1.1", 200],
      ["POST /eu/1 HTTP/1.1", 201],
      ["PUT /us/1 HTTP/1.1", 409],
      ["GET /us/1 HTTP/1.1", 200],
    ] as const)
      requests.read(line(request, status, 1), 0);
    expect(requests.acknowledged()).toBe(2);
  });
});
