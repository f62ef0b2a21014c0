// Where the engine is, and what a person is told when it cannot be used.
import { createHash } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { StackError } from "../../../src/model/problem.ts";
import { connect, endpointOf } from "../../../src/runtimes/docker/engine.ts";
import { temporaryHome } from "../children.ts";
import { listening, VERSION } from "./answers.ts";

/** A folder as the docker command keeps it: contexts, and which one is in use. */
function dockerFolder(contexts: Readonly<Record<string, object>>, currentContext?: string): string {
  const folder = temporaryHome();
  fs.writeFileSync(path.join(folder, "config.json"), JSON.stringify({ currentContext }));
  for (const [name, docker] of Object.entries(contexts)) {
    const meta = path.join(folder, "contexts/meta", createHash("sha256").update(name).digest("hex"));
    fs.mkdirSync(meta, { recursive: true });
    fs.writeFileSync(path.join(meta, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker } }));
  }
  return folder;
}

/** What is said when it cannot be used. */
async function refusal(env: Readonly<Record<string, string>>): Promise<string> {
  const error = await connect(env).then(
    () => expect.unreachable("connected"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StackError);
  return [(error as StackError).message, (error as StackError).hint].join("\n");
}

describe("the engine is looked for", () => {
  const colima = { Host: "unix:///home/me/.colima/docker.sock" };
  const folder = () => dockerFolder({ colima, far: { Host: "ssh://me@far", SkipTLSVerify: true } }, "colima");

  it("at DOCKER_HOST before anything else", () => {
    const env = { DOCKER_HOST: "tcp://10.0.0.5:2375", DOCKER_CONTEXT: "far", DOCKER_CONFIG: folder() };
    expect(endpointOf(env)).toMatchObject({ address: "tcp://10.0.0.5:2375", from: "DOCKER_HOST" });
    expect(endpointOf({ DOCKER_HOST: "10.0.0.5:2375" }).address).toBe("tcp://10.0.0.5:2375");
  });

  it("with certificates when DOCKER_HOST wants TLS", () => {
    const env = { DOCKER_HOST: "tcp://far:2376", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certificates" };
    expect(endpointOf(env)).toMatchObject({ certificates: "/certificates", unverified: false });
  });

  it("in DOCKER_CONTEXT, then in the context in use", () => {
    const config = folder();
    expect(endpointOf({ DOCKER_CONFIG: config, DOCKER_CONTEXT: "far" })).toMatchObject({
      address: "ssh://me@far",
      from: 'the docker context "far"',
      unverified: true,
    });
    expect(endpointOf({ DOCKER_CONFIG: config })).toMatchObject({ address: colima.Host });
  });

  it("at the usual socket otherwise, or the user's own where there is one", () => {
    const config = dockerFolder({}, "default");
    expect(endpointOf({ DOCKER_CONFIG: config })).toEqual({ address: "unix:///var/run/docker.sock" });
    fs.mkdirSync(path.join(config, "run"));
    fs.writeFileSync(path.join(config, "run/docker.sock"), "");
    expect(endpointOf({ DOCKER_CONFIG: config }).address).toBe(`unix://${config}/run/docker.sock`);
  });

  it("and a context that is not there is refused by name", () => {
    expect(() => endpointOf({ DOCKER_CONFIG: folder(), DOCKER_CONTEXT: "gone" })).toThrow(
      'there is no docker context "gone", which DOCKER_CONTEXT asks for',
    );
  });
});

describe("an engine", () => {
  it("that answers is described", async () => {
    const address = await listening(() => ({ lines: [VERSION] }));
    expect(await connect({ DOCKER_HOST: address })).toMatchObject({ address, local: true, version: "28.2.2" });
  });

  it("that does not run is told apart from one that is no engine's address", async () => {
    const socket = path.join(temporaryHome(), "docker.sock");
    expect(await refusal({ DOCKER_HOST: `unix://${socket}` })).toMatch(/not running: there is no socket .*\n.*Start/);
    // A socket that its engine left behind.
    const server = net.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await refusal({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })).toContain("nobody listens at tcp://127.0.0.1:");
    expect(await refusal({ DOCKER_HOST: "gopher://here" })).toContain("is no address of a Docker engine");
  });

  it.runIf(process.platform === "linux")("that this user may not use says so, and how to be allowed", async () => {
    const socket = path.join(temporaryHome(), "docker.sock");
    const server = net.createServer().listen(socket);
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => void server.close());
    fs.chmodSync(socket, 0o600);
    const isRoot = process.geteuid!() === 0;
    // Root may everything; for a moment this is somebody else.
    if (isRoot) process.seteuid!(65_534);
    else fs.chmodSync(socket, 0);
    try {
      expect(await refusal({ DOCKER_HOST: `unix://${socket}` })).toMatch(/may not use .* permission denied\n.*usermod/);
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });

  it("that says nothing is given up, and named by who asked for it", async () => {
    const never = new Promise<void>((resolve) => onTestFinished(() => resolve()));
    const address = await listening(() => ({ after: never }));
    expect(await refusal({ DOCKER_HOST: address })).toContain(`${address} (DOCKER_HOST) does not answer within 5 s`);
  });

  it("is refused when it is too old, or runs containers of another kind", async () => {
    const old = await listening(() => ({ lines: [{ ...VERSION, Version: "18.09.1", ApiVersion: "1.39" }] }));
    expect(await refusal({ DOCKER_HOST: old })).toMatch(/too old: version 18.09.1 speaks API 1.39\n.*1.41/);
    const windows = await listening(() => ({ lines: [{ ...VERSION, Os: "windows" }] }));
    expect(await refusal({ DOCKER_HOST: windows })).toContain("runs windows containers");
  });

  it("without the certificates that it wants is refused before it is asked", async () => {
    const env = { DOCKER_HOST: "tcp://127.0.0.1:2376", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: temporaryHome() };
    expect(await refusal(env)).toMatch(/wants TLS, and there is no .*ca\.pem/);
  });
});
