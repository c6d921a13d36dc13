/** Tests that a process without file descriptors keeps its streams and accepts connections again. */
import { strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { post, startEngine } from "../../testing/front_bench.ts";

const FRONT = fileURLToPath(new URL("../../testing/front_process.ts", import.meta.url));

Deno.test("a front whose clients use up all descriptors goes on", async () => {
  await using engine = startEngine(() => {
    let timer = 0;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const send = () => controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
        timer = Number(setInterval(send, 20));
      },
      cancel: () => clearInterval(timer),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  const deno = [Deno.execPath(), "run", "--no-check", "-A", FRONT, `${engine.port}`];
  await using front = new Deno.Command("/bin/sh", {
    args: ["-c", 'ulimit -n 80 && exec "$@"', "sh", ...deno],
    stdout: "piped",
    stderr: "null",
    env: { DENO_NO_UPDATE_CHECK: "1" },
  }).spawn();
  const lines = front.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = Number((await lines.read()).value);
  const url = `http://127.0.0.1:${port}`;
  const leaving = new AbortController();
  const body = { model: "eye", stream: true };
  const answer = await post({ url }, "/v1/completions", body, { signal: leaving.signal });
  const stream = answer.body!.getReader();
  await stream.read();
  const idle: Deno.TcpConn[] = [];
  // The front has no descriptor left when a new connection is refused.
  const connect = async () => idle.push(await Deno.connect({ hostname: "127.0.0.1", port }));
  while (idle.length < 120 && await connect().then(() => true, () => false));
  for (let i = 0; i < 20; i++) strictEqual((await stream.read()).done, false);
  for (const connection of idle) connection.close();
  const health = () => fetch(`${url}/health`).then((answer) => answer.json(), () => undefined);
  while ((await health())?.status !== "ok") await new Promise((done) => setTimeout(done, 20));
  for (let i = 0; i < 5; i++) strictEqual((await stream.read()).done, false);
  leaving.abort();
  await stream.cancel().catch(() => {});
  await lines.cancel();
});
