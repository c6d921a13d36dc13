import { exceededByGroups, SOULSTONE_LIMIT } from "../../codex/mod.ts";
import { profileOf, valueOfFlag } from "../../compile/mod.ts";
import { type Finding, finding, nearest, startOf } from "../../report/mod.ts";
import { finishImport } from "../finish.ts";
import { freeName, type Placed, placeInGroups, type Placement } from "../groups.ts";
import { type ImportContext, type ImportFile, type ImportResult, readText } from "../imported.ts";
import { newReport } from "../report.ts";
import type { ImportReport, Item } from "../report.ts";
import type { Assignment } from "../resolve.ts";
import { all, type Container, type Setting } from "../setting.ts";
import type { Fields } from "../toml_text.ts";
import { withoutKeptId } from "../user_namespace.ts";
import { readConfig, type SwapConfig } from "./config.ts";
import { dockerGpus } from "./docker_gpus.ts";
import { expandEnvironment, MacroOverflow } from "./macros.ts";
import { commandOf, containerSettings, type ModelInput, usesPort } from "./model.ts";
import { type Program, programNames } from "./program.ts";
import { portalsOf } from "./peers.ts";
import type { Reader } from "./reader.ts";
import { mergeFiles } from "./merge.ts";
import { recordRouting, type Routing } from "./routing.ts";
import type { Top } from "./placed_model.ts";
import { hideLists, hiderOf } from "./secrets.ts";
import { modelFields, proxyPort, readTop } from "./settings.ts";
import { aliasesIn, aliasOfRenamed, keysOf } from "./vessel.ts";
import { readYaml, type YamlNode } from "./yaml.ts";

/**
 * Imports a configuration of llama-swap, from one file or several: each model becomes a Soulstone, and its
 * groups or its matrix become groups or slots. `images` has the images of `--image`, by program.
 */
export async function importLlamaSwap(
  files: readonly ImportFile[],
  images: ReadonlyMap<string, string>,
  context: ImportContext,
): Promise<ImportResult> {
  const sources = new Map<string, string>();
  const failed = (...findings: Finding[]) => ({ imported: undefined, findings, sources });
  const { home, variables } = context;
  const known = new Map([...home === undefined ? [] : [["HOME", home] as const], ...variables]);
  const texts = new Map<string, string>();
  const roots: YamlNode[] = [];
  const unreadable: Finding[] = [];
  for (const file of files) {
    const read = readFile(file, texts);
    if ("error" in read) unreadable.push(read.error);
    else roots.push(expandEnvironment(read.root, known));
  }
  for (const [path, text] of texts) sources.set(path, hideLists(text));
  if (unreadable.length > 0) return failed(...unreadable);
  const { root, findings: conflicts } = mergeFiles(roots);
  const hide = hiderOf(root, variables);
  for (const [path, text] of texts) sources.set(path, hide(hideLists(text)));
  if (conflicts.length > 0) return failed(...conflicts);
  const path = files[0]?.path ?? "";
  try {
    const input = { path, sources, texts, images, context, hide };
    const { findings, ...result } = await importRoot(root, input);
    const shown = findings.map((one) => ({
      ...one,
      message: hide(one.message),
      ...one.hint === undefined ? {} : { hint: hide(one.hint) },
    }));
    return { ...result, findings: shown };
  } catch (error) {
    if (!(error instanceof MacroOverflow)) throw error;
    const problem = error.message;
    return failed(finding("llama-swap-invalid", startOf(path), { problem }));
  }
}

/** Reads a file of the configuration; its text, if it has one, is added to `texts`. */
function readFile(
  file: ImportFile,
  texts: Map<string, string>,
): { root: YamlNode } | { error: Finding } {
  const text = readText(file);
  if ("error" in text) return text;
  texts.set(file.path, text.text);
  return readYaml(file.path, text.text);
}

/** The input besides the root of the YAML. */
interface SwapInput extends Pick<ModelInput, "context" | "images" | "texts"> {
  readonly path: string;
  readonly sources: ReadonlyMap<string, string>;
  /** Replaces the secrets of the configuration in a text. */
  readonly hide: (text: string) => string;
}

async function importRoot(root: YamlNode, input: SwapInput): Promise<ImportResult> {
  const { path, sources, images, context } = input;
  const failed = (...findings: Finding[]) => ({ imported: undefined, findings, sources });
  const report = newReport(input.hide);
  const reader: Reader = { report, findings: [] };
  const config = readConfig(root, reader);
  const tooMany = config.models[SOULSTONE_LIMIT];
  if (tooMany !== undefined) {
    const limit = `${SOULSTONE_LIMIT} Soulstones`;
    return failed(finding("codex-too-large", tooMany.place, { limit }));
  }
  const top = readTop(config, reader);
  const { engines, problem, programs } = enginesOf(config, top, input, reader);
  if (reader.findings.length > 0) return failed(...reader.findings);
  const unused = unusedImages(images, programs);
  for (const { text, why } of unused) report.lost(report.add(startOf(path), text), why);
  if (engines.length === 0) {
    const what = config.models.length === 0 ? "it has no `models`" : problem ?? "";
    const help = config.models.length === 0
      ? "`models` is a mapping of names to settings, each with a `cmd`"
      : unused.map(({ text, why }) => `${text}: ${why}`).join("; ") ||
        "an image that runs the program makes it a Soulstone";
    return failed(finding("import-empty", startOf(path), { what, help }));
  }
  const imported = engines.map(({ model }) => model.id);
  const routing = config.route(imported);
  const memberships = routing.groups.reduce((sum, { members }) => sum + members.length, 0);
  const limit = exceededByGroups(routing.groups.length, memberships);
  if (limit !== undefined) {
    return failed(finding("codex-too-large", startOf(path), { limit }));
  }
  recordRouting(routing, config.routed, report);
  const starts = startsOf(config, imported, routing);
  const placed = placeInGroups({ ...routing, starts }, context, report);
  const containers = engines.map((engine) => containerOf(engine, placed, routing.residents, top));
  const { bootCoven } = placed;
  const taken = new Set([
    ...engines.map(({ name }) => name),
    ...routing.groups.map(({ name }) => name),
    ...config.models.flatMap((model) => [model.id, ...aliasesIn(model)]),
  ]);
  const result = await finishImport(containers, {
    bootCoven,
    context,
    report,
    path,
    sources,
    settings: settingsOf(config, top, engines, reader),
    portals: portalsOf(config.settings.get("peers"), taken, reader),
    input: { noun: "model", total: config.models.length },
  });
  return result.imported !== undefined && reader.findings.length > 0
    ? failed(...reader.findings)
    : result;
}

/** Returns the models that run after llama-swap has loaded those of `preload`, one after the other. */
function startsOf(
  { preload, models }: SwapConfig,
  imported: readonly string[],
  { mayAllRun }: Routing,
): Placement["starts"] {
  const named = preload.map(({ model: name, item }) => {
    const id = (models.find((model) => model.id === name) ??
      models.find((model) => aliasesIn(model).includes(name)))?.id;
    return { item, name, id };
  });
  const loaded = named.flatMap(({ id }) => id !== undefined && imported.includes(id) ? [id] : []);
  const running = loaded.reduce<readonly string[]>((before, next) => {
    const beside = before.filter((other) => other !== next).reduce<readonly string[]>(
      (kept, other) => mayAllRun([...kept, other, next]) ? [...kept, other] : kept,
      [],
    );
    return [...beside, next];
  }, []);
  return named.map(({ item, name, id }) => {
    if (id === undefined) return { item, why: `there is no model \`${name}\`` };
    if (running.includes(id)) return { item, engine: id };
    const why = imported.includes(id)
      ? "a later model of the list unloads it"
      : `\`${id}\` did not become a Soulstone`;
    return { item, why };
  });
}

/** Returns the images for programs that no model runs, and a suggestion. */
function unusedImages(
  images: ReadonlyMap<string, string>,
  programs: ReadonlySet<string>,
): { text: string; why: string }[] {
  return [...images].filter(([program]) => !programs.has(program)).map(([program, image]) => {
    const near = nearest(program, [...programs]);
    const help = near === undefined ? "" : `: did you mean \`${near}\`?`;
    const why = `no model runs \`${program}\`${help}`;
    return { text: `--image ${program}=${image}`, why };
  });
}

/** A model that can be a Soulstone. */
interface Engine extends ModelInput {
  readonly program: Program;
  readonly settings: readonly Setting[];
  /** Its name in the report. */
  readonly item: Item;
}

/**
 * Returns the models that can be Soulstones, and the programs that models run. All settings of other
 * models are lost; `problem` is the first reason.
 */
function enginesOf(config: SwapConfig, top: Top, input: SwapInput, reader: Reader) {
  // llama-swap numbers the models in the order of their names.
  const ports = new Map(
    [...config.models].sort((a, b) => a.id < b.id ? -1 : 1).filter(usesPort)
      .map(({ id }, i) => [id, top.startPort + i]),
  );
  const taken = new Set<string>();
  const programs = new Set<string>();
  let problem: string | undefined;
  const engines = config.models.flatMap((model): Engine[] => {
    const name = freeName(model.id, taken);
    const report = reader.report.of(name);
    const port = ports.get(model.id) ?? top.startPort;
    const one: ModelInput = { ...input, model, name, port, reader, report };
    const command = commandOf(one);
    if (command === undefined) return [];
    for (const program of programNames(command.words)) programs.add(program);
    const made = containerSettings(one, command);
    if ("settings" in made) {
      const item = report.add(model.place, model.id);
      if (name === model.id) report.record(item, "carried", { to: "" });
      const { settings } = withoutKeptId({ name, ...made }, input.context, reader.report);
      return [{ ...one, ...made, settings, item }];
    }
    taken.delete(name);
    problem ??= made.problem;
    reader.report.lost(reader.report.add(model.place, model.id), made.problem);
    for (const { item } of model.settings.values()) reader.report.leaveOut(item);
    return [];
  });
  return { engines, problem, programs };
}

function containerOf(
  engine: Engine,
  placed: Placed,
  residents: readonly string[],
  top: Top,
): Container {
  const { model: { id, settings: own }, name, program, settings, port } = engine;
  const fallback = usesPort(engine.model) ? port : undefined;
  return {
    name,
    settings,
    engine: program.kind === "host" ? program.engine : undefined,
    heading: [`From model \`${id}\` of ${engine.model.place.file}.`],
    fixed: [
      ...placed.fieldsOf(id),
      ...residents.includes(id) ? [{ path: ["resident"], value: true }] : [],
      ...gpusOf(engine),
    ],
    // llama-swap reaches every engine from the host.
    onHost: { port: own.has("proxy") ? proxyPort(engine) : fallback },
    moreFields(plan, given) {
      const { fixed, proposals } = modelFields({ ...engine, plan, given }, top);
      const renamed = name === id ? [] : [aliasOfRenamed(id, engine.item)];
      return { fixed, proposals: [...renamed, ...proposals] };
    },
  };
}

/** Returns the fields of lychd.toml: the Vessel in place of llama-swap, and the GPUs of programs. */
function settingsOf(
  { settings }: SwapConfig,
  { hasLoadingMessage }: Top,
  engines: readonly Engine[],
  reader: Reader,
): Fields {
  const keys = keysOf(settings.get("apiKeys"), reader);
  const devices = defaultDevices(engines, reader.report);
  return {
    ...devices === undefined ? {} : { gpu: { default_devices: devices } },
    vessel: {
      enabled: true,
      ...hasLoadingMessage ? { loading_message: true } : {},
      ...Object.keys(keys).length === 0 ? {} : { keys },
    },
  };
}

/** Returns the GPUs of this host for the programs that found them by themselves, and reports them. */
function defaultDevices(
  engines: readonly Engine[],
  report: ImportReport,
): readonly string[] | undefined {
  const first = engines.find(({ program, context }) =>
    context.vendor !== undefined && devicesOfHost(program).length > 0
  );
  if (first === undefined) return undefined;
  const devices = devicesOfHost(first.program);
  const written = `default_devices = [${devices.map((name) => `"${name}"`).join(", ")}]`;
  report.record(report.add(startOf(first.model.place.file), "GPUs of programs"), "changed", {
    to: "gpu.default_devices",
    why:
      `programs of the host find its GPUs by themselves; ${written} in lychd.toml gives them to ` +
      "every Soulstone without `devices`",
  });
  return devices;
}

/** Returns the GPUs for the image of a program of the host, which found them by itself. */
function devicesOfHost(program: Program): readonly string[] {
  if (program.kind !== "host" || program.image === undefined) return [];
  if (!profileOf({ image: program.image }).needsGpu(program.image)) return [];
  return /rocm/.test(program.image)
    ? ["/dev/kfd", "/dev/dri"]
    : /vulkan|intel/.test(program.image)
    ? ["/dev/dri"]
    : ["nvidia.com/gpu=all"];
}

/**
 * Returns the GPUs of an engine that `default_devices` does not provide: none for a container without
 * any, and those of a program that asks for them, if this host has none.
 */
function gpusOf({ program, settings, context: { vendor } }: Engine): readonly Assignment[] {
  if (program.kind === "container") {
    const gpus = dockerGpus(program.options);
    const isKnown = gpus === undefined || gpus.names !== undefined;
    return isKnown ? [{ path: ["devices"], value: [] }] : [];
  }
  const isWanted = all({ settings }, "Exec").some(({ words = [] }) => asksForGpus(words)) ||
    all({ settings }, "Environment").some(({ value }) => GPU_VARIABLE.test(value));
  return vendor === undefined && isWanted
    ? devicesOfHost(program).map((value) => ({ path: ["devices"], value }))
    : [];
}

/** Variables that select GPUs. */
const GPU_VARIABLE =
  /^(?:(?:CUDA|HIP|ROCR|NVIDIA|GGML_VK)_VISIBLE_DEVICES|LLAMA_ARG_N_GPU_LAYERS)=(?!0?$|-1$|none$|void$)/;

/** Returns true for a command with layers or parts of a model on GPUs. */
function asksForGpus(words: readonly string[]): boolean {
  const value = valueOfFlag(
    words,
    ...["-ngl", "--gpu-layers", "--n-gpu-layers"],
    ...["-tp", "--tensor-parallel-size", "--tp", "--tp-size", "-dev", "--device"],
  );
  return value !== undefined && !/^(?:0|none|cpu)$/.test(value);
}
