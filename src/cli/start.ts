import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { type EngineName, ENGINES } from "../core/codex/kinds.ts";
import type { SoulstoneRequest } from "../core/scaffold/request.ts";
import { type AddCommands, type Common, EXIT_CODES, oneOf, type Take } from "./common.ts";

/** The commands that write a Codex. */
export const addStartingCommands: AddCommands = (program, common, take) => {
  addInit(program, common, take);
  addAdd(program, common, take);
};

function addInit(program: Command, { codexOption, jsonOption }: Common, take: Take): void {
  const drafts: Draft[] = [];
  const current = () => {
    const draft = drafts.at(-1);
    if (draft === undefined) throw new InvalidArgumentError("It belongs behind an --engine.");
    return draft;
  };
  const engine = new Option("--engine <engine>", "begin a Soulstone; may be given several times")
    .choices(ENGINES)
    .argParser((text: string) => {
      drafts.push({ engine: oneOf(ENGINES)(text) });
      return text;
    });
  soulstoneOptions(
    program.command("init")
      .description("Write a first Codex, with comments. Asks on a terminal; never overwrites.")
      .addOption(engine),
    current,
  )
    .addOption(new Option("--boot-coven <coven>", "the Coven that starts with the host"))
    .addOption(codexOption)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      `
Examples:
  lychd init
  lychd init --engine vllm --model Qwen/Qwen3-8B --coven chat
  lychd init --engine vllm --model Qwen/Qwen3-8B --coven chat \\
             --engine llamacpp --model ~/models/gpt-oss-20b.gguf --coven write

${ABOUT_SOULSTONES}
${EXIT_CODES}`,
    )
    .action((options: { codex?: string; json?: boolean; bootCoven?: string }) =>
      take({
        command: "init",
        json: options.json === true,
        requests: drafts.map(requestOf),
        bootCoven: options.bootCoven,
      }, { codex: options.codex })
    );
}

function addAdd(program: Command, { codexOption, jsonOption }: Common, take: Take): void {
  const draft: Draft = {};
  soulstoneOptions(
    program.command("add")
      .description("Add a Soulstone to the Codex, in a file of its own.")
      .addArgument(new Argument("[engine]").choices(ENGINES).argParser(oneOf(ENGINES))),
    () => draft,
  )
    .addOption(codexOption)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      `
Examples:
  lychd add
  lychd add sglang --model Qwen/Qwen3-32B-AWQ --coven deep-think
  lychd add generic --image localhost/ocr:2 --name scribe --coven vision

${ABOUT_SOULSTONES}
${EXIT_CODES}`,
    )
    .action((engine: EngineName | undefined, options: AddOptions, command: Command) => {
      const isAsked = Object.keys(draft).length === 0;
      if (engine === undefined && !isAsked) {
        command.error("error: which engine? lychd add <engine> …");
      }
      const json = options.json === true;
      const request = isAsked ? undefined : requestOf({ ...draft, ...engine && { engine } });
      take({ command: "add", json, engine, request }, { codex: options.codex });
    });
}

interface AddOptions {
  readonly codex?: string;
  readonly json?: boolean;
}

const ABOUT_SOULSTONES =
  `--model takes a repository id, or a path of this host, which is then mounted.
The devices are those that \`lychd doctor\` finds; the port is one that is free.`;

/** What a line says of a Soulstone, while it is being read. */
type Draft = { -readonly [K in keyof SoulstoneRequest]?: SoulstoneRequest[K] };

function requestOf(draft: Draft): SoulstoneRequest {
  return {
    engine: draft.engine ?? "generic",
    name: draft.name,
    image: draft.image,
    model: draft.model,
    port: draft.port,
    covens: draft.covens ?? [],
    capabilities: draft.capabilities ?? [],
    devices: draft.devices,
  };
}

/** The options that say something of the Soulstone that `current` gives. */
function soulstoneOptions(command: Command, current: () => Draft): Command {
  type Single = "name" | "image" | "model" | "port";
  type Many = "covens" | "capabilities" | "devices";
  const one = (flags: string, about: string, field: Single, read: Read = (text) => text) =>
    new Option(flags, about).argParser((text: string) => {
      const draft = current();
      if (draft[field] !== undefined) {
        throw new InvalidArgumentError("It was given before, for the same Soulstone.");
      }
      Object.assign(draft, { [field]: read(text) });
      return text;
    });
  const many = (flags: string, about: string, field: Many) =>
    new Option(flags, about).argParser((text: string) => {
      const draft = current();
      draft[field] = [...draft[field] ?? [], text];
      return text;
    });
  return command
    .addOption(one("--model <model>", "what it serves", "model"))
    .addOption(many("--coven <coven>", "a Coven that it is in; may be given again", "covens"))
    .addOption(one("--port <port>", "where it listens (default: auto)", "port", parsePort))
    .addOption(one("--name <soulstone>", "what it is called (default: after the model)", "name"))
    .addOption(one("--image <image>", "the container image (default: the engine's)", "image"))
    .addOption(
      many("--capability <capability>", "what it can do; may be given again", "capabilities"),
    )
    .addOption(
      many("--device <device>", "a device of its own; may be given again", "devices"),
    );
}

type Read = (text: string) => string | number;

function parsePort(text: string): number | "auto" {
  if (text === "auto") return text;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError("It must be `auto`, or a number from 1 to 65535.");
  }
  return port;
}
