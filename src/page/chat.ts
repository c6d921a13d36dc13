/// <reference lib="dom" />
/**
 * A chat with an engine, streamed, and the same request for other clients.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { key, send, wordsOf } from "./door.ts";
import { readTemperature, readTokens } from "./parameters.ts";
import { readEvents } from "./sse.ts";
import { soulstones } from "./state.ts";

/** The name of a capability of engines that read images. */
const SEES = /vision|image|multimodal|ocr/i;

/** A message of a chat. */
export interface Message {
  readonly role: "user" | "assistant";
  readonly text: string;
  /** The reasoning of the model, if it comes apart from its answer. */
  readonly reasoning?: string;
  /** An image, as a `data:` URL. */
  readonly image?: string;
  /** Speed and size of an answer. */
  readonly figures?: string;
  readonly error?: string;
}

/** The settings of the next request, as they are written. Empty texts are not sent. */
export const settings = {
  model: signal(""),
  system: signal(""),
  temperature: signal(""),
  maxTokens: signal(""),
  prompt: signal(""),
  image: signal<string | undefined>(undefined),
};

/** The messages so far. */
export const messages = signal<readonly Message[]>([]);

/** The progress of the answer under way; undefined without one. */
export const progress = signal<string | undefined>(undefined);

let stop: AbortController | undefined;

/** Ends the answer that is under way. */
export function stopAnswer(): void {
  stop?.abort();
}

/** The body of a request, as far as the page writes it. */
interface Body {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly stream: boolean;
  readonly stream_options: { readonly include_usage: boolean };
  readonly temperature?: number;
  readonly max_tokens?: number;
}

/** Returns true if a model, or one with this capability, reads images. */
export function sees(name: string): boolean {
  const stone = soulstones.value.get(name);
  return SEES.test(name) || stone?.capabilities.some((each) => SEES.test(each)) === true;
}

/** Returns the image that goes with the next prompt: one that its model reads. */
export function imageToSend(): string | undefined {
  return sees(settings.model.value) ? settings.image.value : undefined;
}

/** Returns the body of the next request. */
export function bodyOf(history: readonly Message[]): Body {
  const { model, system } = settings;
  const { value: temperature } = readTemperature(settings.temperature.value);
  const { value: maxTokens } = readTokens(settings.maxTokens.value);
  const contentOf = sees(model.value) ? withImage : withoutImage;
  return {
    model: model.value,
    messages: [
      ...system.value.trim() === "" ? [] : [{ role: "system", content: system.value }],
      ...history.filter(({ error, text }) => error === undefined || text !== "").map(contentOf),
    ],
    stream: true,
    stream_options: { include_usage: true },
    ...temperature !== undefined && { temperature },
    ...maxTokens !== undefined && { max_tokens: maxTokens },
  };
}

function withoutImage({ role, text }: Message) {
  return { role, content: text };
}

function withImage(message: Message) {
  const { role, text, image } = message;
  if (image === undefined) return withoutImage(message);
  const picture = { type: "image_url", image_url: { url: image } };
  return { role, content: [{ type: "text", text }, picture] };
}

/** Sends the prompt, and shows the answer as it comes. */
export async function ask(): Promise<void> {
  const { prompt } = settings;
  const image = imageToSend();
  const question: Message = {
    role: "user",
    text: prompt.value,
    ...image !== undefined && { image },
  };
  const history = [...messages.value, question];
  prompt.value = "";
  // One that this model does not read stays for another.
  if (image !== undefined) settings.image.value = undefined;
  let answer: Message = { role: "assistant", text: "" };
  const show = (changes: Partial<Message>) => {
    answer = { ...answer, ...changes };
    messages.value = [...history, answer];
  };
  show({});
  progress.value = "Sent";
  stop = new AbortController();
  const began = performance.now();
  let counted = 0;
  let first: number | undefined;
  let tokens: number | undefined;
  try {
    const { body } = await send("/v1/chat/completions", {
      body: bodyOf(history),
      signal: stop.signal,
    });
    for await (const { name, data } of readEvents(body!)) {
      if (name === "") progress.value = data;
      if (name === "" || data === "[DONE]") continue;
      const { choices, usage, error } = JSON.parse(data);
      if (error !== undefined) throw new Error(error.message);
      tokens = usage?.completion_tokens ?? tokens;
      const { content, reasoning_content: reasoning } = choices?.[0]?.delta ?? {};
      if (!content && !reasoning) continue;
      first ??= performance.now();
      counted++;
      progress.value = "Answering";
      show({
        text: answer.text + (content ?? ""),
        ...reasoning && { reasoning: (answer.reasoning ?? "") + reasoning },
      });
    }
  } catch (error) {
    show({ error: stop.signal.aborted ? "Stopped." : wordsOf(error) });
  } finally {
    progress.value = undefined;
    if (first !== undefined) {
      const seconds = (performance.now() - first) / 1000;
      const count = tokens ?? counted;
      show({
        figures: `first token after ${((first - began) / 1000).toFixed(2)} s · ` +
          `${tokens === undefined ? "about " : ""}${count} tokens` +
          (count > 1 ? ` · ${(count / seconds).toFixed(1)} tokens/s` : ""),
      });
    }
  }
}

/** Returns the next request as a command of curl. The key is left to a variable. */
export function curlOf(origin: string): string {
  const { messages: _, ...rest } = bodyOf([]);
  const body = JSON.stringify({ ...rest, messages: sampleMessages() }, null, 2);
  return [
    `curl -N ${origin}/v1/chat/completions`,
    ...key.value === "" ? [] : [`  -H "authorization: Bearer $LYCHD_KEY"`],
    "  -H 'content-type: application/json'",
    `  -d '${body.replaceAll("'", `'\\''`)}'`,
  ].join(" \\\n");
}

/** Returns the next request as a program in Python, with the library of OpenAI. */
export function pythonOf(origin: string): string {
  const { model, temperature, max_tokens }: Body = bodyOf([]);
  const text = (value: unknown) => JSON.stringify(value);
  return [
    "import os",
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url=${text(`${origin}/v1`)}, timeout=1800,`,
    `                api_key=${key.value === "" ? '"none"' : 'os.environ["LYCHD_KEY"]'})`,
    "stream = client.chat.completions.create(",
    `    model=${text(model)},`,
    `    messages=${text(sampleMessages())},`,
    ...temperature === undefined ? [] : [`    temperature=${temperature},`],
    ...max_tokens === undefined ? [] : [`    max_tokens=${max_tokens},`],
    "    stream=True,",
    ")",
    "for chunk in stream:",
    "    if chunk.choices:",
    '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
  ].join("\n");
}

/** Returns the messages for other clients: the prompt that is written, without its image. */
function sampleMessages() {
  const text = settings.prompt.value ||
    messages.value.findLast(({ role }) => role === "user")?.text;
  return bodyOf([{ role: "user", text: text || "Good morning" }]).messages;
}
