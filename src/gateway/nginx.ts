// The same rules as NGINX's configuration. Every directive that looks odd was measured; its comment says what goes wrong without it.
import * as answers from "./answers.ts";
import { bodyOf, type OwnAnswer } from "./answers.ts";
import { configProblem } from "./config.ts";
import { DIAGNOSTICS, READS, homeOf, prefixesOf, regionsFrom, upstreamsOf } from "./route.ts";
import type { GatewayConfig } from "./route.ts";

export interface NginxOptions {
  port: number;
  /** A path: "/dev/stdout" in a container. */
  accessLog: string;
}

export function renderNginx(config: GatewayConfig, options: NginxOptions): string {
  const problem = configProblem(config);
  if (problem !== undefined) throw new Error(`cannot render a configuration for NGINX: ${problem}`);
  return `# The gateway: rendered by regionctl from the routes of the topology. Change those, not this file.
worker_processes 1;
error_log stderr warn;

events { worker_connections 4096; }

http {
  server_tokens off;
  default_type application/json;
  log_format gateway '$time_iso8601 $remote_addr "$request" $status $body_bytes_sent request_time=$request_time '
                     'upstream_addr="$upstream_addr" upstream_status="$upstream_status" '
                     'upstream_response_time="$upstream_response_time"';
  access_log ${options.accessLog} gateway;

  map $request_method $iswrite { ${READS.map((method) => `${method} 0;`).join(" ")} default 1; }
  # Volatile: it is asked again after every attempt, and a map otherwise remembers its first answer.
  map $upstream_bytes_sent $unsent { volatile; "~^[-0 ,:]*$" 1; default 0; }
  map "$iswrite$unsent" $maybedone { volatile; 10 1; default 0; }

${indent(
  2,
  homesOf(config)
    .map((home) => upstreamBlocks(config, home))
    .join("\n"),
)}

  server {
    listen ${options.port};
    client_max_body_size ${answers.BODY_LIMIT_BYTES};
    client_body_buffer_size ${answers.BODY_LIMIT_BYTES};
    client_header_timeout 5s;
    client_body_timeout 5s;
    keepalive_timeout 75s;
    keepalive_requests 1000000;
    recursive_error_pages on;

    # A connection per request: a kept one may be dead without NGINX knowing, and then a write counts as sent.
    proxy_http_version 1.1;
    proxy_connect_timeout ${answers.CONNECT_MS}ms;
    proxy_send_timeout ${answers.FIRST_BYTE_MS}ms;
    proxy_read_timeout ${answers.FIRST_BYTE_MS}ms;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;

    # X-Served-By is the backend's. On an answer passed through, X-Upstream-Sent is 0: it counts only on NGINX's own.
    proxy_hide_header X-Upstream-Addr;
    proxy_hide_header X-Upstream-Sent;
    add_header X-Upstream-Addr $upstream_addr always;
    add_header X-Upstream-Sent $upstream_bytes_sent always;

${indent(
  4,
  prefixesOf(config)
    .map((prefix) => prefixLocations(config, prefix))
    .join("\n"),
)}
${indent(
  4,
  homesOf(config)
    .map((home) => `${lastLocation(home)}\n${writeLocations(config, home)}`)
    .join("\n"),
)}
    location / { ${returns(answers.unknownPrefix(config))} }
    location @too_large { ${returns(answers.TOO_LARGE)} }
    location @no_region {
      if ($maybedone) { ${returns(answers.MAYBE_DONE)} }
      ${returns(answers.NO_REGION)}
    }
    location @region_silent {
      if ($maybedone) { ${returns(answers.MAYBE_DONE)} }
      ${returns(answers.REGION_SILENT)}
    }
  }
}
`;
}

/**
 * For a region: who answers its reads and the first attempt of its writes; who answers a write that could not be sent to it,
 * one block for each further attempt; who is asked before nobody answers, in rotation or not; and itself alone.
 */
function upstreamBlocks(config: GatewayConfig, home: string): string {
  const regions = regionsFrom(config, home, true);
  const chain = regions.map((_, step) => upstreamBlock(config, upstreamName(home, step), regions.slice(step)));
  const last = upstreamBlock(config, lastName(home), [...regions.slice(1), home], "max_fails=0");
  return [...chain, last, upstreamBlock(config, aloneName(home), [home])].join("\n");
}

const OUT = `max_fails=1 fail_timeout=${answers.OUT_MS / 1_000}s`;

/** The first region answers, the others stand by. An upstream of one server alone would ignore max_fails. */
function upstreamBlock(config: GatewayConfig, name: string, regions: readonly string[], fails = OUT): string {
  const servers = regions.flatMap((region, index) =>
    upstreamsOf(config, region).map(({ address }) => `  server ${address} ${fails}${index > 0 ? " backup" : ""};\n`),
  );
  return `upstream ${name} {\n  zone ${name} 64k;\n${servers.join("")}}`;
}

function prefixLocations(config: GatewayConfig, prefix: string): string {
  const home = homeOf(config, prefix);
  const pattern = `^${prefix.replaceAll(".", "\\.")}`;
  return `# What a region says of itself: no other region may answer.
location ~ ${pattern}/(${DIAGNOSTICS.join("|")})(/|$) {
  error_page 413 @too_large;
  error_page 418 = @${home}_write_alone;
  error_page 502 504 = @region_silent;
  if ($iswrite) { return 418; }
  proxy_next_upstream error timeout http_503;
  proxy_pass http://${aloneName(home)};
}
location ~ ${pattern}(/|$) {
  error_page 413 @too_large;
  error_page 418 = @${home}_write;
  error_page 502 504 = @${home}_last;
  if ($iswrite) { return 418; }
  proxy_next_upstream error timeout http_503;
  proxy_pass http://${upstreamName(home, 0)};
}`;
}

/** NGINX asks nobody who is out of rotation, also when nobody else is left. */
function lastLocation(home: string): string {
  return `location @${home}_last {
  error_page 502 504 = @no_region;
  proxy_next_upstream error timeout http_503;
  proxy_pass http://${lastName(home)};
}`;
}

/** NGINX redirects a request ten times: to its first attempt, and from its last to an answer of its own. */
const MOST_ATTEMPTS = 8;

/**
 * NGINX would repeat a PUT that was already sent, and cannot be told "refused only": so one attempt per location, each asking
 * first. At the end come those that may have been passed over because they were out of rotation, each alone, home last.
 */
function writeLocations(config: GatewayConfig, home: string): string {
  const regions = regionsFrom(config, home, true);
  const maybeOut = [...regions.slice(1, -1), ...(regions.length > 1 ? [home] : [])];
  const tail = maybeOut.slice(Math.max(0, regions.length + maybeOut.length - MOST_ATTEMPTS));
  const upstreams = [...regions.map((_, step) => upstreamName(home, step)), ...tail.map(aloneName)];
  const chain = upstreams.map((upstream, step) => {
    const next = step + 1 < upstreams.length ? writeName(home, step + 1) : "@no_region";
    const ask = step === 0 ? "" : `  if ($unsent = 0) { ${returns(answers.MAYBE_DONE)} }\n`;
    return writeLocation(writeName(home, step), next, upstream, ask);
  });
  return [...chain, writeLocation(`@${home}_write_alone`, "@region_silent", aloneName(home), "")].join("\n");
}

function writeLocation(name: string, next: string, upstream: string, ask: string): string {
  return `location ${name} {
  error_page 413 @too_large;
  error_page 502 504 = ${next};
${ask}  proxy_next_upstream off;
  proxy_pass http://${upstream};
}`;
}

const upstreamName = (home: string, step: number) => (step === 0 ? `region_${home}` : `region_${home}_then_${step}`);
const lastName = (home: string) => `region_${home}_last`;
const aloneName = (home: string) => `region_${home}_alone`;
const writeName = (home: string, step: number) => (step === 0 ? `@${home}_write` : `@${home}_write_then_${step}`);
const homesOf = (config: GatewayConfig) => [...new Set(Object.values(config.routes))];
const returns = (answer: OwnAnswer) => `return ${answer.status} '${bodyOf(answer)}';`;
const indent = (spaces: number, text: string) => text.replaceAll(/^(?=.)/gm, " ".repeat(spaces));
