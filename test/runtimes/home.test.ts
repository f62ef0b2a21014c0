// Where regionctl lives, who may enter there, and where PostgreSQL's programs are taken from when that user may not.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import {
  blockedAt,
  isRoot,
  makePassable,
  postgresUser,
  regionctlHome,
  unusableHome,
  type User,
} from "../../src/runtimes/embedded/home.ts";
import { postgresBinaries } from "../../src/runtimes/embedded/postgres-binaries.ts";
import { temporaryHome } from "./children.ts";

/** Nobody: neither owner nor in the group of anything here. */
const OTHER: User = { name: "other", uid: 4_000_000, gid: 4_000_000 };

it("is where REGIONCTL_HOME says", () => {
  expect(regionctlHome({ REGIONCTL_HOME: "/some/where" })).toBe("/some/where");
  expect(regionctlHome({})).toMatch(isRoot() ? /^\/var\/lib\/regionctl$/ : /\/\.regionctl$/);
});

describe("a home that another user cannot enter", () => {
  it("is refused by the name of the directory in the way; one that can be entered is not", () => {
    const home = path.join(temporaryHome(), "a", "b");
    fs.mkdirSync(home, { recursive: true });
    fs.chmodSync(path.dirname(home), 0o711);
    fs.chmodSync(home, 0o755);
    expect(blockedAt(home, OTHER)).toBeUndefined();
    expect(unusableHome(home, OTHER)).toBeUndefined();

    fs.chmodSync(path.dirname(home), 0o700);
    expect(blockedAt(home, OTHER)).toBe(path.dirname(home));
    expect(unusableHome(home, OTHER)).toMatch(new RegExp(`"other".*cannot enter ${path.dirname(home)},.*chmod o\\+x`));
    expect(unusableHome(home, undefined)).toBeUndefined();
  });

  it("does not come from directories that we make, whatever the umask", () => {
    const home = path.join(temporaryHome(), "home");
    const before = process.umask(0o077);
    try {
      makePassable(home);
    } finally {
      process.umask(before);
    }
    expect(fs.statSync(home).mode & 0o777).toBe(isRoot() ? 0o711 : 0o700);
  });
});

it.runIf(isRoot())("under root somebody else runs PostgreSQL: postgres, or nobody, or it says what to do", () => {
  const passwd = path.join(temporaryHome(), "passwd");
  fs.writeFileSync(passwd, "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n");
  expect(postgresUser(passwd)).toEqual({ name: "postgres", uid: 101, gid: 104 });
  fs.writeFileSync(passwd, "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n");
  expect(postgresUser(passwd)).toEqual({ name: "nobody", uid: 65534, gid: 65534 });
  fs.writeFileSync(passwd, "root:x:0:0::/:/bin/sh\n");
  expect(() => postgresUser(passwd)).toThrow(/neither a user "postgres" nor "nobody"/);
});

describe("PostgreSQL's programs", () => {
  const version = (file: string, user?: User) =>
    execFileSync(file, ["--version"], { uid: user?.uid, gid: user?.gid, encoding: "utf8" });

  it("are run from where npm put them when they can be reached", async () => {
    const home = temporaryHome();
    const user = postgresUser();
    const { postgres } = await postgresBinaries(home, user);
    expect(version(postgres, user)).toMatch(/^postgres \(PostgreSQL\) 18/);
  });

  it.runIf(isRoot())("are copied once to the cache when their user cannot go there, links and all", async () => {
    const home = temporaryHome();
    const closed = path.join(home, "closed");
    const there = await postgresBinaries(home, undefined);
    fs.mkdirSync(closed, { mode: 0o700 });
    fs.cpSync(path.join(path.dirname(there.postgres), ".."), path.join(closed, "native"), { recursive: true });
    const found = () => ({ native: path.join(closed, "native"), version: "18-test" });

    const user = postgresUser()!;
    const [copy, again] = await Promise.all([1, 2].map(() => postgresBinaries(home, user, found)));
    expect(copy!.postgres.startsWith(path.join(home, "cache"))).toBe(true);
    expect(again).toEqual(copy);
    expect(version(copy!.postgres, user)).toMatch(/^postgres \(PostgreSQL\) 18/);
    expect(fs.readdirSync(path.join(home, "cache"))).toHaveLength(1);
  });
});
