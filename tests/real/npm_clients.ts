/** The clients of three npm packages, for the front door, with one interface for what all of them can do. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
import { APICallError, generateText, RetryError, streamText } from "ai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { DOOR } from "../lab/door.ts";

/** The patience of a client: for an answer, and for new attempts. */
const PATIENCE = { timeout: 300_000, maxRetries: 8 };

/** A request for a chat. */
export interface Question {
  readonly model: string;
  readonly prompt?: string;
  readonly tokens?: number;
  readonly signal?: AbortSignal;
}

/** A client, with what the tests need of it. */
export interface Client {
  /** Returns the number of tokens of an answer in one piece. */
  readonly ask: (question: Question) => Promise<number>;
  /** Yields the pieces of a stream. Throws unless it ends as it should. */
  readonly stream: (question: Question) => AsyncIterable<string>;
  /** Returns the status of the answer that an error is about. */
  readonly statusOf: (error: unknown) => number | undefined;
}

/** A replacement for `fetch`, which sees each attempt. */
type Fetch = typeof fetch;

/** Returns the body of a question, the same for both APIs. */
function body({ model, prompt = "Hello", tokens = 20 }: Question) {
  return { model, max_tokens: tokens, messages: [{ role: "user" as const, content: prompt }] };
}

/** Returns the client of the package `openai`. */
export function openaiClient(
  key = "none",
  fetch: Fetch = globalThis.fetch,
): Client & { sdk: OpenAI } {
  const sdk = new OpenAI({ baseURL: `${DOOR}/v1`, apiKey: key, fetch, ...PATIENCE });
  return {
    sdk,
    async ask(question) {
      const chat = await sdk.chat.completions.create(body(question), { signal: question.signal });
      return chat.usage?.completion_tokens ?? 0;
    },
    async *stream(question) {
      const options = { signal: question.signal };
      const stream = await sdk.chat.completions.create(
        { ...body(question), stream: true },
        options,
      );
      let reason: string | null = null;
      for await (const { choices } of stream) {
        yield choices[0]?.delta.content ?? "";
        reason = choices[0]?.finish_reason ?? reason;
      }
      assert.ok(reason !== null, "the stream has no end");
    },
    statusOf: (error) => error instanceof OpenAI.APIError ? error.status : undefined,
  };
}

/** Returns the client of the package `@anthropic-ai/sdk`. */
export function anthropicClient(
  key = "none",
  fetch: Fetch = globalThis.fetch,
): Client & { sdk: Anthropic } {
  const sdk = new Anthropic({ baseURL: DOOR, apiKey: key, fetch, ...PATIENCE });
  return {
    sdk,
    async ask(question) {
      const message = await sdk.messages.create(body(question), { signal: question.signal });
      return message.usage.output_tokens;
    },
    async *stream(question) {
      const stream = sdk.messages.stream(body(question), { signal: question.signal });
      for await (const event of stream) {
        if (event.type === "content_block_delta" && event.delta.type === "text_delta") {
          yield event.delta.text;
        }
      }
      assert.ok((await stream.finalMessage()).stop_reason !== null, "the stream has no end");
    },
    statusOf: (error) => error instanceof Anthropic.APIError ? error.status : undefined,
  };
}

/** Returns the client of the package `ai`, with its provider for servers that are compatible with OpenAI. */
export function aiClient(key = "none", fetch: Fetch = globalThis.fetch) {
  const provider = createOpenAICompatible({
    name: "lychd",
    baseURL: `${DOOR}/v1`,
    apiKey: key,
    fetch,
  });
  const options = ({ model, prompt = "Hello", tokens = 20, signal }: Question) => ({
    model: provider(model),
    prompt,
    maxOutputTokens: tokens,
    maxRetries: PATIENCE.maxRetries,
    ...(signal && { abortSignal: signal }),
  });
  const client: Client = {
    async ask(question) {
      return (await generateText(options(question))).usage.outputTokens ?? 0;
    },
    async *stream(question) {
      let failure: unknown;
      const { textStream, finishReason } = streamText({
        ...options(question),
        onError: ({ error }) => void (failure = error),
      });
      for await (const piece of textStream) yield piece;
      if (failure !== undefined) throw failure;
      question.signal?.throwIfAborted();
      assert.ok(["length", "stop"].includes(await finishReason), "the stream has no end");
    },
    statusOf(error) {
      const last = RetryError.isInstance(error) ? error.lastError : error;
      return APICallError.isInstance(last) ? last.statusCode : undefined;
    },
  };
  return { ...client, provider };
}

/** The makers of the clients. Each takes a key, and a replacement for `fetch`. */
export const MAKERS = { openai: openaiClient, anthropic: anthropicClient, ai: aiClient };
