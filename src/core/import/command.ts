import type { EngineName } from "../codex/mod.ts";
import { type EngineProfile, profileOf } from "../compile/mod.ts";

/** The command of a container, as the input has it. */
export interface GivenCommand {
  readonly image: string;
  /** Whether the image's own entrypoint is replaced. */
  readonly hasEntrypoint: boolean;
  /** The words behind the image; nothing when there are none. */
  readonly words: readonly string[] | undefined;
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Ports of the container that the input publishes. */
  readonly published: readonly number[];
}

/** A command in the terms of a Soulstone. */
export interface Command {
  /** Named only where the image would be taken for another. */
  readonly engine: EngineName | undefined;
  readonly profile: EngineProfile;
  /** Where the engine listens in its container, as far as is known. */
  readonly inside: number | undefined;
  /** Whether lychd can make it listen elsewhere. */
  readonly canMove: boolean;
  /** The fields, the form that says most first; `port` is where it listens from now on. */
  readonly forms: (port: number) => readonly CommandFields[];
  /** What the words say differently then. */
  readonly changes: (port: number) => readonly string[];
  /** The variables, with the port told anew. */
  readonly env: (port: number) => readonly (readonly [name: string, value: string])[];
}

/** A command as fields. */
export interface CommandFields {
  readonly model?: string;
  readonly exec?: readonly string[];
}

/**
 * Where engines listen when nobody tells them. Source: the engines' documents, as in their profiles;
 * llama.cpp's images set 8080 themselves.
 */
const DEFAULT_PORTS: Readonly<Partial<Record<EngineName, number>>> = {
  vllm: 8000,
  sglang: 30_000,
  llamacpp: 8080,
  tabbyapi: 5000,
};

/** What starts something else than the engine, whatever the image. */
const SHELL = /^(?:.*\/)?(?:env|(?:ba|da|a|z)?sh)$/;

/**
 * Reads a command so that lychd can start the same engine on a port of its choice: the port flag is
 * left to lychd, and a model that stands where lychd writes it becomes `model`. An image of no known
 * engine keeps its words, in which the port becomes `{port}` where it is plainly one.
 */
export function readCommand(given: GivenCommand): Command {
  const guessed = profileOf({ image: given.image });
  const words = given.words ?? [];
  const isOther = given.hasEntrypoint || SHELL.test(words[0] ?? "") ||
    // The entrypoint of these images takes the name of a tool first.
    guessed.name === "llamacpp" && /:(?:[\w.-]+-)?full/.test(given.image);
  const profile = isOther ? profileOf({ image: given.image, engine: "generic" }) : guessed;
  return profile.portFlag === undefined
    ? readOther(given, profile, profile === guessed ? undefined : "generic")
    : readKnown(given, profile, profile.portFlag);
}

function readKnown(given: GivenCommand, profile: EngineProfile, portFlag: string): Command {
  const told = takeFlag(given.words ?? [], [portFlag]);
  const port = Number(told.value ?? Number.NaN);
  const inside = Number.isInteger(port) ? port : DEFAULT_PORTS[profile.name];
  const host = takeFlag(told.words, ["--host"]);
  const isLocal = host.value !== undefined && LOOPBACK.test(host.value);
  const words = isLocal ? host.words : told.words;
  const whole: CommandFields = words.length === 0 ? {} : { exec: words.map(withoutPlaceholder) };
  const split = withModelApart(profile, words);
  return {
    engine: undefined,
    profile,
    inside,
    canMove: true,
    forms: () => split === undefined ? [whole] : [split, whole],
    changes: (now) => [
      ...told.value === undefined || inside === now ? [] : [`lychd tells it ${portFlag} ${now}`],
      ...isLocal ? ["it listens on all addresses of the pod, or the host could not reach it"] : [],
    ],
    env: () => given.env,
  };
}

/** Addresses that only the container itself could reach. */
const LOOPBACK = /^(?:127\.[\d.]+|localhost|\[?::1\]?)$/;

/** The words without the last value of a flag, written apart or with `=`; every use of it is taken. */
function takeFlag(
  words: readonly string[],
  names: readonly string[],
): { words: readonly string[]; value: string | undefined } {
  const rest: string[] = [];
  let value: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const name = names.find((n) => word === n || word.startsWith(`${n}=`));
    if (name === undefined) rest.push(word);
    else value = word === name ? words[++i] : word.slice(name.length + 1);
  }
  return { words: rest, value };
}

/** The same command with `model` as a field, when the engine's profile writes just these words. */
function withModelApart(
  profile: EngineProfile,
  words: readonly string[],
): CommandFields | undefined {
  const fields = (model: string, rest: readonly string[]): CommandFields => ({
    model,
    ...(rest.length === 0 ? {} : { exec: rest.map(withoutPlaceholder) }),
  });
  const [first = "", ...rest] = words;
  switch (profile.name) {
    case "vllm":
      return first === "" || first.startsWith("-") || isRepeated(profile, first) ||
          rest[0]?.startsWith("-") === false
        ? undefined
        : fields(first, rest);
    case "llamacpp": {
      const { words: others, value } = takeFlag(words, [...MODEL_FILE, ...MODEL_REPOSITORY]);
      const uses = words.length - others.length;
      // lychd writes -m for a path and -hf for anything else.
      const isPath = value !== undefined && profile.flags(1, value)[0]?.names[0] === "-m";
      const flag = words.find((word) => !others.includes(word))?.replace(/=.*$/s, "") ?? "";
      const isSame = (isPath ? MODEL_FILE : MODEL_REPOSITORY).includes(flag);
      return value === undefined || uses > 2 || !isSame || !first.startsWith("-")
        ? undefined
        : fields(value, others);
    }
    case "sglang": {
      const head = profile.head(undefined);
      if (head.some((word, i) => words[i] !== word)) return undefined;
      const flags = takeFlag(words.slice(head.length), ["--model-path", "--model"]);
      return flags.value === undefined || flags.words[0]?.startsWith("-") === false
        ? undefined
        : fields(flags.value, flags.words);
    }
    default:
      return undefined;
  }
}

const MODEL_FILE = ["-m", "--model"];
const MODEL_REPOSITORY = ["-hf", "-hfr", "--hf-repo"];

function isRepeated(profile: EngineProfile, word: string): boolean {
  return profile.entrypoint.includes(word) || /^python3?$/.test(word);
}

/** `{port}` as text: lychd would put the port in its place. */
function withoutPlaceholder(word: string): string {
  return word.replaceAll("{port}", "{{port}}");
}

function readOther(
  given: GivenCommand,
  profile: EngineProfile,
  engine: EngineName | undefined,
): Command {
  const words = given.words ?? [];
  const told = Number(takeFlag(words, ["--port"]).value ?? Number.NaN);
  const written = new Set([
    ...words.map((_, i) => portOfWord(words, i)),
    ...given.env.map(portOfVariable),
  ]);
  const inside =
    [told, ...given.published].find((port) =>
      port === told && Number.isInteger(port) || written.has(String(port))
    ) ?? given.published[0];
  const canMove = inside !== undefined && written.has(String(inside));
  const exec = words.map((word, i) => {
    const text = withoutPlaceholder(word);
    return inside !== undefined && portOfWord(words, i) === String(inside)
      ? `${onAllAddresses(text.slice(0, -String(inside).length))}{port}`
      : text;
  });
  return {
    engine,
    profile,
    inside,
    canMove,
    forms: () => [words.length === 0 ? {} : { exec }],
    changes: (port) => canMove && inside !== port ? [`it is told port ${port}`] : [],
    env: (port) =>
      given.env.map((pair) =>
        inside !== undefined && portOfVariable(pair) === String(inside)
          ? [pair[0], `${pair[1].slice(0, -String(inside).length)}${port}`] as const
          : pair
      ),
  };
}

/** A word up to its port, with an address that only the container could reach made one for all. */
function onAllAddresses(head: string): string {
  const address = /(?:(?<![\d.])127\.[\d.]+|localhost|\[::1\]):$/.exec(head);
  return address === null ? head : `${head.slice(0, address.index)}0.0.0.0:`;
}

/** The port that a word plainly is: the value of a port flag, or behind `=` or an address. */
function portOfWord(words: readonly string[], i: number): string | undefined {
  const word = words[i] ?? "";
  if (/^\d+$/.test(word)) {
    return /^--?(?:[\w-]*port|p)$/i.test(words[i - 1] ?? "") ? word : undefined;
  }
  return /^(?:--?[\w-]*port=|(?:--?[\w-]+=)?(?:[\w.]*|\[[\da-f:]*\]):)(\d{1,5})$/i.exec(word)?.[1];
}

/** The port that a variable plainly tells. */
function portOfVariable([name, value]: readonly [string, string]): string | undefined {
  if (/PORT$/i.test(name) && /^\d+$/.test(value)) return value;
  return /(?:ADDR|ADDRESS|BIND|HOST|LISTEN)$/i.test(name)
    ? /^[\w.]*:(\d{1,5})$/.exec(value)?.[1]
    : undefined;
}
