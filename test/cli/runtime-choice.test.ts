// Which runtime a stack gets, and what is said about it.
import { describe, expect, it } from "vitest";
import { choose, chooseAmong } from "../../src/commands/runtime.ts";
import type { Runtime } from "../../src/model/cluster.ts";
import { StackError } from "../../src/model/problem.ts";
import { propertyTopology } from "../conformance/topology.ts";

const [NO_DOCKER, NO_EMBEDDED] = ["Docker is not running", "queue: RabbitMQ does not run here"];

describe("without a word", () => {
  it("is Docker where it can, embedded where it cannot, and the line says why and how to get the other", () => {
    const docker = choose({ docker: undefined, embedded: undefined });
    expect(docker.name).toBe("docker");
    expect(docker.why).toMatch(/^runtime: docker \(.*--runtime embedded.*\)$/);
    const embedded = choose({ docker: NO_DOCKER, embedded: undefined });
    expect(embedded.name).toBe("embedded");
    expect(embedded.why).toContain(NO_DOCKER);
  });

  it("is neither where neither can, with both reasons", () => {
    expect(() => choose({ docker: NO_DOCKER, embedded: NO_EMBEDDED })).toThrow(
      `no runtime can provide this topology. embedded: ${NO_EMBEDDED}. docker: ${NO_DOCKER}`,
    );
  });
});

describe("asked for by name", () => {
  it("is that one, also where the other could", () => {
    for (const name of ["docker", "embedded"] as const)
      expect(choose({ docker: undefined, embedded: undefined }, name)).toEqual({
        name,
        why: `runtime: ${name} (as asked)`,
      });
  });

  it("is never the other one: it is refused with the reason, and with the way out where there is one", () => {
    const refused = (reasons: Parameters<typeof choose>[0]) => {
      try {
        return choose(reasons, "docker");
      } catch (error) {
        return error as StackError;
      }
    };
    expect(refused({ docker: NO_DOCKER, embedded: undefined })).toMatchObject({
      message: NO_DOCKER,
      hint: "Or use the other runtime: --runtime embedded",
    });
    expect(refused({ docker: NO_DOCKER, embedded: NO_EMBEDDED })).toMatchObject({
      message: NO_DOCKER,
      hint: undefined,
    });
  });
});

describe("the runtimes are asked", () => {
  function runtime(name: Runtime["name"], reason: string | undefined, asked: string[]): Runtime {
    const refuse = () => Promise.reject(new Error("nothing is started here"));
    return {
      name,
      async unavailable() {
        asked.push(name);
        return reason;
      },
      start: refuse,
      reconnect: refuse,
    };
  }

  it("only as far as it matters: nobody who wants the embedded one waits for an engine", async () => {
    const asked: string[] = [];
    const runtimes = [runtime("embedded", undefined, asked), runtime("docker", NO_DOCKER, asked)];
    expect((await chooseAmong(runtimes, propertyTopology(), "embedded")).name).toBe("embedded");
    expect(asked).toEqual(["embedded"]);
    expect((await chooseAmong(runtimes, propertyTopology())).name).toBe("embedded");
    await expect(chooseAmong(runtimes, propertyTopology(), "docker")).rejects.toThrow(NO_DOCKER);
  });
});
