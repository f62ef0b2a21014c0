// What an operator would graph, in Prometheus' text format. Gauges are asked when somebody reads them, not before.
import { Counter, Gauge, Histogram, Registry } from "prom-client";

export interface Metrics {
  contentType: string;
  text(): Promise<string>;
  request(method: string, route: string, status: number, seconds: number): void;
  applied(source: string): void;
  conflict(kind: string): void;
}

export interface Gauges {
  backlog(): Promise<number>;
  lag(): Readonly<Record<string, number>>;
}

export function createMetrics(region: string, gauges: Gauges): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ region });
  const registers = [registry];
  const requests = new Counter({
    name: "regionctl_http_requests_total",
    help: "Requests answered, by route and status",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const latency = new Histogram({
    name: "regionctl_http_request_seconds",
    help: "Time to answer",
    labelNames: ["method", "route"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const applied = new Counter({
    name: "regionctl_events_applied_total",
    help: "Writes of other regions consumed, by source",
    labelNames: ["source"],
    registers,
  });
  const conflicts = new Counter({
    name: "regionctl_conflicts_total",
    help: "Conflicts found by this process, by kind",
    labelNames: ["kind"],
    registers,
  });
  registry.registerMetric(
    new Gauge({
      name: "regionctl_outbox_events",
      help: "Events committed and not published yet; NaN when the database does not answer",
      registers: [],
      async collect() {
        this.set(await gauges.backlog().catch(() => Number.NaN));
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "regionctl_replication_lag_seconds",
      help: "How far this region is behind, by source",
      labelNames: ["source"],
      registers: [],
      collect() {
        for (const [source, seconds] of Object.entries(gauges.lag())) this.set({ source }, seconds);
      },
    }),
  );
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request(method, route, status, seconds) {
      requests.inc({ method, route, status });
      latency.observe({ method, route }, seconds);
    },
    applied: (source) => applied.inc({ source }),
    conflict: (kind) => conflicts.inc({ kind }),
  };
}
