// A workload is data: how "read key 7 in us" becomes a request, and where in the answer the value, the version and the
// state lie. So a user's own service needs no code of ours.
import type { Reply } from "../model/cluster.ts";
import { at as valueAt } from "../model/path.ts";
import type { RequestTemplate, Workload } from "../model/topology.ts";

/** What the placeholders of a template stand for. A field whose placeholder has no value is left out. */
export interface Blanks {
  region: string;
  key: string;
  value?: unknown;
  id?: string;
  /** As in the history: without the quotes of an ETag. */
  state?: string;
  version?: number;
}

/** A template filled in: what goes over the wire. */
export interface FilledRequest {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: unknown;
}

/** What an answer says of a register. */
export interface Content {
  value?: unknown;
  version?: number;
  state?: string;
}

/** A request written by hand that is a read or a write of a workload. */
export interface Match {
  workload: Workload;
  region: string;
  key: string;
  kind: "read" | "write";
  value?: unknown;
  id?: string;
  basis?: string;
  expected?: number;
}

const PLACEHOLDER = /\$\{([^}]*)\}/g;
const ONE_PLACEHOLDER = /^\$\{([^}]*)\}$/;

/** There is nothing to fill in: the field is left out. */
const ABSENT = Symbol("absent");

export function fill(workload: Workload, kind: "read" | "write", blanks: Blanks): FilledRequest {
  const template = workload[kind].request;
  const values = wireValues(workload, blanks);
  const body = template.body === undefined ? ABSENT : filled(template.body, values);
  return {
    method: template.method,
    path: filledPath(template.path, values),
    headers: filledHeaders(template, values),
    ...(body === ABSENT ? {} : { body }),
  };
}

/** Reads an answer by the workload's paths; `place` is where the register lies when that is not the whole body. */
export function contentOf(workload: Workload, reply: Reply, place = "body"): Content {
  const seen: Reply = { ...reply, body: valueAt(reply, place) };
  const version = valueAt(seen, versionPath(workload));
  const state = workload.read.state === undefined ? undefined : valueAt(seen, workload.read.state);
  return {
    value: valueAt(seen, workload.read.value),
    version: typeof version === "number" ? version : undefined,
    state: state === undefined || state === null ? undefined : withoutQuotes(String(state)),
  };
}

/** Is this request, written by hand in a scenario, a read or a write of one of the workloads? */
export function matchRequest(
  workloads: Readonly<Record<string, Workload>>,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Match | undefined {
  for (const workload of Object.values(workloads)) {
    for (const kind of ["read", "write"] as const) {
      const place = matchPath(workload, kind, method, path);
      if (place === undefined) continue;
      return kind === "read"
        ? { workload, kind, ...place }
        : { workload, kind, ...place, ...whatIsWritten(workload, body, headers) };
    }
  }
  return undefined;
}

/** An ETag's text without its quotes: what the history calls a state. */
export function withoutQuotes(text: string): string {
  return text.replace(/^(?:W\/)?"(.*)"$/, "$1");
}

/** The answer's version lies in `body.version` unless the workload says otherwise. */
const versionPath = (workload: Workload) => workload.read.version ?? "body.version";

/** A state that came from an ETag goes back as one. */
const sentAsETag = (workload: Workload) => /^headers?\.etag$/i.test(workload.read.state ?? "");

function wireValues(workload: Workload, blanks: Blanks): ReadonlyMap<string, unknown> {
  const { state } = blanks;
  return new Map<string, unknown>([
    ["region", blanks.region],
    ["key", Number(blanks.key)], // the keys of a workload are a range of numbers
    ["value", blanks.value],
    ["id", blanks.id],
    ["state", state !== undefined && sentAsETag(workload) ? `"${state}"` : state],
    ["version", blanks.version],
  ]);
}

function lookUp(name: string, values: ReadonlyMap<string, unknown>): unknown {
  if (!values.has(name))
    throw new Error(`a workload has no placeholder "\${${name}}"; it can use ${[...values.keys()].join(", ")}`);
  return values.get(name) ?? ABSENT;
}

function filled(template: unknown, values: ReadonlyMap<string, unknown>): unknown {
  if (typeof template === "string") return filledText(template, values);
  if (Array.isArray(template)) return template.map((part) => filled(part, values)).filter((part) => part !== ABSENT);
  if (template === null || typeof template !== "object") return template;
  const fields = Object.entries(template).map(([name, part]) => [name, filled(part, values)] as const);
  return Object.fromEntries(fields.filter(([, part]) => part !== ABSENT));
}

function filledText(template: string, values: ReadonlyMap<string, unknown>): unknown {
  const only = ONE_PLACEHOLDER.exec(template);
  if (only) return lookUp(only[1]!, values);
  let complete = true;
  const text = template.replaceAll(PLACEHOLDER, (_, name: string) => {
    const value = lookUp(name, values);
    if (value === ABSENT) complete = false;
    return String(value === ABSENT ? "" : value);
  });
  return complete ? text : ABSENT;
}

function filledHeaders(template: RequestTemplate, values: ReadonlyMap<string, unknown>): Record<string, string> {
  const headers: Record<string, string> = {};
  if (template.body !== undefined) headers["content-type"] = "application/json";
  for (const [name, text] of Object.entries(template.headers)) {
    const value = filledText(text, values);
    if (value !== ABSENT) headers[name.toLowerCase()] = String(value);
  }
  return headers;
}

function filledPath(template: string, values: ReadonlyMap<string, unknown>): string {
  return template.replaceAll(PLACEHOLDER, (whole, name: string) => {
    const value = lookUp(name, values);
    if (value === ABSENT) throw new Error(`the path ${template} needs ${whole}, which has no value here`);
    return encodeURIComponent(String(value));
  });
}

function matchPath(workload: Workload, kind: "read" | "write", method: string, path: string) {
  const template = workload[kind].request;
  if (template.method.toUpperCase() !== method.toUpperCase()) return undefined;
  const match = pathPattern(template.path).exec(path);
  const region = match?.groups?.region;
  const key = Number(match?.groups?.key);
  // Only its own keys: what lies beside the range is a stranger's, and the final reads would not look there.
  if (region === undefined || !(key >= workload.keys.from && key <= workload.keys.to)) return undefined;
  return { region, key: String(key) };
}

function pathPattern(template: string): RegExp {
  const pattern = template
    .split(/(\$\{[^}]*\})/)
    .map((part) => PATTERNS[part] ?? part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
    .join("");
  return new RegExp(`^${pattern}$`);
}

const PATTERNS: Readonly<Record<string, string>> = {
  "${region}": "(?<region>[a-z][a-z0-9-]*)",
  "${key}": String.raw`(?<key>\d{1,15})`,
};

/** The template read backwards: what stands where its placeholders stand. */
function whatIsWritten(workload: Workload, body: unknown, headers: Readonly<Record<string, string>>) {
  const template = workload.write.request;
  const found = new Map<string, unknown>();
  const lower = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name.toLowerCase(), text]));
  for (const [name, text] of Object.entries(template.headers)) collect(text, lower[name.toLowerCase()], found);
  collect(template.body, body, found);
  const id = found.get("id");
  const state = found.get("state");
  const version = found.get("version");
  return {
    value: found.get("value"),
    id: id === undefined ? undefined : String(id),
    basis: state === undefined ? undefined : withoutQuotes(String(state)),
    expected: typeof version === "number" ? version : undefined,
  };
}

function collect(template: unknown, sent: unknown, found: Map<string, unknown>): void {
  if (sent === undefined || sent === null) return;
  if (typeof template === "string") {
    const name = ONE_PLACEHOLDER.exec(template)?.[1];
    if (name !== undefined) found.set(name, sent);
  } else if (template !== null && typeof template === "object" && typeof sent === "object") {
    const fields = new Map(Object.entries(sent));
    for (const [name, part] of Object.entries(template)) collect(part, fields.get(name), found);
  }
}
