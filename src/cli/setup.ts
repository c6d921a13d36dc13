/** The commands that write a Codex. */
import { InvalidArgumentError } from "commander";
import { type EngineName, ENGINES } from "../core/codex/kinds.ts";
import type { SoulstoneRequest } from "../core/scaffold/mod.ts";
import { CODEX, folder, JSON_FLAG } from "./common.ts";
import { argument, command, flag, type Line, option, repeatable, toggle } from "./declare.ts";

const SOULSTONE = {
  model: option("--model <model>", "the model that the engine serves", { complete: "files" }),
  coven: repeatable("--coven <coven>", "a Coven of the Soulstone; repeatable", {
    complete: "coven",
  }),
  slot: option("--slot <slot>", "a place that it shares with others, one at a time", {
    complete: "slot",
  }),
  port: option("--port <port>", "the port of the engine (default: auto)", { read: port }),
  name: option("--name <soulstone>", "the name of the Soulstone (default: from the model)"),
  image: option("--image <image>", "the container image (default: from the engine)"),
  capability: repeatable(
    "--capability <capability>",
    "a capability, e.g. text-generation; repeatable",
    {
      complete: "capability",
    },
  ),
  device: repeatable("--device <device>", "a device instead of the defaults; repeatable"),
};

const ABOUT_SOULSTONES = `A Soulstone is one inference engine in a container. A Coven is a group of
Soulstones that may run together. Soulstones without a common Coven exclude each
other, unless they have different slots.

--model takes a repository id, or a path on this host, which is then mounted.
lychd picks a free port and the devices that \`lychd doctor\` finds.`;

export const init = command("init", "Create a Codex, a folder of commented TOML files")
  .details(`
Without options it prompts on a terminal. It never overwrites a file.

${ABOUT_SOULSTONES}

Options after an --engine belong to its Soulstone.`)
  .options({
    engine: repeatable("--engine <engine>", "add a Soulstone with this engine; repeatable", {
      choices: ENGINES,
    }),
    ...SOULSTONE,
    bootCoven: option("--boot-coven <coven>", "the Coven to start at boot", { complete: "coven" }),
    vessel: toggle(
      ["--vessel", "enable the front door, one address for all engines (default)"],
      ["--no-vessel", "do not enable it"],
    ),
    codex: CODEX,
    json: JSON_FLAG,
  })
  .examples(
    "lychd init",
    "lychd init --engine vllm --model Qwen/Qwen3-8B --coven chat",
    "lychd init --engine vllm --model Qwen/Qwen3-8B --coven chat \\",
    "           --engine llamacpp --model ~/models/gpt-oss-20b.gguf --coven write",
  )
  .invocation(({ json, bootCoven, vessel, engine }, { given }) => {
    const own = given.filter(({ key }) => key in SOULSTONE || key === "engine");
    const starts = own.flatMap(({ key }, i) => key === "engine" ? [i] : []);
    if (own.length > 0 && starts[0] !== 0) {
      throw new InvalidArgumentError(`put --${own[0]?.key} after an --engine`);
    }
    const requests: readonly SoulstoneRequest[] = engine.map((name, i) =>
      request(name, own.slice(starts[i], starts[i + 1]))
    );
    return { command: "init", json, bootCoven, vessel, requests };
  });

export const add = command("add", "Add a Soulstone to the Codex, in a new file")
  .details(`Without arguments it prompts on a terminal.\n\n${ABOUT_SOULSTONES}`)
  .arguments({ engine: argument("[engine]", "the engine", { choices: ENGINES }) })
  .options({ ...SOULSTONE, codex: CODEX, json: JSON_FLAG })
  .examples(
    "lychd add",
    "lychd add sglang --model Qwen/Qwen3-32B-AWQ --coven deep-think",
    "lychd add generic --image localhost/ocr:2 --name scribe --coven vision",
  )
  .invocation(({ json, engine }, { given }) => {
    const own = given.filter(({ key }) => key in SOULSTONE);
    if (own.length > 0 && engine === undefined) {
      throw new InvalidArgumentError("name the engine: lychd add <engine> ...");
    }
    const wanted = engine === undefined || own.length === 0 ? undefined : request(engine, own);
    return { command: "add", json, engine, request: wanted };
  });

/** Collects the options of one Soulstone. */
function request(engine: EngineName, given: Line["given"]): SoulstoneRequest {
  const many = (key: keyof typeof SOULSTONE) =>
    given.flatMap((each) => each.key === key ? [each.text] : []);
  const one = (key: keyof typeof SOULSTONE) => {
    const [text, again] = many(key);
    if (again === undefined) return text;
    throw new InvalidArgumentError(`--${key} is given twice for the same Soulstone`);
  };
  const text = one("port");
  return {
    engine,
    name: one("name"),
    image: one("image"),
    model: one("model"),
    port: text === undefined ? undefined : port(text),
    covens: many("coven"),
    slot: one("slot"),
    capabilities: many("capability"),
    devices: many("device").length === 0 ? undefined : many("device"),
  };
}

function port(text: string): number | "auto" {
  if (text === "auto") return text;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError("It must be `auto`, or a number from 1 to 65535.");
  }
  return port;
}

const ABOUT_IMPORTS = `
A Soulstone is one inference engine in a container. lychd prints all of them as
one TOML file for the folder soulstones/ of a Codex; --output writes a file for
each instead, and never overwrites one. The import report on stderr lists every
setting that was changed or lost, with its place and the reason. The same notes
are comments in the TOML.
`;

const IMPORT = {
  output: option("--output <dir>", "write to the Codex in DIR, one file for each Soulstone", {
    read: folder,
    complete: "folders",
  }),
  all: flag("--all", "list also the settings that were carried over unchanged"),
  json: JSON_FLAG,
};

const quadlet = command("quadlet", "Convert Quadlet units: each .container becomes a Soulstone")
  .details(`${ABOUT_IMPORTS}
Drop-ins of a unit are read with it. Remove the old units before you start the
new engines: both use the same ports.`)
  .arguments({
    imports: argument("<file...>", ".container units, and the .image, .volume and .pod they use", {
      complete: "files",
    }),
  })
  .options(IMPORT)
  .examples(
    "lychd import quadlet eye.container",
    "lychd import quadlet *.container models.volume > soulstones.toml",
    "lychd import quadlet *.container --output ~/.config/lychd",
  )
  .invocation((values) => ({ command: "import", from: "quadlet", ...values }));

const llamaSwap = command("llama-swap", "Convert a llama-swap configuration to Soulstones")
  .details(`${ABOUT_IMPORTS}
Groups and matrices of llama-swap become Covens (groups of engines that may run
together), or slots if one engine of each may run. The Vessel, the front door
of lychd, takes the place of llama-swap: its settings go to lychd.toml.`)
  .arguments({
    imports: argument("<file...>", "the YAML files, a folder of them, or - for stdin", {
      complete: "files",
    }),
  })
  .options({
    images: repeatable(
      "--image <program=image>",
      "the container image for a program of this host; repeatable",
      { read: image },
    ),
    variables: repeatable(
      "--env <name=value>",
      "the value of ${env.NAME} in the configuration; repeatable",
      { read: variable },
    ),
    ...IMPORT,
  })
  .examples(
    "lychd import llama-swap config.yaml",
    "lychd import llama-swap config.d > soulstones.toml",
    "lychd import llama-swap config.yaml \\",
    "  --image llama-server=ghcr.io/ggml-org/llama.cpp:server-rocm",
    "lychd import llama-swap config.yaml --output ~/.config/lychd",
  )
  .invocation((values) => ({ command: "import", from: "llama-swap", ...values }));

export const importing = command("import", "Convert another tool's configuration to a Codex")
  .details(`
Each command prints the engines as TOML, or writes them to a Codex, and reports
every setting that was changed or lost.`)
  .commands({ Commands: [quadlet, llamaSwap] })
  .examples("lychd import llama-swap config.yaml", "lychd import quadlet *.container");

function variable(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError("It must be NAME=VALUE.");
  }
  return [name, value];
}

function image(text: string): readonly [program: string, image: string] {
  const [, program, image] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (program === undefined || image === undefined) {
    throw new InvalidArgumentError("It must be PROGRAM=IMAGE.");
  }
  return [program, image];
}
