import { type Codex, FIRST_FREE_PORT, NAME, schemaFiles } from "../codex/mod.ts";
import { imageFor, NVIDIA_ONLY, profileOf } from "../compile/mod.ts";
import type { Survey } from "../doctor/mod.ts";
import { quoted } from "../report/mod.ts";
import { nameFor } from "./defaults.ts";
import { placeModel } from "./model.ts";
import { type Ports, portsBeside } from "./ports.ts";
import {
  type NewSettings,
  type NewSoulstone,
  type SettingsPorts,
  settingsText,
  type SoulstoneRequest,
  soulstoneText,
} from "./text.ts";

/** The input of {@linkcode scaffoldCodex}. */
export interface ScaffoldInput {
  readonly requests: readonly SoulstoneRequest[];
  readonly survey: Survey;
  /** The present Codex; an empty one for a new Codex. */
  readonly codex: Codex;
  /** The present files, relative to the Codex. */
  readonly files: readonly string[];
  readonly home: string | undefined;
  /** The settings of a new `lychd.toml`; undefined if the Codex exists. */
  readonly settings: Omit<NewSettings, "gpus" | "devices" | "ports"> | undefined;
}

/** New files, and notes about them. */
export interface Scaffold {
  /** Relative to the Codex. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly soulstones: readonly (NewSoulstone & { readonly path: string })[];
  /** The port of the dashboards; undefined if the Codex exists. */
  readonly dashboardsPort: number | undefined;
  /** The port of the front door; undefined if the Codex exists or has none. */
  readonly vesselPort: number | undefined;
  /** Sentences for the operator. */
  readonly notes: readonly string[];
}

interface Problem {
  readonly problem: string;
  readonly hint: string;
}

/**
 * Returns the files of new Soulstones, and fills in names, images, ports and devices. It does not
 * validate the operator's values; `readCodex` does.
 */
export function scaffoldCodex(input: ScaffoldInput): Scaffold | Problem {
  const { requests, survey, codex } = input;
  const ports = portsBeside(codex, survey.listeners);
  const taken = new Set([
    ...codex.soulstones.map((s) => s.name),
    ...input.files.map((path) => path.replace(/^soulstones\/|\.toml$/g, "")),
  ]);
  const clash = holdGiven(requests, ports, taken);
  if (clash !== undefined) return clash;
  const settings = input.settings && { ...input.settings, ports: settingsPorts(codex, ports) };
  const soulstones: Scaffold["soulstones"][number][] = [];
  const notes: string[] = survey.listenersUnknown === undefined
    ? []
    : [`could not list the ports in use: ${survey.listenersUnknown}`];
  for (const request of requests) {
    const made = makeSoulstone(request, { ...input, ports, taken });
    if ("problem" in made) return made;
    const path = `soulstones/${made.name}.toml`;
    if (input.files.includes(path)) {
      return refuse(
        `${quoted(path)} already exists`,
        "choose another --name, or add the table to that file",
      );
    }
    taken.add(made.name);
    soulstones.push({ ...made, path });
    notes.push(...notesOf(made, request, { survey, ports }));
  }
  if (settings !== undefined && soulstones.some((s) => s.devices === undefined)) {
    notes.push(...deviceNotes(survey));
  }
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
    vesselPort: settings?.hasVessel ? settings.ports.vessel.port : undefined,
    notes: [...new Set(notes)],
  };
}

/** Holds the ports and names that are given, so that no other Soulstone gets one of them. */
function holdGiven(
  requests: readonly SoulstoneRequest[],
  ports: Ports,
  taken: Set<string>,
): Problem | undefined {
  const names = new Set<string>();
  for (const { port, name } of requests) {
    if (typeof port === "number") {
      if (ports.isHeld(port)) {
        return refuse(
          `port ${port} is already used in the Codex`,
          `use --port auto, or a free port such as ${ports.free(port)}`,
        );
      }
      ports.hold(port);
    }
    if (name === undefined) continue;
    if (names.has(name)) {
      return refuse(
        `two Soulstones have the name ${quoted(name)}`,
        "choose another --name for one of them",
      );
    }
    names.add(name);
  }
  for (const name of names) taken.add(name);
  return undefined;
}

function refuse(problem: string, hint: string): Problem {
  return { problem, hint };
}

function makeSoulstone(
  request: SoulstoneRequest,
  { survey, home, ports, taken }: ScaffoldInput & {
    readonly ports: Ports;
    readonly taken: ReadonlySet<string>;
  },
): NewSoulstone | Problem {
  const { engine } = request;
  const image = request.image ?? imageFor(engine, survey.vendor);
  if (image === undefined) {
    return refuse("a generic engine needs an image", "for example: --image localhost/ocr:2");
  }
  if ((engine === "vllm" || engine === "sglang") && request.model === undefined) {
    return refuse(
      `${engine} needs a model`,
      "for example: --model Qwen/Qwen3-8B, or a folder on this host",
    );
  }
  const placed = request.model === undefined
    ? { model: undefined, volume: undefined }
    : placeModel(request.model, { engine, home, isSelinuxEnforcing: survey.isSelinuxEnforcing });
  if ("problem" in placed) {
    return refuse(placed.problem, "for example: --model ~/models/gpt-oss-20b.gguf");
  }
  const name = request.name ??
    nameFor(request.model ?? (engine === "generic" ? image : engine), taken);
  // Only a valid name can be part of a path.
  if (!NAME.test(name)) {
    return refuse(
      `${quoted(name)} is not a valid Soulstone name`,
      "use up to 64 letters, digits, `-`, `_` and `.`; start with a letter or a digit",
    );
  }
  return {
    ...request,
    name,
    image,
    isEngineNamed: profileOf({ image, engine: undefined }).name !== engine,
    port: typeof request.port === "number" ? request.port : ports.take(),
    model: placed.model,
    volumes: placed.volume === undefined ? [] : [placed.volume],
  };
}

/** Returns the default ports of the Watchers, and a free one for each that is in use. */
function settingsPorts({ settings }: Codex, ports: Ports): SettingsPorts {
  const own = (section: keyof SettingsPorts) => {
    const usual = settings[section].port;
    return { usual, port: ports.isListening(usual) ? ports.take(usual + 1) : usual };
  };
  return { harvester: own("harvester"), scribe: own("scribe"), vessel: own("vessel") };
}

function notesOf(
  { name, port, engine }: NewSoulstone,
  request: SoulstoneRequest,
  { survey, ports }: { survey: Survey; ports: Ports },
): string[] {
  const notes = {
    [`port ${port} of ${name} is already in use on this host`]: typeof request.port === "number" &&
      ports.isListening(port),
    [`on most hosts only root can publish port ${port} of ${name}; run \`lychd doctor\``]:
      port < FIRST_FREE_PORT,
    [`the image of ${name} needs an NVIDIA GPU, and none was found; choose another with --image`]:
      request.image === undefined && NVIDIA_ONLY.includes(engine) && survey.vendor !== "NVIDIA",
  };
  return Object.entries(notes).flatMap(([note, applies]) => applies ? [note] : []);
}

/** Returns the note about the default devices of a new Codex. */
function deviceNotes({ devices, devicesDefined }: Survey): string[] {
  if (devices.length === 0) {
    return ["no GPU was found for the engines; run `lychd doctor` for details"];
  }
  return devicesDefined
    ? []
    : [`Podman cannot resolve ${devices.join(", ")} yet; run \`lychd doctor\` for the fix`];
}
