// Two writes of one row at once, in two regions, on the same basis: what a conflict is made of. From a workload's own templates,
// as requests to send and as the steps of a scenario that send the same.
import type { Workload } from "../model/topology.ts";

export interface ConflictPlan {
  workload: Workload;
  /** The first one is also where the row is read before. */
  regions: readonly [string, string];
  key: string;
  values: readonly [unknown, unknown];
}

export interface ConflictSteps {
  /** Looks at the row, and keeps what both writes must have seen. */
  read: Readonly<Record<string, unknown>>;
  writes: { together: readonly Readonly<Record<string, unknown>>[] };
}

/** Pure. The idempotency key is left out: it would be the same whenever the scenario is played again. */
export function conflictSteps({ workload, regions, key, values }: ConflictPlan): ConflictSteps {
  const { read, write } = workload;
  const save = Object.fromEntries(
    Object.entries({ state: read.state, version: read.version ?? "body.version" }).filter(
      ([name, place]) => place !== undefined && JSON.stringify(write.request).includes(`\${${name}}`),
    ),
  );
  const saved = new Map(Object.keys(save).map((name) => [name, `\${${name}}`]));
  const filled = (template: unknown, values: Values) =>
    withFilled(template, new Map<string, unknown>([...saved, ...values]));
  const first: Values = new Map<string, unknown>([
    ["region", regions[0]],
    ["key", Number(key)],
  ]);
  const target = ({ method, path }: Workload["read"]["request"], values: Values) => `${method} ${filled(path, values)}`;
  const headersOf = (template: Readonly<Record<string, string>>, values: Values) =>
    Object.entries(filled(template, values) as object).map(([name, text]) => [name, String(text)] as const);
  const step = (request: Workload["read"]["request"], values: Values) => {
    const headers = Object.fromEntries(headersOf(request.headers, values));
    return {
      request: target(request, values),
      ...(Object.keys(headers).length > 0 && { headers }),
      ...(request.body !== undefined && { body: filled(request.body, values) }),
    };
  };
  return {
    read: { ...step(read.request, first), ...(saved.size > 0 && { save }) },
    writes: {
      together: regions.map((region, i) =>
        step(write.request, new Map<string, unknown>([...first, ["region", region], ["value", values[i]]])),
      ),
    },
  };
}

type Values = ReadonlyMap<string, unknown>;

/** A field whose placeholder stands for nothing here is left out, as for any client. */
function withFilled(template: unknown, values: Values): unknown {
  if (typeof template === "string") return filledText(template, values);
  if (Array.isArray(template)) {
    return template.map((part) => withFilled(part, values)).filter((part) => part !== undefined);
  }
  if (template === null || typeof template !== "object") return template;
  const fields = Object.entries(template).map(([name, part]) => [name, withFilled(part, values)] as const);
  return Object.fromEntries(fields.filter(([, part]) => part !== undefined));
}

function filledText(template: string, values: Values): unknown {
  const only = /^\$\{([^}]*)\}$/.exec(template);
  if (only) return values.get(only[1]!);
  const names = [...template.matchAll(/\$\{([^}]*)\}/g)].map(([, name]) => name!);
  if (names.some((name) => values.get(name) === undefined)) return undefined;
  return template.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => String(values.get(name)));
}
