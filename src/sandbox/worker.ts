/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * The composition root inside the sandbox: it has the permissions of one command and no other.
 */
import type { Folders } from "../run/folders.ts";
import { DENO_HOST } from "../host/deno_host.ts";
import { hostWithSeen, type Seen } from "../host/seen.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { startProber } from "../run/health.ts";
import type { Programs } from "../run/programs.ts";
import { OutputError, processTerminal, type Streams } from "../run/terminal.ts";
import type { CommandContext } from "../run/context.ts";

/** What the gate hands over. */
export interface WorkerRequest {
  readonly invocation: Invocation;
  readonly folders: Folders;
  readonly programs: Programs;
  readonly user: number;
  readonly ownGroups: readonly number[];
  /** What the gate saw of folders at which the sandbox may not look. */
  readonly seen: Seen;
  readonly processId: number;
  readonly version: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly streams: Streams;
}

/** What the gate sends behind the request when the operator interrupts the command. */
export const INTERRUPT = "interrupt";

const interruption = new AbortController();

self.onmessage = ({ data }: MessageEvent<WorkerRequest | typeof INTERRUPT>) => {
  if (data === INTERRUPT) interruption.abort();
  else void answer(data);
};

async function answer(request: WorkerRequest): Promise<void> {
  const { invocation, streams, seen, ...rest } = request;
  const terminal = processTerminal(streams);
  const context: CommandContext = {
    ...rest,
    host: hostWithSeen(DENO_HOST, seen),
    terminal,
    startProber: () => startProber((message, transfer) => self.postMessage(message, { transfer })),
    interruption: interruption.signal,
  };
  let code: ExitCode;
  try {
    code = await runCommand(invocation, context);
  } catch (error) {
    // Bad input never comes here: this is a bug of ours, and a trace would not help the operator.
    const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    terminal.err(
      error instanceof OutputError
        ? `lychd: ${error.message}\n`
        : `lychd: internal error: ${words}\nPlease report this; nothing more was done.\n`,
    );
    code = EXIT.failure;
  }
  self.postMessage(code);
}

/** Loads only what the command needs. */
async function runCommand(invocation: Invocation, context: CommandContext): Promise<ExitCode> {
  switch (invocation.command) {
    case "check":
      return await (await import("../commands/check.ts")).check(invocation, context);
    case "render":
      return await (await import("../commands/render.ts")).render(invocation, context);
    case "doctor":
      return await (await import("../commands/doctor.ts")).doctor(invocation, context);
    case "import":
      return await (await import("../commands/import.ts")).importConfiguration(invocation, context);
    case "rollback":
      return await (await import("../commands/rollback.ts")).rollback(invocation, context);
    case "purge":
      return await (await import("../commands/purge.ts")).purge(invocation, context);
    case "init":
      return await (await import("../commands/init.ts")).init(invocation, context);
    case "add":
      return await (await import("../commands/add.ts")).add(invocation, context);
    case "schema":
      return (await import("../commands/schema.ts")).schema(invocation, context);
    case "completions":
      return (await import("../commands/completions.ts")).completions(invocation, context);
    case "complete":
      return (await import("../commands/complete.ts")).complete(invocation, context);
    case "plan":
      return await (await import("../commands/plan.ts")).planWish(invocation, context);
    case "list":
      return await (await import("../commands/list.ts")).list(invocation, context);
    case "covens":
      return await (await import("../commands/covens.ts")).covens(invocation, context);
    case "summon":
      return await (await import("../commands/summon.ts")).summon(invocation, context);
    case "banish":
      return await (await import("../commands/banish.ts")).banish(invocation, context);
    case "status":
      return await (await import("../commands/status.ts")).status(invocation, context);
    case "logs":
      return await (await import("../commands/logs.ts")).logs(invocation, context);
  }
}
