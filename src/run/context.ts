import type { Folders } from "./folders.ts";
import type { Host } from "../host/host.ts";
import type { Programs } from "./programs.ts";
import type { Prober } from "./health.ts";
import { Refusal } from "./refusal.ts";
import type { Terminal } from "./terminal.ts";

/** The front door, for a command that is its client. */
export interface DoorAccess {
  /** Its address, without a slash at the end. */
  readonly url: string;
  /** The key of the operator: `LYCHD_KEY`. */
  readonly key: string | undefined;
}

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
  /** The front door; only its clients have it. */
  readonly door?: DoorAccess | undefined;
  /** Aborted when the operator interrupts the command. */
  readonly interruption: AbortSignal;
}

/** Returns the front door; refuses if none is rendered. */
export function requireDoor({ door }: Pick<CommandContext, "door">): DoorAccess {
  if (door !== undefined) return door;
  throw new Refusal("the front door is not enabled", {
    hint: "set enabled = true in [vessel] of lychd.toml, then run lychd render",
  });
}
