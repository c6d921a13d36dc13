/**
 * The editor of the operator, for a command in a sandbox. A sandbox may not run it, since it can be any
 * program: the gate does, on a copy of a file of the Codex.
 */

import type { SendToGate } from "./gate_request.ts";

/** Asks the gate, by `send`, to open a file in the editor. Returns the exit code of the editor. */
export function askForEditor(send: SendToGate, path: string): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((done) => {
    port1.onmessage = ({ data }: MessageEvent<number>) => {
      port1.close();
      done(data);
    };
    send({ wanted: "editor", path, channel: port2 }, [port2]);
  });
}

/** Returns the name of the copy of a file that is edited: hidden, so that no Codex contains it. */
export function copyName(fileName: string, digest: string): string {
  return `${copyPrefix(fileName)}${digest.slice(0, 12)}.toml`;
}

/** Returns the start of the names of all copies of a file. */
export function copyPrefix(fileName: string): string {
  return `.${fileName.replace(/\.toml$/, "")}.edit-`;
}

/** Returns true for the name of a copy that is edited. */
export function isCopyName(name: string): boolean {
  return /^\..+\.edit-[0-9a-f]{12}\.toml$/.test(name);
}
