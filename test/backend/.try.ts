import { startPostgres, ask } from "/work/main/test/support/postgres.ts";
import { startBroker } from "/work/main/test/broker/program.ts";
import { spawn } from "node:child_process";
import fs from "node:fs";
await using pgs = await startPostgres();
await using broker = await startBroker();
const urls = { us: await pgs.database("us"), eu: await pgs.database("eu") } as Record<string, string>;
console.log(await ask(urls.us, "select * from properties where id in (1,2,3)"));
const children = ["us", "eu"].map((r, i) => {
  const t0 = performance.now();
  const child = spawn(process.execPath, ["/work/main/dist/programs/backend.cjs", "--node=x"], {
    env: {
      PATH: process.env.PATH,
      REGION: r,
      REGIONS: "us,eu",
      NODE_NAME: `backend-${r}`,
      HOST: "127.0.0.1",
      PORT: String(28000 + i),
      DATABASE_URL: urls[r],
      KAFKA_BROKER: broker.address,
      KAFKA_TOPIC: "property-updates",
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return { child, t0, base: `http://127.0.0.1:${28000 + i}/${r}` };
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
const [us, eu] = children.map((c) => c.base);
const get = async (u) => {
  const a = await fetch(u);
  return [a.status, a.headers.get("etag"), await a.json()];
};
console.log(await get(us + "/properties/1"));
const put = async (u, body, headers = {}) => {
  const t = performance.now();
  const a = await fetch(u, {
    method: "PUT",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return [a.status, a.headers.get("etag"), await a.json(), (performance.now() - t).toFixed(1)];
};
for (let i = 1; i <= 5; i++) {
  console.log(await put(us + "/properties/1", { price: 500000 + i, version: i }, { "x-request-id": "r" + i }));
  const t = performance.now();
  for (;;) {
    const [, e] = await get(eu + "/properties/1");
    if (e === `"us:${i},eu:0"`) break;
  }
  console.log("replicated after", (performance.now() - t).toFixed(1));
}
console.log(await put(eu + "/properties/1", { price: 500001, version: 1 }, { "x-request-id": "r1" }));
console.log(await put(eu + "/properties/1", { price: 7, version: 1 }, { "x-request-id": "r1" }));
console.log(await put(eu + "/properties/1", { price: 7, version: 1 }));
console.log(await get(us + "/replication-lag"), await get(eu + "/replication-lag"));
console.log(JSON.stringify(await get(eu + "/conflicts")));
// concurrent
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
const cpu = (pid) => {
  const f = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
  return (Number(f[13]) + Number(f[14])) * 10;
};
await new Promise((r) => setTimeout(r, 2000));
const before = children.map((c) => cpu(c.child.pid));
const b0 = cpu(broker.process.pid);
const t = performance.now();
await new Promise((r) => setTimeout(r, 10000));
children.forEach((c, i) =>
  console.log("idle cpu %", (((cpu(c.child.pid) - before[i]) / (performance.now() - t)) * 100).toFixed(2)),
);
console.log("broker cpu %", (((cpu(broker.process.pid) - b0) / (performance.now() - t)) * 100).toFixed(2));
for (const c of children) console.log(fs.readFileSync(`/proc/${c.child.pid}/smaps_rollup`, "utf8").match(/Pss:.*/)[0]);
for (const c of children) {
  const t = performance.now();
  c.child.kill("SIGTERM");
  await new Promise((r) =>
    c.child.once("exit", (code) => {
      console.log("exit", code, (performance.now() - t).toFixed(0), "ms");
      r(0);
    }),
  );
}
