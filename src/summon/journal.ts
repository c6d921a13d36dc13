import { printable } from "../core/report/mod.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";

/** How many lines of a journal are shown, and read. */
const SHOWN_LINES = 12;
const READ_LINES = 60;

/** The last lines that a service wrote since a time, without Podman's own bookkeeping. */
export async function journalTail(
  { host, programs }: CommandContext,
  service: string,
  sinceSeconds: number,
): Promise<string[]> {
  if (programs.journalctl === undefined) return [];
  try {
    const { stdout } = await host.run(programs.journalctl, [
      "--no-pager",
      "--output=cat",
      `--lines=${READ_LINES}`,
      `--since=@${Math.floor(sinceSeconds)}`,
      `--user-unit=${service}`,
    ]);
    return stdout.split("\n").filter(tells).slice(-SHOWN_LINES).map(printable);
  } catch (error) {
    if (error instanceof HostError) return [];
    throw error;
  }
}

/** Whether a line says anything of the engine. */
function tells(line: string): boolean {
  return line.trim() !== "" &&
    // Podman's events, such as `2026-11-21 23:45:31.1 +0000 UTC m=+0.6 container died …`.
    !/^\d{4}-\d\d-\d\d \S+ \S+ \S+ m=\S+ \w+ [\w-]+ /.test(line) &&
    !/^conmon [0-9a-f]+ <\w+>:/.test(line);
}
