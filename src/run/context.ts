import type { Folders } from "./folders.ts";
import type { Host } from "../host/host.ts";
import type { Programs } from "./programs.ts";
import type { Prober } from "./health.ts";
import type { Terminal } from "./terminal.ts";

/** The surroundings of a command. */
export interface CommandContext {
  readonly host: Host;
  readonly folders: Folders;
  readonly programs: Programs;
  /** The number of the user. */
  readonly user: number;
  /** Groups without members other than this user and root. */
  readonly ownGroups: readonly number[];
  readonly processId: number;
  /** The path of this program; undefined if lychd runs from source. */
  readonly binary: string | undefined;
  /** The version of lychd. */
  readonly version: string;
  /** `HOME` and the variables of the session, as far as they are set. */
  readonly environment: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  /** Starts a prober for the rendered engines. */
  readonly startProber: () => Prober;
  /** Starts the sandbox that speaks HTTP for the front door. Returns the channel to it. */
  readonly openFront: () => MessagePort;
  /** Opens a copy of a file of the Codex in the operator's editor; returns the exit code of the editor. */
  readonly openEditor: (path: string) => Promise<number>;
  /** Aborted when the operator interrupts the command. */
  readonly interruption: AbortSignal;
}
