// The rendered configuration of NGINX: the facts it must keep, for any number of regions. What it does is told in rules.test.ts.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderNginx } from "../../src/gateway/nginx.ts";
import type { GatewayConfig } from "../../src/gateway/route.ts";
import { nginxRuns } from "./world.ts";

const REGIONS = ["us", "eu", "ap", "sa", "af", "au"];
const sizes = [2, 3, 4, 5, 6].map((size) => REGIONS.slice(0, size));

function configOf(regions: readonly string[], addressOf: (region: string) => string): GatewayConfig {
  return {
    routes: Object.fromEntries(regions.map((region) => [`/${region}`, region])),
    upstreams: Object.fromEntries(
      regions.map((region) => [region, [{ node: `backend-${region}`, address: addressOf(region) }]]),
    ),
    order: regions,
  };
}
const property = configOf(["us", "eu"], (region) => `backend-${region}:8000`);
const options = { port: 8080, accessLog: "/dev/stdout" };

/** The text between the braces of the block that begins so. */
function block(text: string, begin: string): string {
  const from = text.indexOf(`${begin} {`);
  expect(from, `no block ${begin}`).toBeGreaterThan(-1);
  const indent = /[ ]*$/.exec(text.slice(0, from))![0];
  return text.slice(from, text.indexOf(`\n${indent}}`, from));
}

describe("renderNginx", () => {
  it("compose/property.nginx.conf is what it renders for compose/property.yaml", () => {
    const file = new URL("../../compose/property.nginx.conf", import.meta.url);
    const wanted = renderNginx(property, options);
    expect(readFileSync(file, "utf8"), "stale: regionctl render nginx compose/property.yaml").toBe(wanted);
  });

  it.each(sizes.map((regions) => ({ regions, size: regions.length })))(
    "keeps its rules for $size regions",
    ({ regions }) => {
      const text = renderNginx(
        configOf(regions, (region) => `backend-${region}:8000`),
        options,
      );
      for (const home of regions) {
        const others = regions.filter((region) => region !== home);
        const server = (region: string, backup = "") =>
          `server backend-${region}:8000 max_fails=1 fail_timeout=1s${backup};`;
        const servers = (begin: string) => block(text, begin).match(/server .*;/g);
        expect(servers(`upstream region_${home}`)).toEqual([
          server(home),
          ...others.map((each) => server(each, " backup")),
        ]);
        expect(servers(`upstream region_${home}_alone`)).toEqual([server(home)]);

        const failingOver = block(text, `location ~ ^/${home}(/|$)`);
        expect(failingOver).toContain("proxy_next_upstream error timeout http_503;");
        expect(failingOver).toContain("if ($iswrite) { return 418; }");
        const diagnostics = block(text, `location ~ ^/${home}/(replication-lag|conflicts|metrics)(/|$)`);
        expect(diagnostics).toContain(`proxy_pass http://region_${home}_alone;`);
        // The first match wins.
        expect(text.indexOf(diagnostics)).toBeLessThan(text.indexOf(failingOver));

        // Before nobody answers a read, those out of rotation are asked too, home last.
        expect(failingOver).toContain(`error_page 502 504 = @${home}_last;`);
        expect(block(text, `location @${home}_last`)).toContain(`proxy_pass http://region_${home}_last;`);
        expect(servers(`upstream region_${home}_last`)).toEqual(
          [...others, home].map(
            (each, index) => `server backend-${each}:8000 max_fails=0${index > 0 ? " backup" : ""};`,
          ),
        );

        // A write asks at each step whether it was sent, and is never repeated by NGINX itself.
        const passes: string[] = [];
        let at = `@${home}_write`;
        while (at !== "@no_region") {
          const location = block(text, `location ${at}`);
          expect(location).toContain("proxy_next_upstream off;");
          expect(location.includes("if ($unsent = 0) { return 502 ")).toBe(passes.length > 0);
          passes.push(/proxy_pass http:\/\/(\w+);/.exec(location)![1]!);
          at = /error_page 502 504 = (@\w+);/.exec(location)![1]!;
        }
        const chain = others.map((_, step) => `region_${home}_then_${step + 1}`);
        expect(passes.slice(0, regions.length)).toEqual([`region_${home}`, ...chain]);
        // Then those that may have been passed over, home last: as many as NGINX has redirects for.
        const alone = [...others.slice(0, -1), home].map((each) => `region_${each}_alone`);
        expect(passes.slice(regions.length)).toEqual(alone.slice(regions.length > 4 ? regions.length - 8 : 0));
        expect(passes.length).toBeLessThanOrEqual(8);
      }
    },
  );

  it("refuses what would break out of a line", () => {
    const evil = { ...property, routes: { "/us; } evil {": "us" } };
    expect(() => renderNginx(evil, options)).toThrow(/is not a path prefix/);
  });

  it.runIf(nginxRuns())(
    `nginx -t accepts it${nginxRuns() ? "" : " (not run: NGINX is not installed, or not root)"}`,
    () => {
      const directory = mkdtempSync(join(tmpdir(), "nginx-"));
      try {
        for (const regions of sizes) {
          const config = configOf(regions, () => "127.0.0.1:8000");
          writeFileSync(
            join(directory, "nginx.conf"),
            renderNginx(config, { port: 8080, accessLog: join(directory, "log") }),
          );
          const test = [
            "-t",
            "-q",
            "-p",
            directory,
            "-c",
            join(directory, "nginx.conf"),
            "-g",
            `pid ${directory}/pid;`,
          ];
          expect(() => execFileSync("nginx", test, { stdio: "pipe" })).not.toThrow();
        }
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );
});
