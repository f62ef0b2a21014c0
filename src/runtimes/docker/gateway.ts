// The gateway's configuration for NGINX, wherever its backends are.
import { renderNginx } from "../../gateway/nginx.ts";
import { gatewayConfig } from "../../gateway/route.ts";
import type { NodeSpec, Topology } from "../../model/topology.ts";

/** `reach` says where a node is found from the gateway: by default under its own name, as in plain Compose. */
export function nginxOf(
  topology: Topology,
  port: number,
  reach: (to: NodeSpec) => string = ({ name, port }) => `${name}:${port}`,
): string {
  return renderNginx(gatewayConfig(topology, reach), { port, accessLog: "/dev/stdout" });
}
