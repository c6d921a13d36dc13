/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Runs one command inside its sandbox, with the permissions of that command only. */
import type { Folders } from "../run/folders.ts";
import { DENO_HOST } from "../host/deno_host.ts";
import { hostWithSeen, type SeenStatuses } from "../host/host.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { askForEditor } from "../run/editor.ts";
import { openSandbox, type SendToGate } from "../run/gate_request.ts";
import { startProber } from "../run/health.ts";
import type { Programs } from "../run/programs.ts";
import { OutputError, processTerminal, type Streams } from "../run/terminal.ts";
import { printable } from "../core/report/printable.ts";
import { runCommand } from "../commands/run.ts";
import type { CommandContext, DoorAccess } from "../run/context.ts";

/** The request that the gate sends. */
export interface WorkerRequest {
  readonly invocation: Invocation;
  readonly folders: Folders;
  readonly programs: Programs;
  readonly user: number;
  readonly ownGroups: readonly number[];
  /** The statuses of folders that the sandbox may not look at. */
  readonly seen: SeenStatuses;
  readonly processId: number;
  readonly binary: string | undefined;
  readonly version: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly streams: Streams;
  /** For the clients of the front door. */
  readonly door: DoorAccess | undefined;
}

/** The message that the gate sends when the operator interrupts the command. */
export const INTERRUPT = "interrupt";

const interruption = new AbortController();

self.onmessage = ({ data }: MessageEvent<WorkerRequest | typeof INTERRUPT>) => {
  if (data === INTERRUPT) interruption.abort();
  else void answer(data);
};

async function answer(request: WorkerRequest): Promise<void> {
  const { invocation, streams, seen, ...rest } = request;
  const terminal = processTerminal(streams);
  const send: SendToGate = (message, transfer) => self.postMessage(message, { transfer });
  const context: CommandContext = {
    ...rest,
    host: hostWithSeen(DENO_HOST, seen),
    terminal,
    startProber: () => startProber(send),
    openFront: () => openSandbox("front", send),
    openEditor: (path) => askForEditor(send, path),
    interruption: interruption.signal,
  };
  let code: ExitCode;
  try {
    code = await runCommand(invocation, context);
  } catch (error) {
    // Bad input never gets here: this is a bug of lychd.
    const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    terminal.err(
      error instanceof OutputError
        ? `lychd: ${printable(error.message)}\n`
        : `lychd: internal error: ${printable(words)}\nPlease report this; lychd stopped here.\n`,
    );
    code = EXIT.failure;
  }
  self.postMessage(code);
}
