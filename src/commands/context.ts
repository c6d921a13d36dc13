import type { Folders } from "../folders.ts";
import type { Host } from "../host/host.ts";
import type { Terminal } from "../terminal.ts";

/** What a command works with. */
export interface CommandContext {
  readonly host: Host;
  readonly folders: Folders;
  readonly terminal: Terminal;
}
