/**
 * Clients of three npm packages that chat with all engines for a time, in the network of the lab:
 * `nsenter --net=/proc/PID/ns/net deno run -A soak_load.ts SECONDS CLIENTS`. Prints each {@link Chat} in JSON.
 */
import type { AttemptEnd, Chat } from "../lab/door_load.ts";
import { type Client, MAKERS, openaiClient } from "./npm_clients.ts";

/** A share of the streams is left by its client. */
const LEAVES = 0.1;

const embedder = openaiClient();

const MODELS = ["one", "two", "plain", "embed"];

if (import.meta.main) {
  const [seconds = 0, clients = 0] = Deno.args.map(Number);
  const end = Date.now() + seconds * 1000;
  let next = 0;
  await Promise.all(Array.from({ length: clients }, async (_, i) => {
    const makers = Object.values(MAKERS);
    const client = makers[i % makers.length]!();
    while (Date.now() < end) {
      // A client stays with its model for a while.
      const model = MODELS[Math.floor(Math.random() * MODELS.length)]!;
      for (let n = Math.random() * 20; n > 0 && Date.now() < end; n--) {
        console.log(JSON.stringify(await chat(`chat${next++}`, client, model)));
      }
    }
  }));
}

async function chat(id: string, client: Client, model: string): Promise<Chat> {
  const beginMilliseconds = Date.now();
  let end: AttemptEnd = "whole";
  let said = "";
  try {
    if (await ask(client, model) === "left") end = "left";
  } catch (error) {
    end = "error";
    said = String(error).slice(0, 300);
  }
  const attempt = { end, said, beginMilliseconds, endMilliseconds: Date.now() };
  return { id, model, attempts: [attempt] };
}

async function ask(client: Client, model: string): Promise<"whole" | "left"> {
  if (model === "embed") {
    await embedder.sdk.embeddings.create({ model, input: "Hello ".repeat(1 + 50 * Math.random()) });
    return "whole";
  }
  const abort = new AbortController();
  const tokens = 1 + Math.floor(100 * Math.random());
  const prompt = "Hello ".repeat(1 + 100 * Math.random());
  const question = { model, prompt, tokens, signal: abort.signal };
  if (Math.random() < 0.4) {
    await client.ask(question);
    return "whole";
  }
  const leaves = Math.random() < LEAVES;
  try {
    for await (const _ of client.stream(question)) if (leaves) abort.abort();
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  return abort.signal.aborted ? "left" : "whole";
}
