/** Secrets: lychd reads none of them. It prints the commands that copy them. */
import type { Codex } from "../codex/mod.ts";
import { shellWord } from "../report/mod.ts";

/** The key of the value in every Secret. A secret of Podman has only one value. */
export const SECRET_KEY = "value";

/** An entry of `secrets`. */
export interface SecretUse {
  readonly name: string;
  readonly type: "env" | "mount";
  /** The variable, or the path of the file. */
  readonly target: string;
  /** The permission bits of the file. */
  readonly mode: number | undefined;
  /** The options that have no counterpart. */
  readonly lost: readonly string[];
}

/**
 * Reads an entry of `secrets`, with the defaults of Podman.
 *
 * @example
 * ```ts
 * import { readSecret } from "./secrets.ts";
 * readSecret("key,uid=1"); // { name: "key", type: "mount", target: "/run/secrets/key", lost: ["uid=1"], … }
 * ```
 */
export function readSecret(text: string): SecretUse {
  const [name = "", ...options] = text.split(",");
  const given = new Map(options.map((option) => [
    option.replace(/=.*/s, ""),
    option.replace(/^[^=]*=/s, ""),
  ]));
  const type = given.get("type") === "env" ? "env" : "mount";
  const target = given.get("target") ?? name;
  const mode = given.get("mode");
  return {
    name,
    type,
    target: type === "env" || target.startsWith("/") ? target : `/run/secrets/${target}`,
    mode: mode === undefined ? undefined : parseInt(mode, 8),
    lost: options.filter((option) => /^[ug]id=/.test(option)),
  };
}

/** Returns the names of all secrets of the engines, sorted. */
export function secretsOf({ soulstones, settings }: Codex): string[] {
  const names = soulstones.flatMap(({ secrets, metrics }) => [
    ...secrets.map((text) => readSecret(text).name),
    ...metrics?.secret === undefined || !settings.harvester.enabled ? [] : [metrics.secret],
  ]);
  return [...new Set(names)].sort();
}

/**
 * Returns the command that copies a secret of Podman to the cluster. The value is in no argument, so
 * neither a list of processes nor the history of the shell shows it.
 */
export function secretCommand(name: string, namespace: string): string {
  const word = shellWord(name);
  return `podman secret inspect --showsecret --format '{{.SecretData}}' ${word} | head -c -1 | ` +
    `kubectl create secret generic ${word} --namespace ${shellWord(namespace)} ` +
    `--from-file=${SECRET_KEY}=/dev/stdin`;
}
