import type { Soulstone } from "../codex/mod.ts";
import { type Finding, finding, isSecretName, type Place, secretsIn } from "../report/mod.ts";
import { nearest } from "../report/nearest.ts";
import { type EngineProfile, type Flag, portOfListen } from "./engines/mod.ts";

/** One word of the engine's command, and the Codex value that it comes from. */
export interface CommandWord {
  readonly text: string;
  readonly from: Place;
}

/**
 * Returns the words that start the engine.
 *
 * An `exec` that is missing or starts with a flag follows the command of the engine's profile; any
 * other `exec` is the whole command. In both cases the flags that the engine needs are added unless
 * `exec` contains them, and `{port}` is replaced (`{{port}}` becomes `{port}`).
 */
export function commandOf(
  soulstone: Soulstone,
  profile: EngineProfile,
): { words: readonly CommandWord[]; findings: Finding[] } {
  const { model, port } = soulstone;
  const given = (soulstone.exec ?? []).map((word, i) => ({
    text: word.replace(/\{\{port\}\}|\{port\}/g, (m) => m === "{port}" ? String(port) : "{port}"),
    from: soulstone.placeOf(["exec", i]),
  }));
  const texts = given.map((word) => word.text);
  const from = soulstone.placeOf([model === undefined ? "port" : "model"]);
  const added = (words: readonly string[]) => words.map((text) => ({ text, from }));
  const flags = added(
    profile.flags(port, model).filter((flag) => !isGiven(flag, texts))
      .flatMap((flag) => [flag.names[0], ...flag.values]),
  );
  // A whole command may contain the model as a plain word, so the model is not added again.
  const words = isWhole(soulstone)
    ? [...given, ...flags]
    : [...added(profile.head(model)), ...flags, ...given];
  return { words, findings: commandFindings(soulstone, profile, texts) };
}

function isWhole({ exec }: Soulstone): boolean {
  return exec?.[0] !== undefined && !exec[0].startsWith("-");
}

function isGiven(flag: Flag, words: readonly string[]): boolean {
  return flag.names.some((name) => words.some((w) => w === name || w.startsWith(`${name}=`)));
}

function commandFindings(
  soulstone: Soulstone,
  profile: EngineProfile,
  words: readonly string[],
): Finding[] {
  const { image, model, port, placeOf } = soulstone;
  const findings = [
    ...portFindings(soulstone, profile, words),
    ...listenFindings(soulstone, profile),
    ...(soulstone.exec ?? []).flatMap((word, i) =>
      unknownPlaceholders(word).map((name) =>
        finding("exec-placeholder-unknown", placeOf(["exec", i]), { name })
      )
    ),
  ];
  findings.push(...secretFindings(soulstone, profile));
  const first = soulstone.exec?.[0];
  if (isWhole(soulstone) && model !== undefined && profile.head(model).includes(model)) {
    findings.push(finding("model-unused", placeOf(["model"]), {}));
  }
  if (first !== undefined && profile.entrypoint.includes(first) && profile.isOfficial(image)) {
    findings.push(finding("exec-repeats-entrypoint", placeOf(["exec", 0]), {
      word: first,
      entrypoint: profile.entrypoint.join(" "),
    }));
  }
  const hasModel = words.some((word) => /^--(?:model|model-path|config)(?:=|$)/.test(word));
  if (profile.needsModel && model === undefined && !hasModel) {
    findings.push(finding("model-none", placeOf([]), { engine: profile.title }));
  }
  if (profile.name === "generic" && !mentionsPort(soulstone)) {
    findings.push(finding("port-not-told", placeOf(["port"]), { port }));
  }
  return findings;
}

/**
 * Returns the names in braces that look like `{port}`. A shell line has braces of its own, so there only
 * a typo of `port` counts.
 */
function unknownPlaceholders(word: string): string[] {
  const isShellLine = /\s/.test(word);
  const found = [...word.matchAll(/(?<![${])\{([A-Za-z_]+)\}(?!\})/g)].map(([, name = ""]) => name);
  return [...new Set(found)].filter((name) =>
    name !== "port" && !(isShellLine && nearest(name, ["port"]) === undefined)
  );
}

/** Finds secrets in `exec`: the value of a flag such as `--api-key`, and words with the form of one. */
function secretFindings({ exec = [], placeOf }: Soulstone, profile: EngineProfile): Finding[] {
  return exec.flatMap((word, i) => {
    const flag = /^--?([A-Za-z][\w-]*)=/.exec(word)?.[1] ?? exec[i - 1]?.replace(/^-+/, "") ?? "";
    const isValue = !word.startsWith("-") && exec[i - 1]?.startsWith("-") === true &&
      isSecretName(flag);
    if (!isValue && secretsIn(word).length === 0) return [];
    const secret = isSecretName(flag) ? flag.replaceAll("_", "-") : "api-key";
    const variable = secret === "api-key" ? profile.keyVariable : undefined;
    return [finding("secret-in-exec", placeOf(["exec", i]), { secret, variable })];
  });
}

/** Returns the variable that makes an engine without a port flag listen on the port of its Soulstone. */
export function listenVariable(
  { port }: Pick<Soulstone, "port">,
  { portFlag, listenVariables: [name] }: EngineProfile,
): Readonly<Record<string, string>> {
  return portFlag !== undefined || name === undefined ? {} : { [name]: `0.0.0.0:${port}` };
}

/** Finds a variable of `env` that would replace it with another port. */
function listenFindings(soulstone: Soulstone, profile: EngineProfile): Finding[] {
  const { port, env, placeOf } = soulstone;
  return Object.keys(listenVariable(soulstone, profile)).flatMap((name) => {
    const value = env[name];
    if (value === undefined) return [];
    const given = portOfListen(value) ?? profile.defaultPort ?? "an unknown one";
    return given === port
      ? []
      : [finding("env-port-differs", placeOf(["env", name]), { name, given, port })];
  });
}

/** Finds every place where `exec` sets the port flag of the engine to another port. */
function portFindings(
  { port, placeOf }: Soulstone,
  { portFlag: flag }: EngineProfile,
  words: readonly string[],
): Finding[] {
  if (flag === undefined) return [];
  return words.flatMap((word, i) => {
    if (word !== flag && !word.startsWith(`${flag}=`)) return [];
    const given = word === flag ? words[i + 1] : word.slice(flag.length + 1);
    return given === String(port)
      ? []
      : [finding("exec-port-differs", placeOf(["exec", i]), { flag, given, port })];
  });
}

/** Returns true if any value that the engine can read contains the port. */
function mentionsPort({ port, exec = [], env, quadlet }: Soulstone): boolean {
  const number = new RegExp(`(?<![0-9])${port}(?![0-9])`);
  return exec.some((w) => w.includes("{port}") || number.test(w)) ||
    Object.values(env).some((v) => number.test(v)) || number.test(JSON.stringify(quadlet));
}
