import { basename, join } from "node:path/posix";
import { RECEIPT_PATH } from "../core/plan/receipt.ts";
import { printable } from "../core/report/printable.ts";
import { BOOT_DROP_IN, QUADLET_FOLDER, SYSTEMD_FOLDER } from "../core/rune/names.ts";
import { type Host, HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type InscribeOptions } from "../run/invocation.ts";
import { Refusal, refusalOf } from "../run/refusal.ts";
import { refuseUntrustedFolders } from "../trust/path.ts";
import { type Systemd, userSystemd } from "../units/systemd.ts";
import { recover } from "./transaction.ts";

/** The lock file in lychd's folder, which excludes other runs. */
const LOCK = ".lychd-lock";

/** A file in each of the deepest folders that lychd writes to. */
const DEEPEST = [join(QUADLET_FOLDER, LOCK), join(SYSTEMD_FOLDER, BOOT_DROP_IN)];

/** The options of a run that changes what is rendered or what runs. */
type LockOptions = Pick<InscribeOptions, "verify" | "reload" | "waitSeconds">;

/**
 * Does `work` while no other lychd writes, after undoing a run that was interrupted. Checks the host
 * first. A HostError becomes a Refusal stating that nothing was changed.
 */
export async function withWriteLock<T>(
  context: CommandContext,
  options: LockOptions,
  work: (systemd: Systemd | undefined) => Promise<T>,
): Promise<T> {
  const { host, folders, terminal } = context;
  try {
    const systemd = await requireHost(context, options);
    refuseUntrustedFolders(context, folders.config, DEEPEST);
    host.makeFolder(folders.quadlet);
    const holder = `process ${context.processId}`;
    const lock = await host.lock(join(folders.quadlet, LOCK), holder, options.waitSeconds);
    if ("heldBy" in lock) {
      throw new Refusal(`another lychd is writing: ${printable(lock.heldBy)}`, {
        hint: `wait longer with --wait SECONDS (now ${options.waitSeconds})`,
      });
    }
    try {
      if (recover(host, folders.config)) {
        terminal.err("lychd: the previous run was interrupted; its changes were undone\n");
        // systemd may have loaded the units that were undone.
        const problem = await systemd?.reload();
        if (problem !== undefined) {
          terminal.err(`lychd: systemd did not reload: ${printable(problem)}\n`);
        }
      }
      return await work(systemd);
    } finally {
      removeIfUnused(host, folders.quadlet);
      lock.release();
    }
  } catch (error) {
    throw refusalOf(error, "nothing was changed");
  }
}

/**
 * Removes the lock file and the folder if there is no receipt. Must be the last action of the holder:
 * as soon as the name is free, another run may lock a new file.
 */
function removeIfUnused(host: Host, folder: string): void {
  try {
    const names = host.list(folder);
    if (names.includes(basename(RECEIPT_PATH))) return;
    if (names.includes(LOCK)) host.remove(join(folder, LOCK));
    host.removeEmptyFolder(folder);
  } catch (error) {
    // An earlier error must not be hidden by this one.
    if (!(error instanceof HostError)) throw error;
  }
}

/** Refuses a host without the programs that the options need. */
async function requireHost(
  context: CommandContext,
  { verify, reload }: LockOptions,
): Promise<Systemd | undefined> {
  const refuse = (message: string, hint: string) => {
    throw new Refusal(message, { code: EXIT.hostRefused, hint });
  };
  if (verify && context.programs.generator === undefined) {
    refuse(
      "this host has no Quadlet generator to verify the units",
      "install Podman 5.4 or newer, for example: sudo dnf install podman; or use --no-verify",
    );
  }
  if (verify && context.folders.stage === undefined) {
    refuse(
      "XDG_RUNTIME_DIR is not set, and the units are verified in a folder below it",
      "export XDG_RUNTIME_DIR=/run/user/$(id -u); or use --no-verify",
    );
  }
  if (!reload) return undefined;
  const systemd = userSystemd(context);
  const problem = systemd === undefined ? "there is no systemctl" : await systemd.problem();
  if (problem !== undefined) {
    refuse(
      `the user's systemd does not answer: ${printable(problem)}`,
      "sudo loginctl enable-linger $USER, then log in again (not with su or sudo); " +
        "or use --no-reload",
    );
  }
  return systemd;
}
