// A backend for the gateway's tests: echoes, and misbehaves when a header asks for it. It reports every request on stdout,
// so the count of writes survives its SIGKILL.
import { createServer } from "node:http";

const { NAME, PORT, BACKLOG } = process.env;
const head = { "X-Served-By": NAME, "Content-Type": "application/json" };

const behaviours = {
  hang: () => {},
  unready: (response) => response.writeHead(503, head).end("{}"),
  reset: (response) => response.socket.resetAndDestroy(),
  forge: (response) =>
    response
      .writeHead(200, { ...head, "X-Upstream-Sent": "0", "X-Upstream-Addr": "forged", "X-Kept": "yes" })
      .end("{}"),
  half: (response) => {
    response.writeHead(200, { ...head, "Content-Length": "100" });
    response.write("half", () => response.socket.destroy());
  },
  stall: (response) => {
    response.writeHead(200, { ...head, "Content-Length": "100" });
    response.write("begun");
  },
  large: (response) => response.writeHead(200, head).end(Buffer.alloc(3_000_000, "x")),
  slow: (response, answer) => setTimeout(answer, 300),
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const seen = {
      method: request.method,
      path: request.url,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
      left: false,
    };
    // Reported before it is answered: whoever has the answer finds it among the reports.
    process.stdout.write(`${JSON.stringify(seen)}\n`);
    response.on("close", () => {
      if (!response.writableFinished) process.stdout.write(`${JSON.stringify({ ...seen, left: true })}\n`);
    });
    const answer = () =>
      response.writeHead(200, { ...head, ETag: '"us:1"' }).end(JSON.stringify({ node: NAME, ...seen }));
    const [behaviour, who] = (request.headers["x-do"] ?? "").split("@");
    if (behaviour !== "" && (who === undefined || who === NAME)) behaviours[behaviour](response, answer);
    else answer();
  });
});
server.listen(Number(PORT), "127.0.0.1", Number(BACKLOG), () => process.stdout.write(`${server.address().port}\n`));
