import { printable } from "../../../core/report/printable.ts";
import type { Driver } from "../dispatch/driver.ts";
import type { Ticket } from "../dispatch/ticket.ts";

/** A request that waits, for the text that its client gets meanwhile. */
export interface Waiting {
  readonly path: string;
  /** The model that the client named. */
  readonly model: string;
  /** True if the state is shown as text of the model's reasoning. */
  readonly isShown: boolean;
}

/**
 * Returns a piece of a stream of events that keeps a client waiting: a comment, which clients ignore; for
 * clients of Anthropic's API its `ping`; or, for chats, a piece of reasoning that people see.
 *
 * @example
 * ```ts
 * import { waitingEvent } from "./waiting.ts";
 * waitingEvent("eye starts", { path: "/v1/completions", model: "eye", isShown: false }); // ": eye starts\n\n"
 * ```
 */
export function waitingEvent(text: string, { path, model, isShown }: Waiting): string {
  if (path.startsWith("/v1/messages")) return 'event: ping\ndata: {"type":"ping"}\n\n';
  if (!isShown || path !== "/v1/chat/completions") return `: ${printable(text)}\n\n`;
  const delta = { role: "assistant", reasoning_content: `${text}\n` };
  const chunk = {
    id: "lychd-waiting",
    object: "chat.completion.chunk",
    created: 0,
    model,
    choices: [{ index: 0, delta, finish_reason: null }],
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

/** Returns the state of a request that waits, for people. */
export function waitingText({ engine, isForwarded }: Ticket, driver: Driver): string {
  if (isForwarded) return `${engine} works on it`;
  if (driver.isHeld) return `${engine} does not run, and the operator keeps what runs`;
  const { phase, wish } = driver.status;
  const estimate = `about ${driver.estimateSeconds(engine)} s`;
  const progress = driver.progress.at(-1);
  if (phase === "swapping" && progress !== undefined) {
    return `waiting for ${engine}: ${PHASES[progress.phase]} ${
      progress.names.join(", ")
    }, ${estimate}`;
  }
  const goal = wish === undefined ? "" : `, next is ${"name" in wish ? wish.name : wish.names}`;
  return `waiting for ${engine}: ${phase}${goal}, ${estimate}`;
}

const PHASES = {
  stop: "stopping",
  memory: "waiting for the GPU memory of",
  start: "starting",
  healthy: "waiting for the health of",
} as const;
