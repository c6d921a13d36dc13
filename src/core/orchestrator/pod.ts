/** Reads the journal of the pod: why it could not start, and which engines its failure stopped. */
import { command } from "../report/shell.ts";
import { SEPULCHER } from "../rune/names.ts";
import type { UnitState } from "./condition.ts";

/** The reason why the pod could not start. */
export type PodProblem =
  | { readonly kind: "port"; readonly port: number; readonly address: string }
  | { readonly kind: "other"; readonly message: string; readonly fix?: string };

/**
 * The state of rootless Podman after its containers were killed together with the user's systemd, for
 * example at the end of a shutdown that took too long. Every command of Podman fails until it forgets
 * them. Observed with Podman 5.4.2, which crashes after each container that it forgets; 5.8.6 recovers
 * by itself.
 */
export const KILLED_CONTAINERS = {
  /** A part of Podman's own message. */
  message: "invalid internal status",
  words: "Podman waits for containers that were killed together with the user's systemd",
  // systemd must not start the pod again meanwhile: Podman would stop it with the others.
  fix:
    command`systemctl --user stop ${SEPULCHER.service}; until podman system migrate; do sleep 1; done`,
} as const;

/** Messages of Podman's network helpers: pasta, rootlessport and Podman itself. */
const PORT_IN_USE = [
  /Failed to bind port (?<port>\d+) \(Address already in use\)(?: for option '-t (?<address>[^/']+)\/)?/,
  // pasta of October 2026.
  /Listen failed for HOST (?:TCP|UDP) port (?:(?:\*|(?<address>[^/\s*]+))\/)?(?<port>\d+): Address already in use/,
  /listen (?:tcp|udp)\d? (?<address>\S*):(?<port>\d+): bind: address already in use/,
];

/**
 * Returns why the last start of the pod failed, from the lines of its journal; undefined if no start
 * failed, or without an error.
 *
 * @example
 * ```ts
 * import { podProblemOf } from "./pod.ts";
 * const lines = [
 *   "Failed to bind port 8790 (Address already in use) for option '-t 127.0.0.1/8790-8790'",
 *   "lychd-pod.service: Failed with result 'exit-code'.",
 *   "Failed to start lychd-pod.service - LychD Sepulcher",
 * ];
 * podProblemOf(lines); // { kind: "port", port: 8790, address: "127.0.0.1" }
 * ```
 */
export function podProblemOf(lines: readonly string[]): PodProblem | undefined {
  let problem: PodProblem | undefined;
  let current: PodProblem[] = [];
  let ended: PodProblem[] = [];
  for (const line of lines) {
    const error = readError(line);
    if (error !== undefined) current.push(error);
    else if (/: Failed with result '/.test(line)) [current, ended] = [[], current];
    // Errors of a pod that did run are about its removal.
    else if (/^Failed to start /.test(line)) {
      problem = ended.find(({ kind }) => kind === "port") ?? ended[0] ?? problem;
    }
  }
  return problem;
}

function readError(line: string): PodProblem | undefined {
  if (line.includes(KILLED_CONTAINERS.message)) {
    return { kind: "other", message: KILLED_CONTAINERS.words, fix: KILLED_CONTAINERS.fix.line };
  }
  for (const pattern of PORT_IN_USE) {
    const found = pattern.exec(line)?.groups;
    if (found === undefined) continue;
    const address = found["address"] || "0.0.0.0";
    return { kind: "port", port: Number(found["port"]), address };
  }
  const message = /^Error: (.+?):?$/.exec(line)?.[1];
  return message === undefined
    ? undefined
    : { kind: "other", message: message.replace(/\b[0-9a-f]{64}\b/g, (id) => id.slice(0, 12)) };
}

/** The end of a job of systemd. */
export interface JobEnd {
  readonly unit: string;
  readonly type: string;
  readonly result: string;
  readonly seconds: number;
}

/** The fields of the journal that {@linkcode readJobEnds} reads. */
export const JOB_FIELDS = "USER_UNIT,JOB_TYPE,JOB_RESULT";

/** Reads the output of `journalctl --output=json`. */
export function readJobEnds(text: string): JobEnd[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const fields = JSON.parse(line) as Readonly<Record<string, string>>;
    return {
      unit: fields["USER_UNIT"] ?? "",
      type: fields["JOB_TYPE"] ?? "",
      result: fields["JOB_RESULT"] ?? "",
      seconds: Math.floor(Number(fields["__REALTIME_TIMESTAMP"]) / 1e6),
    };
  });
}

/** The reason of an engine that ran or started when the pod failed. */
export const STOPPED_BY_POD = "stopped by the failure of the pod";

/**
 * Returns the units that do not run because the pod failed, with the reason. systemd forgets why a unit
 * stopped; `ends` are the last jobs of the units, in the order of time.
 */
export function stoppedByPod(pod: UnitState, ends: readonly JobEnd[]): Map<string, string> {
  if (!hasPodFailed(pod)) return new Map();
  const last = new Map(ends.map((end) => [end.unit, end]));
  return new Map(
    [...last].flatMap(([unit, { type, result, seconds }]): [string, string][] => {
      if (type === "start" && result === "dependency") return [[unit, "the pod could not start"]];
      return type === "stop" && wasPodDown(pod, seconds) ? [[unit, STOPPED_BY_POD]] : [];
    }),
  );
}

/** Returns true if a pod that failed while it ran was down at that time. */
export function wasPodDown(pod: UnitState, seconds: number): boolean {
  const { activeUntilSeconds: from, activeFromSeconds = 0 } = pod;
  if (!hasPodFailed(pod) || from === undefined) return false;
  const until = activeFromSeconds >= from ? activeFromSeconds : Infinity;
  return seconds >= from && seconds <= until;
}

/** Returns true if the pod has failed since it was last started on request. */
export function hasPodFailed({ result, restarts }: UnitState): boolean {
  // systemd sets the result before the unit is `failed`, and resets it at a restart.
  return restarts > 0 || result !== "" && result !== "success";
}
