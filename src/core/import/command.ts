import { basename } from "node:path/posix";
import type { EngineName } from "../codex/mod.ts";
import { type EngineProfile, portOfListen, profileOf } from "../compile/mod.ts";

type Variable = readonly [name: string, value: string];

/** The command of a container in the input. */
export interface GivenCommand {
  readonly image: string;
  /** The engine that the image runs, if its name need not show it. */
  readonly engine?: EngineName | undefined;
  /** The words in place of the image's entrypoint, if any. */
  readonly entrypoint?: readonly string[] | undefined;
  /** The words after the image, if any. */
  readonly words: readonly string[] | undefined;
  readonly env: readonly Variable[];
  /** The published ports of the container. */
  readonly published: readonly number[];
}

/** A command as fields of a Soulstone. */
export interface Command {
  /** Set only if the image would be taken for another engine. */
  readonly engine: EngineName | undefined;
  readonly profile: EngineProfile;
  /** The port at which the engine listens in its container, if known. */
  readonly inside: number | undefined;
  /** True if lychd can set the port. */
  readonly canMove: boolean;
  /** Returns the fields with a new port, the most specific form first. */
  readonly forms: (port: number) => readonly CommandFields[];
  /** Returns the changes of the words with a new port. */
  readonly changes: (port: number) => readonly string[];
  /** Returns the variables with a new port; nothing for one that lychd replaces. */
  readonly env: (port: number) => readonly (Variable | undefined)[];
}

/** A command as fields. */
export interface CommandFields {
  readonly model?: string;
  readonly exec?: readonly string[];
  /** Variables that the input does not have. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Programs that start another one, whatever the image. */
const SHELL = /^(?:.*\/)?(?:env|(?:ba|da|a|z)?sh)$/;

/**
 * Reads a command so that lychd can start the same engine on any port. Of known engines the port flag
 * is removed, and the model becomes `model` if lychd would write the same words. Other engines keep
 * their words, and `{port}` replaces what is clearly a port.
 */
export function readCommand(given: GivenCommand): Command {
  const guessed = profileOf({ image: given.image });
  const isOther = given.entrypoint !== undefined || SHELL.test(given.words?.[0] ?? "") ||
    guessed.name === "llamacpp" && FULL_IMAGE.test(given.image);
  const engine = isOther ? "generic" : guessed.name === "generic" ? given.engine : undefined;
  const profile = engine === undefined ? guessed : profileOf({ image: given.image, engine });
  const shown = profile.name === guessed.name ? undefined : engine;
  return profile.name === "generic"
    ? readOther(given, profile, shown)
    : readKnown(given, profile, shown);
}

/** Images of llama.cpp whose entrypoint expects the name of a tool first. */
const FULL_IMAGE = /:(?:[\w.-]+-)?full/;

function readKnown(
  given: GivenCommand,
  profile: EngineProfile,
  engine: EngineName | undefined,
): Command {
  const { portFlag, listenVariables } = profile;
  const flag = takeFlag(given.words ?? [], portFlag === undefined ? [] : [portFlag]);
  const [variable] = given.env.filter(([name]) => name === listenVariables[0]);
  const port = Number(flag.value ?? portOfListen(variable?.[1] ?? "") ?? Number.NaN);
  const inside = Number.isInteger(port) ? port : profile.defaultPort;
  const plain = withoutTls(flag.words);
  const host = takeFlag(plain.words, ["--host"]);
  const isLocal = host.value !== undefined && LOOPBACK.test(host.value);
  const words = isLocal ? host.words : plain.words;
  const whole = commandFields(undefined, words);
  const split = withModelField(profile, words);
  return {
    engine,
    profile,
    inside,
    canMove: true,
    forms: () => split === undefined ? [whole] : [split, whole],
    changes: (now) => [
      ...flag.value === undefined || inside === now ? [] : [`lychd sets ${portFlag} ${now}`],
      ...isLocal ? [EVERYWHERE] : [],
      ...plain.removed.length === 0
        ? []
        : [`lychd reaches engines over HTTP: without ${plain.removed.join(" ")}`],
    ],
    env: () => given.env.map((pair) => listenVariables.includes(pair[0]) ? undefined : pair),
  };
}

function commandFields(model: string | undefined, words: readonly string[]): CommandFields {
  return {
    ...model === undefined ? {} : { model },
    ...words.length === 0 ? {} : { exec: words.map(withoutPlaceholder) },
  };
}

/** Returns true for a flag that makes an engine listen with TLS. */
export function isTlsFlag(flag: string): boolean {
  return /^--ssl-(?:key-?file(?:-password)?|cert-?file|ca-certs|cert-reqs|ciphers)$/
    .test(flag);
}

/** Returns the words without flags of TLS, and those flags. */
function withoutTls(given: readonly string[]) {
  const words: string[] = [];
  const removed: string[] = [];
  for (let i = 0; i < given.length; i++) {
    const word = given[i] ?? "";
    const [name = ""] = word.split("=", 1);
    if (!isTlsFlag(name)) words.push(word);
    else {
      removed.push(name);
      if (name === word) i++;
    }
  }
  return { words, removed };
}

/** Addresses that only the container itself can reach. */
const LOOPBACK = /^(?:127\.[\d.]+|localhost|\[?::1\]?)$/;

/** Removes every use of a flag, with a separate value or with `=`. Returns its last value too. */
function takeFlag(words: readonly string[], names: readonly string[]) {
  const rest: string[] = [];
  let value: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const name = names.find((n) => word === n || word.startsWith(`${n}=`));
    if (name === undefined) rest.push(word);
    else value = word === name ? words[++i] : word.slice(name.length + 1);
  }
  return { words: rest as readonly string[], value };
}

/** Returns the command with `model` as a field, if the engine's profile writes the same words. */
function withModelField(
  profile: EngineProfile,
  words: readonly string[],
): CommandFields | undefined {
  const [first = "", ...rest] = words;
  switch (profile.name) {
    case "vllm": {
      const isProgram = profile.entrypoint.includes(first) || /^python3?$/.test(first);
      return first === "" || first.startsWith("-") || isProgram ||
          rest[0]?.startsWith("-") === false
        ? undefined
        : commandFields(first, rest);
    }
    case "llamacpp": {
      const { words: others, value } = takeFlag(words, [...MODEL_FILE, ...MODEL_REPOSITORY]);
      const uses = words.length - others.length;
      // lychd writes -m for a path and -hf for anything else.
      const isPath = value !== undefined && profile.flags(1, value)[0]?.names[0] === "-m";
      const flag = words.find((word) => !others.includes(word))?.replace(/=.*$/s, "") ?? "";
      const isSame = (isPath ? MODEL_FILE : MODEL_REPOSITORY).includes(flag);
      return value === undefined || uses > 2 || !isSame || !first.startsWith("-")
        ? undefined
        : commandFields(value, others);
    }
    case "sglang": {
      const head = profile.head(undefined);
      if (head.some((word, i) => words[i] !== word)) return undefined;
      const flags = takeFlag(words.slice(head.length), ["--model-path", "--model"]);
      return flags.value === undefined || flags.words[0]?.startsWith("-") === false
        ? undefined
        : commandFields(flags.value, flags.words);
    }
    default:
      return undefined;
  }
}

const MODEL_FILE = ["-m", "--model"];
const MODEL_REPOSITORY = ["-hf", "-hfr", "--hf-repo"];

/** Escapes a literal `{port}`, which lychd would replace. */
function withoutPlaceholder(word: string): string {
  return word.replaceAll("{port}", "{{port}}");
}

function readOther(
  given: GivenCommand,
  profile: EngineProfile,
  engine: EngineName | undefined,
): Command {
  const words = given.words ?? [];
  const flag = Number(takeFlag(words, ["--port"]).value ?? Number.NaN);
  const published = new Set(given.published.map(String));
  const portAt = (i: number) => portOfWord(words, i, published);
  const written = new Set([
    ...words.map((_, i) => portAt(i)),
    ...given.env.map(portOfVariable),
  ]);
  const inside =
    [flag, ...given.published].find((port) =>
      port === flag && Number.isInteger(port) || written.has(String(port))
    ) ?? given.published[0] ?? onlyPort([
      ...words.map((_, i) => portAt(i)),
      // A variable can also name the address of another program.
      ...given.env.filter(([, value]) => UNSPECIFIED.test(value)).map(portOfVariable),
    ]);
  const text = String(inside);
  const isWritten = inside !== undefined && written.has(text);
  // A port that only the image sets.
  const variable = isWritten || given.entrypoint !== undefined
    ? undefined
    : PORT_VARIABLES.find(([image]) => image.test(given.image))?.[1];
  const canMove = inside !== undefined && (isWritten || variable !== undefined);
  const reachable = words.map((word, i) => listenEverywhere(word, words[i - 1] ?? ""));
  const env = given.env.map(([name, value]): Variable => [
    name,
    LISTEN_VARIABLE.test(name) && LOOPBACK.test(value) ? "0.0.0.0" : value,
  ]);
  const setting = localSetting(given);
  const address = setting === undefined
    ? {}
    : setting.startsWith("-")
    ? { words: [setting, "0.0.0.0"] }
    : { env: { [setting]: "0.0.0.0" } };
  const isLocal = setting !== undefined || reachable.some((word, i) => word !== words[i]);
  const exec = reachable.map((word, i) => {
    const escaped = withoutPlaceholder(word);
    return canMove && portAt(i) === text
      ? `${onAllAddresses(escaped.slice(0, -text.length))}{port}`
      : escaped;
  });
  return {
    engine,
    profile,
    inside,
    canMove,
    forms: (port) => {
      const whole = [...exec, ...address.words ?? []];
      const ofPort = canMove && variable !== undefined ? { [variable]: String(port) } : {};
      return [{ ...whole.length === 0 ? {} : { exec: whole }, env: { ...address.env, ...ofPort } }];
    },
    changes: (port) => [
      ...canMove && inside !== port ? [`it gets port ${port}`] : [],
      ...isLocal ? [EVERYWHERE] : [],
    ],
    env: (port) =>
      env.map(([name, value]): Variable =>
        canMove && portOfVariable([name, value]) === text
          ? [name, value.replace(new RegExp(`${text}(?=/?$)`), String(port))]
          : [name, value]
      ),
  };
}

/** Programs that by default listen only on 127.0.0.1, and the flag or the variable for the address. */
const LOCAL_PROGRAMS: readonly (readonly [program: RegExp, setting: string])[] = [
  [/^(?:llama-?server|whisper-server)(?:-[\w-]+)? /i, "--host"],
  [/^\S+\.llamafile /i, "--host"],
  [/^sglang serve /, "--host"],
  [/^python[\d.]* -m (?:sglang\.launch_server|llama_cpp\.server|uvicorn) /, "--host"],
  [/^python[\d.]* \S*tabby\S*\/main\.py /i, "--host"],
  [/^uvicorn /, "--host"],
  [/^sd-server /, "--listen-ip"],
  [/^ollama serve /, "OLLAMA_HOST"],
];

/** Images that set the variable of their port themselves. */
const PORT_VARIABLES: readonly (readonly [image: RegExp, variable: string])[] = [
  [/(?:^|\/)text-embeddings-inference(?:[:@]|$)/, "PORT"],
];

/** The variables of programs that also have a flag for the address. */
const ADDRESS_VARIABLE = /^(?:LLAMA_ARG|UVICORN)_HOST$/;

/** Returns the flag or the variable for the address of a program that would listen only on 127.0.0.1. */
function localSetting({ image, entrypoint, words = [], env }: GivenCommand): string | undefined {
  const isTool = FULL_IMAGE.test(image) && /^(?:--server|-s)$/.test(words[0] ?? "");
  const line = [...isTool ? ["llama-server"] : [], ...entrypoint ?? [], ...words];
  const setting = line.flatMap((word, i) => {
    // The value of a flag is not a program.
    if (/^-(?!-$)/.test(line[i - 1] ?? "")) return [];
    const start = [basename(word), ...line.slice(i + 1, i + 3), ""].join(" ");
    return LOCAL_PROGRAMS.find(([program]) => program.test(start))?.[1] ?? [];
  })[0];
  const isSet = setting === undefined || takeFlag(line, [setting]).value !== undefined ||
    env.some(([name]) => name === setting || ADDRESS_VARIABLE.test(name));
  return isSet ? undefined : setting;
}

/** The reason for another address than the input has. */
export const EVERYWHERE = "it listens on all addresses of the pod, so that the host can reach it";

/** Variables with the address on which a program listens, not with the one of another program. */
const LISTEN_VARIABLE =
  /^(?:HOST|LLAMA_ARG_HOST|OLLAMA_HOST|(?:API|APP|BIND|HTTP|LISTEN|SERVER|UVICORN|WEB)_(?:ADDR|ADDRESS|HOST)|(?:\w+_)?(?:BIND|LISTEN)|GRADIO_SERVER_NAME)$/i;

const LISTEN_FLAG = /^--?(?:[\w-]*-)?(?:address|bind|host|ip|listen)$/i;

/** Replaces an address that only the container itself can reach, as the value of a flag. */
function listenEverywhere(word: string, before: string): string {
  if (LISTEN_FLAG.test(before) && LOOPBACK.test(word)) return "0.0.0.0";
  const [flag = "", value = ""] = /^([^=]*)=(.*)$/s.exec(word)?.slice(1) ?? [];
  return LISTEN_FLAG.test(flag) && LOOPBACK.test(value) ? `${flag}=0.0.0.0` : word;
}

/** Returns the port of a list, if it has only one. */
function onlyPort(ports: readonly (string | undefined)[]): number | undefined {
  const [only, ...others] = new Set(ports.filter((port) => port !== undefined));
  return only === undefined || others.length > 0 ? undefined : Number(only);
}

/** An address on which a program listens for every other one. */
const UNSPECIFIED = /^(?:\w+:\/\/)?(?:0\.0\.0\.0|\*|\[::\])?:/;

/** Replaces an address before a port that only the container can reach. */
function onAllAddresses(head: string): string {
  const address = /(?:(?<![\d.])127\.[\d.]+|localhost|\[::1\]):$/.exec(head);
  return address === null ? head : `${head.slice(0, address.index)}0.0.0.0:`;
}

/**
 * Returns the port that a word clearly is: the value of a port flag, a published port that is not the
 * value of another flag, or after `=` or an address.
 */
function portOfWord(
  words: readonly string[],
  i: number,
  published: ReadonlySet<string>,
): string | undefined {
  const word = words[i] ?? "";
  const before = words[i - 1] ?? "";
  if (/^\d+$/.test(word)) {
    const isPort = PORT_FLAG.test(before) || published.has(word) && !before.startsWith("-");
    return isPort ? word : undefined;
  }
  return /^(?:--?[\w-]*port=|(?:--?[\w-]+=)?(?:[\w.]*|\[[\da-f:]*\]):)(\d{1,5})$/i.exec(word)?.[1];
}

const PORT_FLAG = /^--?(?:[\w-]*(?:port|listen|bind|addr|address)|p)$/i;

/** Returns the port that a variable clearly sets. */
function portOfVariable([name, value]: Variable): string | undefined {
  if (/PORT$/i.test(name) && /^\d+$/.test(value)) return value;
  return /(?:ADDR|ADDRESS|BIND|HOST|LISTEN)$/i.test(name)
    ? /^(?:\w+:\/\/)?(?:[\w.*]*|\[[\da-f:]*\]):(\d{1,5})\/?$/i.exec(value)?.[1]
    : undefined;
}
