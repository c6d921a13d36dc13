import { type Codex, FIRST_FREE_PORT, NAME, schemaFiles } from "../codex/mod.ts";
import { profileOf } from "../compile/mod.ts";
import type { Survey } from "../doctor/mod.ts";
import { quoted } from "../report/mod.ts";
import { imageFor, isForNvidia } from "./image.ts";
import { placeModel } from "./model.ts";
import { nameFor } from "./name.ts";
import { type Ports, portsBeside } from "./ports.ts";
import type { SoulstoneRequest } from "./request.ts";
import { type NewSoulstone, type SettingsPorts, settingsText, soulstoneText } from "./text.ts";

/** What a draft is made of. */
export interface DraftInput {
  readonly requests: readonly SoulstoneRequest[];
  readonly survey: Survey;
  /** What is there already; an empty one for a first Codex. */
  readonly codex: Codex;
  /** The files that are there already, relative to the Codex. */
  readonly files: readonly string[];
  readonly home: string | undefined;
  /** What goes into a first `lychd.toml`; nothing where there is a Codex. */
  readonly settings: { readonly bootCoven: string | undefined } | undefined;
}

/** Files to write, and what there is to say of them. */
export interface Draft {
  /** Relative to the Codex. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly soulstones: readonly (NewSoulstone & { readonly path: string })[];
  /** Where the dashboards will be; nothing where there is a Codex already. */
  readonly dashboardsPort: number | undefined;
  /** What the operator should know, each a sentence. */
  readonly notes: readonly string[];
}

/** Why there is no draft, and what helps. */
export interface DraftProblem {
  readonly problem: string;
  readonly hint: string;
}

/**
 * Drafts the files of new Soulstones: names, images, ports and devices are found where they are not
 * given. What an operator gives is taken as it is; `readCodex` says whether it is valid.
 */
export function draftCodex(input: DraftInput): Draft | DraftProblem {
  const { survey, codex } = input;
  const ports = portsBeside(codex, survey.listeners);
  const taken = new Set([
    ...codex.soulstones.map((s) => s.name),
    ...input.files.map((path) => path.replace(/^soulstones\/|\.toml$/g, "")),
  ]);
  const clash = holdPorts(input.requests, ports) ?? holdNames(input.requests, taken);
  if (clash !== undefined) return clash;
  const settings = input.settings && { ...input.settings, ports: settingsPorts(codex, ports) };
  const soulstones: Draft["soulstones"][number][] = [];
  const notes: string[] = survey.listenersUnknown === undefined
    ? []
    : [`which ports are taken could not be asked: ${survey.listenersUnknown}`];
  for (const request of input.requests) {
    const made = makeSoulstone(request, { ...input, ports, taken });
    if ("problem" in made) return made;
    const path = `soulstones/${made.name}.toml`;
    if (input.files.includes(path)) {
      return {
        problem: `${quoted(path)} is there already`,
        hint: "take another --name, or write the table into that file",
      };
    }
    taken.add(made.name);
    soulstones.push({ ...made, path });
    notes.push(...notesOf(made, request, { survey, ports }));
  }
  notes.push(...deviceNotes(soulstones, input));
  const { gpus, devices } = survey;
  return {
    files: [
      ...settings === undefined
        ? []
        : [{ path: "lychd.toml", text: settingsText({ ...settings, gpus, devices }) }],
      ...soulstones.map((s) => ({ path: s.path, text: soulstoneText(s) })),
      ...schemaFiles().filter(({ path }) => !input.files.includes(path)),
    ],
    soulstones,
    dashboardsPort: settings?.ports.scribe.port,
    notes: [...new Set(notes)],
  };
}

/** Holds the ports that are asked for, before any is found for the others. */
function holdPorts(requests: readonly SoulstoneRequest[], ports: Ports): DraftProblem | undefined {
  for (const { port } of requests) {
    if (typeof port !== "number") continue;
    if (ports.isHeld(port)) {
      return {
        problem: `port ${port} is taken in the Codex`,
        hint: `--port auto finds a free one; ${ports.free(port)} is`,
      };
    }
    ports.hold(port);
  }
  return undefined;
}

/** Takes the names that are asked for, before any is found for the others. */
function holdNames(
  requests: readonly SoulstoneRequest[],
  taken: Set<string>,
): DraftProblem | undefined {
  const asked = requests.flatMap(({ name }) => name ?? []);
  const twice = asked.find((name, i) => asked.indexOf(name) !== i);
  if (twice !== undefined) {
    const problem = `two Soulstones are to be called ${quoted(twice)}`;
    return { problem, hint: "give one of them another --name" };
  }
  for (const name of asked) taken.add(name);
  return undefined;
}

function holdFree(ports: Ports, from?: number): number {
  const port = ports.free(from);
  ports.hold(port);
  return port;
}

/** What is there to serve without a model, or nothing where it makes no sense. */
function missingIn({ engine, model, image }: SoulstoneRequest): DraftProblem | undefined {
  if (engine === "generic" && image === undefined) {
    return {
      problem: "of a generic engine lychd knows no image",
      hint: "--image localhost/ocr:2, for example",
    };
  }
  if ((engine === "vllm" || engine === "sglang") && model === undefined) {
    return {
      problem: `${engine} starts with a model, and none is given`,
      hint: "--model Qwen/Qwen3-8B, for example, or a folder of this host",
    };
  }
  return undefined;
}

function makeSoulstone(
  request: SoulstoneRequest,
  { survey, home, ports, taken }: DraftInput & {
    readonly ports: Ports;
    readonly taken: ReadonlySet<string>;
  },
): NewSoulstone | DraftProblem {
  const { engine } = request;
  const missing = missingIn(request);
  if (missing !== undefined) return missing;
  const image = request.image ?? imageFor(engine, survey.vendor) ?? "";
  const placed = request.model === undefined
    ? { model: undefined, volume: undefined }
    : placeModel(request.model, { engine, home, isSelinuxEnforcing: survey.isSelinuxEnforcing });
  if ("problem" in placed) {
    return { problem: placed.problem, hint: "--model ~/models/gpt-oss-20b.gguf, for example" };
  }
  const name = request.name ??
    nameFor(request.model ?? (engine === "generic" ? image : engine), taken);
  // Only such a name can be that of a file.
  if (!NAME.test(name)) {
    return {
      problem: `${quoted(name)} cannot be the name of a Soulstone`,
      hint: "letters, digits, `-`, `_` and `.`, first a letter or digit, at most 64",
    };
  }
  return {
    name,
    engine,
    isEngineNamed: profileOf({ image, engine: undefined }).name !== engine,
    image,
    port: typeof request.port === "number" ? request.port : holdFree(ports),
    model: placed.model,
    covens: request.covens,
    capabilities: request.capabilities,
    devices: request.devices,
    volumes: placed.volume === undefined ? [] : [placed.volume],
  };
}

/** The ports that a Codex has by default; where one is taken on this host, a free one. */
function settingsPorts({ settings }: Codex, ports: Ports): SettingsPorts {
  const own = (section: keyof SettingsPorts) => {
    const usual = settings[section].port;
    return { usual, port: ports.isListening(usual) ? holdFree(ports, usual + 1) : usual };
  };
  return { harvester: own("harvester"), scribe: own("scribe"), vessel: own("vessel") };
}

function notesOf(
  soulstone: NewSoulstone,
  request: SoulstoneRequest,
  { survey, ports }: { survey: Survey; ports: Ports },
): string[] {
  const notes: string[] = [];
  const { name, port, engine } = soulstone;
  if (typeof request.port === "number" && ports.isListening(port)) {
    notes.push(`something on this host listens on port ${port} of ${name} already`);
  }
  if (port < FIRST_FREE_PORT) {
    notes.push(`only root may publish port ${port} of ${name} on most hosts; ask \`lychd doctor\``);
  }
  if (request.image === undefined && isForNvidia(engine) && survey.vendor !== "NVIDIA") {
    notes.push(
      `the image of ${name} is for GPUs of NVIDIA, and none is found; see --image`,
    );
  }
  return notes;
}

function deviceNotes(
  soulstones: readonly NewSoulstone[],
  { survey, settings }: DraftInput,
): string[] {
  const isDefault = soulstones.some((s) => s.devices === undefined);
  if (!isDefault || settings === undefined) return [];
  if (survey.devices.length === 0) {
    return ["no GPU is found that engines could be given; `lychd doctor` tells more"];
  }
  return survey.devicesDefined
    ? []
    : [`Podman cannot resolve ${survey.devices.join(", ")} yet; \`lychd doctor\` tells why`];
}
