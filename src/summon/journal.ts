import { printable } from "../core/report/printable.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";

/** The most lines of a journal that are printed, and read. */
const SHOWN_LINES = 12;
const READ_LINES = 60;

/** Returns the last lines of a service since a time, without the messages of Podman itself. */
export async function journalTail(
  { host, programs: { journalctl } }: CommandContext,
  service: string,
  sinceSeconds: number,
): Promise<string[]> {
  if (journalctl === undefined) return [];
  try {
    const { stdout } = await host.run(journalctl, [
      "--no-pager",
      "--output=cat",
      `--lines=${READ_LINES}`,
      `--since=@${Math.floor(sinceSeconds)}`,
      `--user-unit=${service}`,
    ]);
    return stdout.split("\n").filter(isFromEngine).slice(-SHOWN_LINES).map(printable);
  } catch (error) {
    if (error instanceof HostError) return [];
    throw error;
  }
}

function isFromEngine(line: string): boolean {
  return line.trim() !== "" &&
    // Podman's events, such as `2026-11-21 23:45:31.1 +0000 UTC m=+0.6 container died …`.
    !/^\d{4}-\d\d-\d\d \S+ \S+ \S+ m=\S+ \w+ [\w-]+ /.test(line) &&
    !/^conmon [0-9a-f]+ <\w+>:/.test(line);
}
