/**
 * Sends chats to the front door, several at a time, and retries as the clients of OpenAI do. It runs on the
 * host in the network of the lab: `nsenter --net=/proc/PID/ns/net deno run -A door_load.ts JSON`.
 *
 * The argument is a {@link Load}. Prints each {@link Chat} in JSON.
 */

/** The work of the clients. */
export interface Load {
  readonly url: string;
  readonly models: readonly string[];
  readonly clients: number;
  readonly chats: number;
  /** The words of a chat, which the stand-in engine repeats: in a stream one every 100 ms. */
  readonly words: number;
}

/**
 * The end of an attempt:
 *
 * - `whole`: the expected answer; `left`: the client left on purpose
 * - `busy`: 503, because the queue is full or the engine has failed
 * - `lost`: another status that asks to try again, no connection, or an answer in one piece that broke off
 * - `error`: an error in a stream; `cut`: a stream that broke off
 * - `refused`: another status; `wrong`: another answer
 */
export type AttemptEnd =
  | "whole"
  | "left"
  | "busy"
  | "lost"
  | "error"
  | "cut"
  | "refused"
  | "wrong";

/** An attempt to get an answer. The times are in milliseconds since 1970. */
export interface Attempt {
  readonly end: AttemptEnd;
  readonly said: string;
  readonly beginMilliseconds: number;
  readonly endMilliseconds: number;
}

/** A chat that has ended; its end is that of the last attempt. */
export interface Chat {
  readonly id: string;
  readonly model: string;
  readonly attempts: readonly Attempt[];
}

/** A failed attempt. */
class Failed extends Error {
  readonly end: AttemptEnd;
  readonly afterSeconds: number | undefined;

  constructor(end: AttemptEnd, message: string, afterSeconds?: number) {
    super(message);
    this.end = end;
    this.afterSeconds = afterSeconds;
  }
}

/** Clients of OpenAI give up after two by default; the restart of a user's systemd takes longer. */
const MOST_RETRIES = 12;
const LONGEST_PAUSE_SECONDS = 8;

/** A client gives up after this time. */
const TIMEOUT_MILLISECONDS = 300_000;

if (import.meta.main) {
  const load: Load = JSON.parse(Deno.args[0] ?? "");
  let next = 0;
  await Promise.all(Array.from({ length: load.clients }, async () => {
    let model: string | undefined;
    while (next < load.chats) {
      // A client stays with its model for a while.
      if (model === undefined || Math.random() < 0.2) {
        model = load.models[Math.floor(Math.random() * load.models.length)] ?? "";
      }
      console.log(JSON.stringify(await chat(next++, model, load)));
    }
  }));
}

async function chat(number: number, model: string, load: Load): Promise<Chat> {
  const id = `chat${number}`;
  const count = 1 + Math.floor(Math.random() * load.words);
  const text = [id, ...Array.from({ length: count }, (_, i) => `word${i}`)].join(" ");
  const question = { model, text, isStream: Math.random() < 0.7 };
  const leaves = Math.random() < 0.05;
  const attempts: Attempt[] = [];
  for (;;) {
    const signal = AbortSignal.timeout(leaves ? 1000 * Math.random() : TIMEOUT_MILLISECONDS);
    const beginMilliseconds = Date.now();
    const failed = await ask(load.url, question, signal).then(() => undefined, (error) => error);
    const end = failed === undefined
      ? "whole"
      : leaves && signal.aborted
      ? "left"
      : failed instanceof Failed
      ? failed.end
      : "wrong";
    const said = failed === undefined ? "" : String(failed);
    attempts.push({ end, said, beginMilliseconds, endMilliseconds: Date.now() });
    const isRetried = end === "busy" || end === "lost";
    if (!isRetried || attempts.length > MOST_RETRIES) return { id, model, attempts };
    const pause = Math.min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** (attempts.length - 1)) *
      (1 - 0.25 * Math.random());
    const seconds = failed instanceof Failed ? failed.afterSeconds ?? pause : pause;
    await new Promise((wake) => setTimeout(wake, 1000 * seconds));
  }
}

interface Question {
  readonly model: string;
  readonly text: string;
  readonly isStream: boolean;
}

/** Sends a request once. Throws unless the whole answer is the expected one. */
async function ask(
  url: string,
  { model, text, isStream }: Question,
  signal: AbortSignal,
): Promise<void> {
  const messages = [{ role: "user", content: text }];
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages, stream: isStream, model }),
    signal,
  }).catch((error) => {
    throw new Failed("lost", `no answer: ${error.message}`);
  });
  const { status, headers } = response;
  if (status !== 200) {
    const said = `${status}: ${(await response.text().catch(String)).slice(0, 300)}`;
    const isRetried = status === 408 || status === 409 || status === 429 || status >= 500;
    if (headers.get("x-should-retry") === "false" || !isRetried) throw new Failed("refused", said);
    const after = Number(headers.get("retry-after") ?? NaN);
    const end = status === 503 && !said.includes('"code":"cut"') ? "busy" : "lost";
    throw new Failed(end, said, after > 0 && after <= 60 ? after : undefined);
  }
  const { body, problem } = await received(response);
  // A client retries an answer in one piece if it broke off.
  if (problem !== undefined && !isStream) throw new Failed("lost", `broke off: ${problem}`);
  const answer = isStream ? streamed(body) : JSON.parse(body).choices[0].message.content;
  if (answer !== text) throw new Failed("wrong", `${JSON.stringify(answer)}, not ${text}`);
}

/** Returns the body as far as it came: the door breaks a connection off after the event of an error. */
async function received(response: Response): Promise<{ body: string; problem?: string }> {
  let body = "";
  try {
    const reader = (response.body ?? new Blob().stream()).getReader();
    const decoder = new TextDecoder();
    // A pipe to a stream of text would lose the last pieces before an error.
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      body += decoder.decode(value, { stream: true });
    }
    return { body };
  } catch (error) {
    return { body, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Returns the text of a stream of events. */
function streamed(body: string): string {
  let text = "";
  let isDone = false;
  // The last line may be incomplete.
  for (const line of body.split("\n").slice(0, -1)) {
    if (!line.startsWith("data: ")) continue;
    const data = line.slice("data: ".length);
    if (data === "[DONE]") {
      isDone = true;
      continue;
    }
    const { error, choices = [] } = JSON.parse(data);
    if (error !== undefined) throw new Failed("error", JSON.stringify(error));
    for (const { delta } of choices) text += delta.content ?? "";
  }
  if (!isDone) throw new Failed("cut", `it ends without [DONE]: ${body.slice(-300)}`);
  return text;
}
