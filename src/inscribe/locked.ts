import { basename, join } from "node:path/posix";
import { RECEIPT_PATH } from "../core/plan/receipt.ts";
import { printable } from "../core/report/mod.ts";
import { BOOT_DROP_IN, QUADLET_FOLDER, SYSTEMD_FOLDER } from "../core/rune/names.ts";
import { type Host, HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type InscribeOptions } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { fail } from "../run/fail.ts";
import { foreignBelow } from "../trust/folders.ts";
import { type Systemd, userSystemd } from "../units/systemd.ts";
import { recover } from "./transaction.ts";

/** Why a command that writes refuses, with the exit code that tells it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(readonly code: ExitCode, message: string, readonly hint?: string) {
    super(message);
  }
}

/**
 * Does `work` while no other lychd writes, and after what a former run left half done is undone.
 * Says on stderr why it was refused; then the state is that of before.
 */
export async function writing<T>(
  context: CommandContext,
  options: InscribeOptions,
  work: (systemd: Systemd | undefined) => Promise<T>,
): Promise<T | { refused: ExitCode }> {
  const { host, folders, terminal } = context;
  try {
    const systemd = await requireHost(context, options);
    refuseForeign(context, folders.config, WRITTEN);
    host.makeFolder(folders.quadlet);
    const holder = `process ${context.processId}`;
    const lock = await host.lock(join(folders.quadlet, LOCK), holder, options.waitSeconds);
    if ("heldBy" in lock) {
      throw new Refusal(
        EXIT.failure,
        `another lychd is writing: ${printable(lock.heldBy)}`,
        `wait for it longer with --wait SECONDS (now ${options.waitSeconds})`,
      );
    }
    try {
      if (recover(host, folders.config)) {
        terminal.err("lychd: a run before this one was cut off; what it had begun is undone\n");
        // systemd may have read what is now undone.
        const problem = await systemd?.reload();
        if (problem !== undefined) {
          terminal.err(`lychd: systemd was not told: ${printable(problem)}\n`);
        }
      }
      return await work(systemd);
    } finally {
      leaveNothing(host, folders.quadlet);
      lock.release();
    }
  } catch (error) {
    if (error instanceof Refusal) {
      const { code, hint } = error;
      return { refused: fail(context, options.json, error.message, { code, hint }) };
    }
    if (!(error instanceof HostError)) throw error;
    const words = `${error.path}: ${error.message}; nothing was changed`;
    return { refused: fail(context, options.json, words) };
  }
}

/**
 * The lock goes with the generation that it is for, and the folder unless something else is in it. The
 * last that its holder does: as soon as the name is free, somebody else may hold another lock of it.
 */
function leaveNothing(host: Host, folder: string): void {
  try {
    const names = host.list(folder);
    if (names.includes(basename(RECEIPT_PATH))) return;
    if (names.includes(LOCK)) host.remove(join(folder, LOCK));
    host.removeEmptyFolder(folder);
  } catch (error) {
    // What was refused is what counts.
    if (!(error instanceof HostError)) throw error;
  }
}

/** The file, in our folder, whose lock keeps two runs apart. */
export const LOCK = ".lychd-lock";

/** In the deepest folders that are written to. */
const WRITTEN = [join(QUADLET_FOLDER, LOCK), join(SYSTEMD_FOLDER, BOOT_DROP_IN)];

/** What must be there before anything is tried, unless the operator does without it. */
async function requireHost(
  context: CommandContext,
  options: InscribeOptions,
): Promise<Systemd | undefined> {
  const { programs, folders } = context;
  if (options.verify && programs.generator === undefined) {
    throw new Refusal(
      EXIT.hostRefused,
      "there is no Quadlet generator on this host, so no unit can be tried",
      "install Podman 5.4 or newer, such as by: sudo dnf install podman; or say --no-verify",
    );
  }
  if (options.verify && folders.stage === undefined) {
    throw new Refusal(
      EXIT.hostRefused,
      "XDG_RUNTIME_DIR is not set, so there is no place to try units in",
      "export XDG_RUNTIME_DIR=/run/user/$(id -u); or say --no-verify",
    );
  }
  if (!options.reload) return undefined;
  const systemd = userSystemd(context);
  const problem = systemd === undefined ? "there is no systemctl" : await systemd.problem();
  if (problem !== undefined) {
    throw new Refusal(
      EXIT.hostRefused,
      `the user's systemd does not answer: ${printable(problem)}`,
      `sudo loginctl enable-linger $USER, and log in anew (not by su or sudo); or say --no-reload`,
    );
  }
  return systemd;
}

/** Refuses to write to `paths` below `root` if somebody else has a say in a folder on the way. */
export function refuseForeign(
  context: CommandContext,
  root: string,
  paths: readonly string[],
): void {
  const foreign = foreignBelow(context, root, paths);
  if (foreign === undefined) return;
  throw new Refusal(EXIT.failure, `${foreign.problem}; nothing was changed`, foreign.hint);
}
