/**
 * The clients that people use, against the front door of {@link ENGINES}. `door_test.ts` runs these tests in
 * the network of the lab, where the door is.
 */
import assert from "node:assert/strict";
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
import { generateText } from "ai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { DOOR } from "../lab/door.ts";

const openai = new OpenAI({ baseURL: `${DOOR}/v1`, apiKey: "none" });
const anthropic = new Anthropic({ baseURL: DOOR, apiKey: "none" });
const compatible = createOpenAICompatible({ name: "lychd", baseURL: `${DOOR}/v1` });

const HELLO = [{ role: "user" as const, content: "Hello" }];

Deno.test("a chat in one piece", async () => {
  const body = { model: "one", max_tokens: 20, messages: HELLO };
  const chat = await openai.chat.completions.create(body);
  assert.equal(chat.model, "tiny-one");
  assert.ok((chat.usage?.completion_tokens ?? 0) > 0);
  const message = await anthropic.messages.create(body);
  assert.ok(message.usage.output_tokens > 0);
  const { usage } = await generateText({
    model: compatible("one"),
    prompt: "Hello",
    maxOutputTokens: 20,
  });
  assert.ok((usage.outputTokens ?? 0) > 0);
});
