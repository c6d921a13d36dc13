import { DoorClient, errorOf } from "../client/door_client.ts";
import { printable } from "../core/report/printable.ts";
import { type CommandContext, requireDoor } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { printRefusal, Refusal } from "../run/refusal.ts";

/** A message of a chat. */
interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** The part of a model that the choice of one needs. */
interface Model {
  readonly id: string;
  readonly status: { readonly value: string };
}

/**
 * `lychd chat [MODEL] [PROMPT...]`: sends a prompt through the front door, and prints the answer while it
 * comes. Without a prompt it is a dialogue on a terminal, and otherwise reads the prompt from stdin.
 * A prompt that ends with `-` goes on with stdin.
 */
export async function chat(
  { model, prompt, system }: Extract<Invocation, { command: "chat" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal } = context;
  const client = new DoorClient(requireDoor(context));
  const named = model === "-" ? undefined : model;
  const readsStdin = model === "-" || prompt.at(-1) === "-";
  const words = (prompt.at(-1) === "-" ? prompt.slice(0, -1) : prompt).join(" ");
  const isDialogue = words === "" && !readsStdin && terminal.canAsk;
  const chosen = named ?? await runningModel(client);
  const messages: Message[] = system === undefined ? [] : [{ role: "system", content: system }];
  if (!isDialogue) {
    const read = readsStdin || words === "" ? await terminal.readAll() : "";
    const content = words === "" || read === "" ? words + read : `${words}\n\n${read}`;
    if (content.trim() === "") throw new Refusal("the prompt is empty", { code: EXIT.usage });
    messages.push({ role: "user", content });
    await answer(client, { model: chosen, messages }, context);
    return EXIT.ok;
  }
  terminal.err(`${printable(chosen)} listens; Ctrl-D ends the dialogue\n`);
  for (;;) {
    const line = await terminal.ask("> ");
    if (line === undefined || line === "") {
      terminal.err("\n");
      return EXIT.ok;
    }
    if (line.trim() === "") continue;
    const said = [...messages, { role: "user", content: line.trimEnd() } as const];
    try {
      const content = await answer(client, { model: chosen, messages: said }, context);
      messages.splice(0, Infinity, ...said, { role: "assistant", content });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      printRefusal(context, error);
    }
  }
}

/** Returns the only model, or the only one that runs; refuses if several could be meant. */
async function runningModel(client: DoorClient): Promise<string> {
  const { data } = await client.get("/v1/models") as { readonly data: readonly Model[] };
  const running = data.filter(({ status }) => status.value === "loaded");
  const [first, ...others] = running.length > 0 ? running : data;
  if (first !== undefined && others.length === 0) return first.id;
  const names = [...data].map(({ id }) => id).join(", ");
  const message = first === undefined
    ? "the front door has no models"
    : `${running.length === 0 ? "no model runs" : "several models run"}: name one of ${names}`;
  throw new Refusal(message, { code: EXIT.usage, hint: `lychd chat ${first?.id ?? "MODEL"}` });
}

/** Prints the answer while it comes, and returns it. */
async function answer(
  client: DoorClient,
  body: { readonly model: string; readonly messages: readonly Message[] },
  { terminal }: CommandContext,
): Promise<string> {
  const shown = (text: string) =>
    terminal.outIsTerminal ? text.split("\n").map(printable).join("\n") : text;
  let content = "";
  let isThinking = false;
  const { dim } = terminal.errPalette;
  const endThinking = () => {
    if (isThinking) terminal.err("\n");
    isThinking = false;
  };
  for await (
    const { name, data } of client.events("/v1/chat/completions", {
      body: { ...body, stream: true },
    })
  ) {
    if (name === "") {
      // The state of a request that waits.
      if (data !== "" && terminal.errIsTerminal) terminal.err(`${dim(printable(data))}\n`);
      continue;
    }
    if (data === "[DONE]") break;
    const error = errorOf(data);
    if (error !== undefined) {
      terminal.err("\n");
      throw new Refusal(error);
    }
    const { text, thought } = partsOf(data);
    if (thought !== "" && terminal.errIsTerminal) {
      terminal.err(dim(thought.split("\n").map(printable).join("\n")));
      isThinking = true;
    }
    if (text === "") continue;
    endThinking();
    content += text;
    terminal.out(shown(text));
    if (terminal.outIsGone()) break;
  }
  endThinking();
  if (!content.endsWith("\n")) terminal.out("\n");
  return content;
}

/** Returns the text in a piece of an answer, and that of the model's reasoning. */
function partsOf(data: string): { readonly text: string; readonly thought: string } {
  try {
    const delta = JSON.parse(data).choices?.[0]?.delta ?? {};
    const wordsOf = (value: unknown) => typeof value === "string" ? value : "";
    return {
      text: wordsOf(delta.content),
      thought: wordsOf(delta.reasoning_content ?? delta.reasoning),
    };
  } catch {
    return { text: "", thought: "" };
  }
}
