import type { Soulstone } from "../codex/mod.ts";
import { type Finding, finding } from "../report/mod.ts";
import type { EngineProfile, Flag } from "./engines/mod.ts";

/**
 * The words that start the engine: those of its profile and those of `exec`.
 *
 * An `exec` that begins with a flag, or none, follows the profile's command. One that begins with
 * another word is the whole command. Either way flags that the engine needs and `exec` does not
 * bring are added, and `{port}` becomes the port (`{{port}}` stays as `{port}`).
 */
export function commandOf(
  soulstone: Soulstone,
  profile: EngineProfile,
): { words: readonly string[]; findings: Finding[] } {
  const given = (soulstone.exec ?? []).map((word) => withPort(word, soulstone.port));
  const whole = given[0] !== undefined && !given[0].startsWith("-");
  // A whole command may name the model as a bare word, so it is not added a second time.
  const head = whole ? [] : profile.head(soulstone.model);
  const flags = profile.flags(soulstone.port, soulstone.model)
    .filter((flag) => !isGiven(flag, given))
    .flatMap((flag) => [flag.names[0], ...flag.values]);
  const words = whole ? [...given, ...flags] : [...head, ...flags, ...given];
  return { words, findings: commandFindings(soulstone, profile, given) };
}

function withPort(word: string, port: number): string {
  return word.replace(/\{\{port\}\}|\{port\}/g, (m) => m === "{port}" ? String(port) : "{port}");
}

function isGiven(flag: Flag, words: readonly string[]): boolean {
  return flag.names.some((name) => words.some((w) => w === name || w.startsWith(`${name}=`)));
}

function commandFindings(
  soulstone: Soulstone,
  profile: EngineProfile,
  given: readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  const { port, exec } = soulstone;
  const flag = profile.portFlag;
  if (flag !== undefined) {
    const at = given.findIndex((w) => w === flag || w.startsWith(`${flag}=`));
    const value = given[at] === flag ? given[at + 1] : given[at]?.slice(flag.length + 1);
    if (at >= 0 && value !== String(port)) {
      findings.push(finding("exec-port-differs", soulstone.placeOf(["exec", at]), {
        flag,
        given: value ?? "",
        port,
      }));
    }
  }
  const first = exec?.[0];
  if (first !== undefined && profile.entrypoint.includes(first)) {
    findings.push(finding("exec-repeats-entrypoint", soulstone.placeOf(["exec", 0]), {
      word: first,
      entrypoint: profile.entrypoint.join(" "),
    }));
  }
  if (profile.needsModel && soulstone.model === undefined && !mentionsModel(given)) {
    findings.push(finding("model-none", soulstone.placeOf([]), { engine: profile.title }));
  }
  if (profile.name === "generic" && !tellsPort(soulstone)) {
    findings.push(finding("port-not-told", soulstone.placeOf(["port"]), { port }));
  }
  return findings;
}

function mentionsModel(words: readonly string[]): boolean {
  return words.some((w) => /^--(?:model|model-path|config)(?:=|$)/.test(w));
}

/** Whether the port stands anywhere the engine could read it. */
function tellsPort(soulstone: Soulstone): boolean {
  const number = new RegExp(`(?<![0-9])${soulstone.port}(?![0-9])`);
  return (soulstone.exec ?? []).some((w) => w.includes("{port}") || number.test(w)) ||
    Object.values(soulstone.env).some((v) => number.test(v)) ||
    number.test(JSON.stringify(soulstone.quadlet));
}
