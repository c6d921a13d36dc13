/**
 * The clients that people use, against the front door of {@link ENGINES}. `door_test.ts` runs these tests in
 * the network of the lab, where the door is. They run in this order.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type OpenAI from "openai";
import type Anthropic from "@anthropic-ai/sdk";
import { embed, generateText, jsonSchema, tool } from "ai";
import { DOOR } from "../lab/door.ts";
import { active, must, run, waitUntil, writeCodex } from "../lab/host_codex.ts";
import { type LichShell, lichShell, shellQuote } from "../lab/lab.ts";
import { SETTINGS } from "../lab/summon.ts";
import { ENGINES } from "./engines.ts";
import { aiClient, anthropicClient, type Client, MAKERS, openaiClient } from "./npm_clients.ts";

/** More tokens than the context has: with `--context-shift` a stream never ends on its own. */
const ENDLESS_TOKENS = 1_000_000;

const openai = openaiClient();
const anthropic = anthropicClient();
const ai = aiClient();
const CLIENTS: Readonly<Record<string, Client>> = { openai, anthropic, ai };

/** Sends JSON with curl, and returns the status and the body. */
async function curl(path: string, body: unknown): Promise<{ status: number; body: string }> {
  const { stdout } = await new Deno.Command("curl", {
    args: [
      ...["-sS", "-m", "120", "-w", "\n%{http_code}", "-H", "content-type: application/json"],
      ...["-d", JSON.stringify(body), DOOR + path],
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const end = text.lastIndexOf("\n");
  return { status: Number(text.slice(end + 1)), body: text.slice(0, end) };
}

/** Sends JSON without a client, for a request that has to wait. */
function post(path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(DOOR + path, { method: "POST", headers, body: JSON.stringify(body) });
}

const chatBody = (model: string, more: Record<string, unknown> = {}) => ({
  model,
  max_tokens: 5,
  messages: [{ role: "user", content: "Hello" }],
  ...more,
});

async function textOf(stream: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of stream) text += piece;
  return text;
}

/** Registers a test with a step for each client. */
function eachClient(name: string, body: (client: Client, name: string) => Promise<void>): void {
  Deno.test(name, async (t) => {
    for (const [client, it] of Object.entries(CLIENTS)) {
      await t.step(client, () => body(it, client));
    }
  });
}

/** Runs `body` while no engine may change: the requests for another one wait. */
async function whileHeld(shell: LichShell, body: () => Promise<void>): Promise<void> {
  const { code, stderr } = await run(shell, "summon", "one", "--hold");
  assert.equal(code, 0, stderr);
  try {
    await body();
  } finally {
    await run(shell, "summon", "--release");
  }
}

async function waitingFor(name: string): Promise<number> {
  const { soulstones } = await (await fetch(`${DOOR}/lychd/v1/status`)).json();
  return soulstones.find((each: { name: string }) => each.name === name).waiting;
}

eachClient("a chat, in one piece and as a stream", async ({ ask, stream }) => {
  assert.equal(await ask({ model: "one", tokens: 20 }), 20);
  assert.ok((await textOf(stream({ model: "one", tokens: 20 }))).length > 0);
});

Deno.test("curl chats with an alias, and gets the id of the engine's model", async () => {
  const { status, body } = await curl("/v1/chat/completions", chatBody("gpt-4o-mini"));
  assert.equal(status, 200, body);
  assert.equal(JSON.parse(body).model, "tiny-one");
});

Deno.test("completions, responses and the count of tokens", async () => {
  const completion = await openai.sdk.completions.create({
    model: "one",
    prompt: "Hello",
    max_tokens: 5,
  });
  assert.ok((completion.usage?.completion_tokens ?? 0) > 0);
  const response = await openai.sdk.responses.create({
    model: "one",
    input: "Hello",
    max_output_tokens: 20,
  });
  assert.equal(response.status, "completed");
  const events: string[] = [];
  const stream = await openai.sdk.responses.create({
    model: "one",
    input: "Hello",
    max_output_tokens: 20,
    stream: true,
  });
  for await (const { type } of stream) events.push(type);
  assert.equal(events.at(0), "response.created");
  assert.equal(events.at(-1), "response.completed");
  const count = await anthropic.sdk.messages.countTokens({
    model: "one",
    messages: [{ role: "user", content: "Hello" }],
  });
  assert.ok(count.input_tokens > 5);
});

Deno.test("embeddings come from the resident engine, which stops no other one", async () => {
  const input = ["Hello", "Good night"];
  const { data } = await openai.sdk.embeddings.create({ model: "embed", input });
  assert.deepEqual(data.map(({ embedding }) => embedding.length), [64, 64]);
  // Another client asks for numbers instead of base64: the values are the same.
  const model = ai.provider.embeddingModel("embeddings");
  const { embedding } = await embed({ model, value: "Hello" });
  const near = embedding.every((value, i) => Math.abs(value - data[0]!.embedding[i]!) < 1e-4);
  assert.ok(near, `${embedding} is not ${data[0]!.embedding}`);
  await using shell = lichShell();
  const units = ["one", "embed", "two"].map((name) => `soulstone-${name}.service`);
  assert.deepEqual(await active(shell, units), [
    "soulstone-one.service",
    "soulstone-embed.service",
  ]);
});

Deno.test("a capability and a Coven are names of the engine for it", async () => {
  const documents = ["Hello", "Good night", "Hello"];
  for (const model of ["judge", "rerank", "think"]) {
    const { status, body } = await curl("/v1/rerank", { model, query: "Hello", documents });
    assert.equal(status, 200, body);
    const scores = new Map<number, number>();
    for (const { index, relevance_score } of JSON.parse(body).results) {
      scores.set(index, relevance_score);
    }
    assert.equal(scores.size, 3, body);
    assert.equal(scores.get(0), scores.get(2));
  }
  assert.equal(await openai.ask({ model: "text-generation", tokens: 5 }), 5);
  assert.equal(await openai.ask({ model: "chat", tokens: 5 }), 5);
});

const WEATHER = {
  type: "object" as const,
  properties: { city: { type: "string" as const, enum: ["Bonn", "Rome"] } },
  required: ["city"],
  additionalProperties: false,
};

Deno.test("tools: each client gets a call, and sends its result", async (t) => {
  const name = "weather";
  const description = "The weather of a city";
  await t.step("openai", async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Hello" }];
    const body: OpenAI.ChatCompletionCreateParamsNonStreaming = {
      model: "plain",
      max_tokens: 400,
      messages,
      tools: [{ type: "function", function: { name, description, parameters: WEATHER } }],
      parallel_tool_calls: false,
    };
    const { choices } = await openai.sdk.chat.completions.create(body);
    const message = choices[0]!.message;
    const call = message.tool_calls?.[0];
    assert.ok(call?.type === "function", JSON.stringify(choices));
    assert.match(JSON.parse(call.function.arguments).city, /^(Bonn|Rome)$/);
    messages.push(message, { role: "tool", tool_call_id: call.id, content: "It rains" });
    const next = await openai.sdk.chat.completions.create({ ...body, tool_choice: "none" });
    assert.ok((next.usage?.prompt_tokens ?? 0) > 0);
    // The pieces of a stream together are the arguments.
    let streamed = "";
    const stream = await openai.sdk.chat.completions.create({ ...body, stream: true });
    for await (const chunk of stream) {
      streamed += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? "";
    }
    assert.match(JSON.parse(streamed).city, /^(Bonn|Rome)$/);
  });
  await t.step("anthropic", async () => {
    const messages: Anthropic.MessageParam[] = [{ role: "user", content: "Hello" }];
    const body = {
      model: "plain",
      max_tokens: 400,
      messages,
      tools: [{ name, description, input_schema: WEATHER }],
      tool_choice: { type: "auto" as const, disable_parallel_tool_use: true },
    };
    const { content } = await anthropic.sdk.messages.create(body);
    const call = content.find((block) => block.type === "tool_use");
    assert.ok(call !== undefined, JSON.stringify(content));
    assert.match((call.input as { city: string }).city, /^(Bonn|Rome)$/);
    const result = { type: "tool_result" as const, tool_use_id: call.id, content: "It rains" };
    messages.push({ role: "assistant", content }, { role: "user", content: [result] });
    const next = await anthropic.sdk.messages.create(body);
    assert.ok(next.usage.output_tokens > 0);
    const streamed = await anthropic.sdk.messages.stream(body).finalMessage();
    assert.ok(streamed.content.some((block) => block.type === "tool_use"));
  });
  await t.step("ai", async () => {
    const cities: string[] = [];
    const weather = tool({
      description,
      inputSchema: jsonSchema<{ city: string }>(WEATHER),
      execute({ city }) {
        cities.push(city);
        return Promise.resolve("It rains");
      },
    });
    await generateText({
      model: ai.provider("plain"),
      prompt: "Hello",
      maxOutputTokens: 400,
      tools: { weather },
      providerOptions: { lychd: { parallel_tool_calls: false } },
    });
    assert.match(cities.join(), /^(Bonn|Rome)/);
  });
});

eachClient("a prompt that exceeds the context is an error of the client", async (client, name) => {
  const failed = await client.ask({ model: "one", prompt: "hello ".repeat(2000) })
    .then(() => undefined, (error) => error);
  assert.equal(client.statusOf(failed), 400, `${name}: ${failed}`);
  assert.match(String(failed), /exceed|context/);
});

eachClient("an unknown model is an error with the most similar name", async (client, name) => {
  const failed = await client.ask({ model: "gpt-4o-mimi" }).then(() => undefined, (error) => error);
  assert.equal(client.statusOf(failed), 404, `${name}: ${failed}`);
  assert.match(String(failed), /gpt-4o-mini/);
});

Deno.test("`request.set` and `request.strip` change requests", async () => {
  const ask = async (more: Record<string, unknown>) => {
    const { status, body } = await curl(
      "/v1/chat/completions",
      chatBody("two", { max_tokens: 50, ...more }),
    );
    assert.equal(status, 200, body);
    return JSON.parse(body);
  };
  const plain = await ask({});
  assert.equal(plain.usage.completion_tokens, 5);
  const { content } = plain.choices[0].message;
  // The temperature is 0, so the answer is the same; a stop at its own text is stripped.
  const other = await ask({ temperature: 2, seed: 7, stop: [content.slice(0, 3)] });
  assert.equal(other.choices[0].message.content, content);
});

eachClient("a client that leaves a stream frees the slot of its engine", async (client, name) => {
  const abort = new AbortController();
  const question = { model: "one", tokens: ENDLESS_TOKENS, signal: abort.signal };
  await client.ask({ model: "one", tokens: 1 });
  assert.equal(await busySlots(), 0);
  let began = 0;
  try {
    for await (const piece of client.stream(question)) {
      if (piece === "" || abort.signal.aborted) continue;
      assert.equal(await busySlots(), 1);
      began = performance.now();
      abort.abort();
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  await waitUntil("the slot is free", 30, async () => await busySlots() === 0);
  // deno-lint-ignore no-console
  console.log(`${name}: the slot is free after ${Math.round(performance.now() - began)} ms`);
});

Deno.test("curl that leaves a stream frees the slot of its engine", async () => {
  const body = chatBody("one", { stream: true, max_tokens: ENDLESS_TOKENS });
  const child = new Deno.Command("curl", {
    args: ["-sSN", "-H", "content-type: application/json", "-d", JSON.stringify(body)]
      .concat(`${DOOR}/v1/chat/completions`),
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  assert.equal(await busySlots(), 1);
  child.kill("SIGKILL");
  await reader.cancel().catch(() => {});
  await child.status;
  await waitUntil("the slot is free", 30, async () => await busySlots() === 0);
});

/** Counts the slots of `one` that work, as the engine says itself. */
async function busySlots(): Promise<number> {
  const slots = await (await fetch(`http://127.0.0.1:${ENGINES["one"]!["port"]}/slots`)).json();
  return slots.filter((slot: { is_processing: boolean }) => slot.is_processing).length;
}

Deno.test("a conversation goes on after a swap to another engine and back", async () => {
  await using shell = lichShell();
  const units = ["one", "two"].map((name) => `soulstone-${name}.service`);
  const messages: OpenAI.ChatCompletionMessageParam[] = [];
  const tokens: number[] = [];
  for (const model of ["one", "two", "one"]) {
    messages.push({ role: "user", content: `Hello ${model}` });
    const { choices, usage } = await openai.sdk.chat.completions.create({
      model,
      messages,
      max_tokens: 10,
    });
    messages.push(choices[0]!.message);
    tokens.push(usage?.prompt_tokens ?? 0);
    assert.deepEqual(await active(shell, units), [`soulstone-${model}.service`]);
  }
  assert.ok(tokens[0]! < tokens[1]! && tokens[1]! < tokens[2]!, tokens.join());
});

Deno.test("a stream that waits begins with comments, which each client reads", async () => {
  await using shell = lichShell();
  const answers: Promise<string>[] = [];
  await whileHeld(shell, async () => {
    const chat = await post("/v1/chat/completions", chatBody("two", { stream: true }));
    const message = await post("/v1/messages", chatBody("two", { stream: true }));
    // The clients asked later, so they wait too.
    for (const { stream } of Object.values(CLIENTS)) answers.push(textOf(stream({ model: "two" })));
    await waitUntil("the clients wait", 60, async () => await waitingFor("two") === 5);
    const first = await readUntil(chat, "\n\n");
    assert.match(first.text, /^: \S/);
    const ping = await readUntil(message, "\n\n");
    assert.match(ping.text, /^event: ping\n|^: \S/);
    // They begin a second comment, so all clients got the first one.
    await first.until(/^: .*\n\n: /s);
    await first.cancel();
    await ping.cancel();
  });
  for (const answer of await Promise.all(answers)) assert.ok(answer.length > 0);
});

/** Reads the beginning of an answer. */
async function readUntil(response: Response, end: string) {
  assert.equal(response.status, 200);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const begun = {
    text: "",
    async until(pattern: RegExp) {
      while (!pattern.test(begun.text)) {
        const { done, value } = await reader.read();
        assert.ok(!done, begun.text);
        begun.text += value;
      }
    },
    cancel: () => reader.cancel(),
  };
  await begun.until(new RegExp(end));
  return begun;
}

Deno.test("each client obeys Retry-After", async () => {
  await using shell = lichShell();
  type Attempt = { readonly atSeconds: number; readonly status: number; readonly after: number };
  const attempts = new Map<string, Attempt[]>();
  const others: Promise<Response>[] = [];
  const answers: Promise<number>[] = [];
  await whileHeld(shell, async () => {
    // As many as may wait for an engine.
    for (let i = 0; i < 128; i++) others.push(post("/v1/chat/completions", chatBody("two")));
    await waitUntil("the queue is full", 60, async () => await waitingFor("two") === 128);
    for (const [name, make] of Object.entries(MAKERS)) {
      const ofClient: Attempt[] = [];
      attempts.set(name, ofClient);
      const client = make("none", async (input, init) => {
        const atSeconds = performance.now() / 1000;
        const response = await fetch(input, init);
        const after = Number(response.headers.get("retry-after"));
        ofClient.push({ atSeconds, status: response.status, after });
        return response;
      });
      answers.push(client.ask({ model: "two" }));
    }
    const isRefused = () => [...attempts.values()].every(({ length }) => length > 0);
    await waitUntil("the clients are refused", 60, () => Promise.resolve(isRefused()));
  });
  assert.deepEqual(await Promise.all(answers), [5, 5, 5]);
  for (const response of await Promise.all(others)) {
    assert.equal(response.status, 200);
    await response.body?.cancel();
  }
  for (const [name, ofClient] of attempts) {
    assert.deepEqual([ofClient.at(0)?.status, ofClient.at(-1)?.status], [503, 200]);
    for (const [i, { atSeconds, after }] of ofClient.slice(0, -1).entries()) {
      assert.ok(after > 0);
      const pause = ofClient[i + 1]!.atSeconds - atSeconds;
      assert.ok(pause >= after - 0.01, `${name}: ${pause} s instead of ${after} s`);
    }
  }
});

Deno.test("two clients of different Covens take turns", async () => {
  const minutes = Number(Deno.env.get("LYCHD_REAL_MINUTES") ?? 0);
  const end = Date.now() + minutes * 60_000;
  let last = "";
  let turns = 0;
  const work = async (client: Client, model: string) => {
    const waits: number[] = [];
    while (Date.now() < end || turns < 3) {
      const began = performance.now();
      assert.equal(await client.ask({ model, tokens: 5 }), 5);
      waits.push(performance.now() - began);
      if (last !== model) turns++;
      last = model;
    }
    const longest = Math.max(...waits) / 1000;
    return `${model}: ${waits.length} answers, the longest after ${longest.toFixed(1)} s`;
  };
  const lines = await Promise.all([work(openai, "one"), work(anthropic, "two")]);
  // deno-lint-ignore no-console
  console.log([`${turns} turns`, ...lines].join("; "));
});

Deno.test("a restart of the front door under load loses no answer", async () => {
  await using shell = lichShell();
  await openai.ask({ model: "one" });
  let isOver = false;
  let [answers, streams] = [0, 0];
  const loads = Object.values(CLIENTS).flatMap(({ ask, stream }) => [
    (async () => {
      for (; !isOver; answers++) assert.equal(await ask({ model: "one", tokens: 100 }), 100);
    })(),
    (async () => {
      for (; !isOver; streams++) await textOf(stream({ model: "one", tokens: 100 }));
    })(),
  ]);
  const restarting = (async () => {
    for (let i = 0; i < 3; i++) {
      const [answersBefore, streamsBefore] = [answers, streams];
      await waitUntil("there is load", 60, () => {
        return Promise.resolve(answers > answersBefore + 5 && streams > streamsBefore + 5);
      });
      await must(shell, "systemctl --user restart lychd-vessel.service");
    }
  })().finally(() => isOver = true);
  await Promise.all([restarting, ...loads]);
});

Deno.test("with keys, each client needs one", async () => {
  await using shell = lichShell();
  const key = randomBytes(32).toString("hex");
  const alice = `sha256:${createHash("sha256").update(key).digest("hex")}`;
  await writeCodex(ENGINES, { ...SETTINGS, vessel: { enabled: true, keys: { alice } } });
  assert.equal((await run(shell, "render")).code, 0);
  await waitUntil("the door wants keys", 60, async () => {
    const response = await fetch(`${DOOR}/health`);
    await response.body?.cancel();
    return response.status === 401;
  });
  for (const [name, make] of Object.entries(MAKERS)) {
    const wrong = make(randomBytes(32).toString("hex"));
    const failed = await wrong.ask({ model: "one" }).then(() => undefined, (error) => error);
    assert.equal(wrong.statusOf(failed), 401, `${name}: ${failed}`);
    assert.equal(await make(key).ask({ model: "one", tokens: 5 }), 5);
  }
  const { code } = await shell.run(
    `curl -sf ${DOOR}/v1/models -H ${shellQuote(`x-api-key: ${key}`)}`,
  );
  assert.equal(code, 0);
});
