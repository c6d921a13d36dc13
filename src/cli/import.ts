import { type Command, InvalidArgumentError, Option } from "commander";
import { type AddCommands, EXIT_CODES } from "./common.ts";

/** The commands that make a Codex of what others have. */
export const addImportingCommands: AddCommands = (program, { jsonOption }, take) => {
  const importing = program.command("import")
    .description("Make a Codex of llama-swap's configuration, or of Quadlet units.")
    .helpCommand(false)
    .addHelpText(
      "after",
      `
Examples:
  lychd import llama-swap config.yaml
  lychd import quadlet *.container

${ABOUT}${EXIT_CODES}`,
    );
  const addCommon = (command: Command) =>
    command
      .addOption(
        new Option("--output <dir>", "write to the Codex in DIR, a file for each Soulstone")
          .argParser(parseFolder),
      )
      .addOption(new Option("--all", "list also what was carried over as it is"))
      .addOption(jsonOption);

  addCommon(
    importing.command("quadlet")
      .description("Make Soulstones of Quadlet units: each .container becomes one.")
      .argument("<file...>", "units; .image, .volume and .pod lend what containers take"),
  )
    .addHelpText(
      "after",
      `
Examples:
  lychd import quadlet eye.container
  lychd import quadlet *.container models.volume > soulstones.toml
  lychd import quadlet *.container --output ~/.config/lychd

${ABOUT}
Drop-ins beside a unit are read with it. The old units stay where they are:
remove them before the new engines take their ports.
${EXIT_CODES}`,
    )
    .action((imports: string[], options: ImportOptions) =>
      take({ ...asked(options), from: "quadlet" }, { imports, output: options.output })
    );

  addCommon(
    importing.command("llama-swap")
      .description("Make Soulstones of the models of llama-swap: its groups become Covens.")
      .argument("<file>", "the configuration, YAML")
      .addOption(
        new Option("--image <program=image>", "the image for a program of this host; repeatable")
          .argParser(collectImages),
      ),
  )
    .addHelpText(
      "after",
      `
Examples:
  lychd import llama-swap config.yaml
  lychd import llama-swap config.yaml > soulstones.toml
  lychd import llama-swap config.yaml \\
    --image llama-server=ghcr.io/ggml-org/llama.cpp:server-rocm
  lychd import llama-swap config.yaml --output ~/.config/lychd

${ABOUT}${EXIT_CODES}`,
    )
    .action((file: string, options: ImportOptions) =>
      take(
        { ...asked(options), from: "llama-swap", images: options.image ?? [] },
        { imports: [file], output: options.output },
      )
    );
};

const ABOUT = `The Soulstones are printed as one TOML file, for the folder soulstones/ of a
Codex; or written by --output, never over a file that is there. What changed
and what could not be carried over is told on stderr, with its place, and
stands as comments above each Soulstone: nothing gets lost in silence.
`;

type Images = readonly (readonly [program: string, image: string])[];

interface ImportOptions {
  readonly output?: string;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly image?: Images;
}

function asked({ json, all }: ImportOptions) {
  return { command: "import" as const, json: json === true, all: all === true };
}

function parseFolder(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must be the name of a folder.");
  return text;
}

function collectImages(text: string, images: Images = []): Images {
  const [, program, image] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (program === undefined || image === undefined) {
    throw new InvalidArgumentError("It must be PROGRAM=IMAGE.");
  }
  return [...images, [program, image]];
}
