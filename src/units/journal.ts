/** The journal of engines, the pod and the Watchers. */
import { JOB_FIELDS, type JobEnd, readJobEnds } from "../core/orchestrator/pod.ts";
import type { LogSource } from "../core/orchestrator/services.ts";
import { printable } from "../core/report/printable.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";

/**
 * Returns the arguments of journalctl for the output of services and the failures that systemd reports
 * about them. With `all` they include every message of systemd and Podman.
 */
export function matchesOf(
  sources: readonly LogSource[],
  { user, all }: { readonly user: number; readonly all: boolean },
): string[] {
  const services = sources.flatMap((source) => source.services);
  // Not --user: a journal that is not stored on disk has no file of the user.
  if (all) return services.map((service) => `--user-unit=${service}`);
  const identifiers = sources.flatMap((source) => source.identifiers);
  return [
    // Quadlet names the output of a service after it. Not by the unit: of a process that ended at once,
    // journald no longer finds it.
    `_UID=${user}`,
    ...services.map((service) => `SYSLOG_IDENTIFIER=${service.replace(/\.service$/, "")}`),
    "+",
    ...identifiers.length === 0 ? [] : [
      `_UID=${user}`,
      ...services.map((service) => `_SYSTEMD_USER_UNIT=${service}`),
      ...identifiers.map((identifier) => `SYSLOG_IDENTIFIER=${identifier}`),
      "+",
    ],
    `_UID=${user}`,
    ...services.map((service) => `USER_UNIT=${service}`),
    // Up to notice: a start or a stop that succeeds is `info`.
    ...[0, 1, 2, 3, 4, 5].map((priority) => `PRIORITY=${priority}`),
  ];
}

/** Returns the last lines of a log since a time, without empty ones; none without a journal. */
export async function journalTail(
  context: CommandContext,
  source: LogSource,
  { lines, sinceSeconds }: { readonly lines: number; readonly sinceSeconds?: number },
): Promise<string[]> {
  const text = await read(context, [
    "--output=cat",
    `--lines=${lines}`,
    ...sinceSeconds === undefined ? [] : [`--since=@${Math.floor(sinceSeconds)}`],
    ...matchesOf([source], { user: context.user, all: false }),
  ]);
  return text.split("\n").filter((line) => line.trim() !== "").map(printable);
}

/** Returns the ends of all jobs of services since a time. */
export async function jobEnds(
  context: CommandContext,
  services: readonly string[],
  sinceSeconds: number,
): Promise<JobEnd[]> {
  if (services.length === 0) return [];
  return readJobEnds(
    await read(context, [
      "--output=json",
      `--output-fields=${JOB_FIELDS}`,
      `--since=@${sinceSeconds}`,
      `_UID=${context.user}`,
      ...services.map((service) => `USER_UNIT=${service}`),
      "JOB_RESULT=done",
      "JOB_RESULT=dependency",
    ]),
  );
}

async function read(
  { host, programs: { journalctl } }: CommandContext,
  args: readonly string[],
): Promise<string> {
  if (journalctl === undefined) return "";
  try {
    return (await host.run(journalctl, ["--no-pager", "--quiet", ...args])).stdout;
  } catch (error) {
    if (error instanceof HostError) return "";
    throw error;
  }
}
