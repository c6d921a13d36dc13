import type { Soulstone } from "../codex/mod.ts";
import { type Finding, finding, type Place } from "../report/mod.ts";
import type { EngineProfile, Flag } from "./engines/mod.ts";

/** One word of the engine's command, and the Codex value it came from. */
export interface CommandWord {
  readonly text: string;
  readonly from: Place;
}

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
): { words: readonly CommandWord[]; findings: Finding[] } {
  const given = (soulstone.exec ?? []).map((word, i) => ({
    text: withPort(word, soulstone.port),
    from: soulstone.placeOf(["exec", i]),
  }));
  const texts = given.map((word) => word.text);
  const added = (words: readonly string[]) => {
    const from = soulstone.placeOf([soulstone.model === undefined ? "port" : "model"]);
    return words.map((text) => ({ text, from }));
  };
  const whole = texts[0] !== undefined && !texts[0].startsWith("-");
  // A whole command may name the model as a bare word, so it is not added a second time.
  const head = whole ? [] : added(profile.head(soulstone.model));
  const flags = added(
    profile.flags(soulstone.port, soulstone.model)
      .filter((flag) => !isGiven(flag, texts))
      .flatMap((flag) => [flag.names[0], ...flag.values]),
  );
  const words = whole ? [...given, ...flags] : [...head, ...flags, ...given];
  return { words, findings: commandFindings(soulstone, profile, texts) };
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
  const findings = portFindings(soulstone, profile, given);
  const first = soulstone.exec?.[0];
  const isWhole = first !== undefined && !first.startsWith("-");
  if (
    isWhole && soulstone.model !== undefined &&
    profile.head(soulstone.model).includes(soulstone.model)
  ) {
    findings.push(finding("model-unused", soulstone.placeOf(["model"]), {}));
  }
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
    findings.push(
      finding("port-not-told", soulstone.placeOf(["port"]), { port: soulstone.port }),
    );
  }
  return findings;
}

/** Every place where `exec` gives the engine's port flag another port than the Soulstone's. */
function portFindings(
  soulstone: Soulstone,
  profile: EngineProfile,
  words: readonly string[],
): Finding[] {
  const { port } = soulstone;
  const flag = profile.portFlag;
  if (flag === undefined) return [];
  return words.flatMap((word, i) => {
    if (word !== flag && !word.startsWith(`${flag}=`)) return [];
    const given = word === flag ? words[i + 1] : word.slice(flag.length + 1);
    const place = soulstone.placeOf(["exec", i]);
    return given === String(port)
      ? []
      : [finding("exec-port-differs", place, { flag, given, port })];
  });
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
