import { test } from "vitest";
import { startBroker } from "../broker/program.ts";
import { startPostgres } from "../support/postgres.ts";
import { environmentOf, startBackend } from "./program.ts";
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
test("x", async () => {
  await using postgres = await startPostgres();
  await using broker = await startBroker();
  await using us = await startBackend(await environmentOf("us", await postgres.database("a"), broker.address));
  await using eu = await startBackend(await environmentOf("eu", await postgres.database("b"), broker.address));
  await us.put(1, { price: 1, version: 1 });
  await eu.until("properties/1", (a) => a.headers.get("etag") === '"us:1,eu:0"');
  await broker.end("SIGKILL");
  const t0 = Date.now();
  for (const version of [2, 3, 4]) console.log((await us.put(1, { price: version, version })).status);
  for (let i = 0; i < 8; i++) { await sleep(500); console.log(Date.now()-t0, (await us.get("replication-lag")).body, Date.now()-t0); }
  await broker.restart();
  const t1 = Date.now();
  for (let i = 0; i < 10; i++) { await sleep(700); console.log(Date.now()-t1, JSON.stringify((await us.get("replication-lag")).body),  JSON.stringify((await eu.get("replication-lag")).body), (await eu.get("properties/1")).headers.get("etag")); }
  console.log(us.output(), eu.output());
  console.log(broker.output().slice(-3000));
}, 60000);
