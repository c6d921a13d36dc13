import type { Folders } from "./folders.ts";
import type { Host } from "../host/host.ts";
import type { Programs } from "./programs.ts";
import type { Prober } from "./health.ts";
import type { Terminal } from "./terminal.ts";

/** What a command works with. */
export interface CommandContext {
  readonly host: Host;
  readonly folders: Folders;
  readonly programs: Programs;
  /** The number of the user who runs lychd. */
  readonly user: number;
  /** Groups in which nobody is but this user and root. */
  readonly ownGroups: readonly number[];
  /** The number of this process. */
  readonly processId: number;
  /** Of lychd. */
  readonly version: string;
  /** Variables that lead to the session, and the home folder: those that are set. */
  readonly environment: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  /** Has a prober started for the engines that were rendered. */
  readonly startProber: () => Prober;
  /** Whether and when the operator interrupted the command. */
  readonly interruption: AbortSignal;
}
