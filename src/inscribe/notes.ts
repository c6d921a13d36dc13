import { join } from "node:path/posix";
import type { Host } from "../host/host.ts";
import { type Notes, NOTES_PATH } from "../units/notes.ts";
import type { Write } from "./transaction.ts";

/** Returns the write of the notes for a transaction; empty notes remove the file. */
export function notesWrite(host: Host, root: string, notes: Notes): Write[] {
  const { started, reread, stop, unconfirmed } = notes;
  const isEmpty = started.size === 0 && reread.size === 0 && stop.size === 0 && !unconfirmed;
  const isThere = host.lstat(join(root, NOTES_PATH)) !== undefined;
  if (isEmpty && !isThere) return [];
  return [{ path: NOTES_PATH, content: isEmpty ? undefined : formatNotes(notes), mode: 0o600 }];
}

/** Writes the notes for the next run. */
export function writeNotes(host: Host, root: string, notes: Notes): void {
  for (const { path, content, mode } of notesWrite(host, root, notes)) {
    const place = join(root, path);
    if (content === undefined) {
      host.remove(place);
      continue;
    }
    const staged = `${place}.new`;
    if (host.lstat(staged) !== undefined) host.remove(staged);
    host.create(staged, content, mode);
    host.rename(staged, place);
  }
}

function formatNotes({ started, reread, stop, unconfirmed }: Notes): string {
  const value = {
    started: Object.fromEntries(
      [...started].map(([unit, { invocationId, settings }]) => [
        unit,
        { invocation_id: invocationId, settings },
      ]),
    ),
    reread: Object.fromEntries(reread),
    stop: Object.fromEntries(stop),
    untold: unconfirmed,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
