import { GROUP_LIMIT, SOULSTONE_LIMIT } from "../../codex/mod.ts";
import { type Finding, finding, nearest, startOf } from "../../report/mod.ts";
import { draftOf, planPort } from "../container.ts";
import type { Container, PortPlan, Setting } from "../setting.ts";
import { type Draft, settle } from "../draft.ts";
import {
  type ImportContext,
  type ImportFile,
  type ImportResult,
  portsOf,
  readText,
  textsOf,
} from "../imported.ts";
import { openLedger } from "../ledger.ts";
import { freeName } from "../names.ts";
import { givePorts } from "../ports.ts";
import { type Model, readConfig, type SwapConfig } from "./config.ts";
import { modelFields } from "./fields.ts";
import { type Law, underTheLaw } from "./exclusivity.ts";
import { containerSettings, fill, type ModelWorld, usesPort, wordsOf } from "./model.ts";
import { type Program, programNames } from "./program.ts";
import { type Reader, textOf } from "./reader.ts";
import { MacroOverflow } from "./macros.ts";
import { readTop, type Top } from "./top.ts";
import { unwrap } from "./wrappers.ts";
import { readYaml, type YamlNode } from "./yaml.ts";

/**
 * Imports a configuration of llama-swap: each model becomes a Soulstone, its groups or its matrix
 * become groups. `images` names the image for a program of the host, by the program.
 *
 * @returns the Soulstones, and what became of every setting; or why the input cannot be read.
 */
export async function importLlamaSwap(
  file: ImportFile,
  images: ReadonlyMap<string, string>,
  context: ImportContext,
): Promise<ImportResult> {
  const sources = new Map<string, string>();
  const failed = (findings: readonly Finding[]) => ({ imported: undefined, findings, sources });
  const text = readText(file);
  if ("fault" in text) return failed([text.fault]);
  sources.set(file.path, text.text);
  const yaml = readYaml(file.path, text.text);
  if ("fault" in yaml) return failed([yaml.fault]);
  try {
    return await importRoot(yaml.root, file.path, sources, images, context);
  } catch (error) {
    if (!(error instanceof MacroOverflow)) throw error;
    const problem = error.message;
    return failed([finding("llama-swap-invalid", startOf(file.path), { problem })]);
  }
}

/** Imports a configuration that is YAML. */
async function importRoot(
  root: YamlNode,
  path: string,
  sources: ReadonlyMap<string, string>,
  images: ReadonlyMap<string, string>,
  context: ImportContext,
): Promise<ImportResult> {
  const failed = (findings: readonly Finding[]) => ({ imported: undefined, findings, sources });
  const ledger = openLedger();
  const reader: Reader = { ledger, findings: [] };
  const config = readConfig(root, reader);
  const tooMany = config.models[SOULSTONE_LIMIT];
  if (tooMany !== undefined) {
    const limit = `${SOULSTONE_LIMIT} Soulstones`;
    return failed([finding("codex-too-large", tooMany.place, { limit })]);
  }
  const top = readTop(config, reader);
  const world = { context, images, source: sources.get(path) ?? "" };
  const { engines, problem, programs } = enginesOf(config, top, world, reader);
  if (reader.findings.length > 0) return failed(reader.findings);
  const unused = unusedImages(images, programs);
  for (const { text, why } of unused) {
    ledger.note(ledger.enter(startOf(path), text), "lost", { why });
  }
  if (engines.length === 0) {
    const what = config.models.length === 0 ? "it has no `models`" : problem ?? "";
    const help = config.models.length === 0
      ? "`models` is a mapping of names to settings, each with a `cmd`"
      : unused.map(({ text, why }) => `${text}: ${why}`).join("; ") ||
        "an image that runs the program makes it a Soulstone";
    return failed([finding("import-empty", startOf(path), { what, help })]);
  }
  const ids = engines.map(({ model }) => model.id);
  const routing = config.route(ids);
  if (routing.groups.length > GROUP_LIMIT) {
    const limit = `${GROUP_LIMIT} groups`;
    return failed([finding("codex-too-large", startOf(path), { limit })]);
  }
  const law = underTheLaw(config, routing, ids, context, ledger);
  const drafts = draftsOf(engines, law.fieldsOf, path, context, top, reader);
  const outcome = await settle(drafts, ledger);
  if ("tooLarge" in outcome) return failed([{ ...outcome.tooLarge, place: startOf(path) }]);
  const notes = ledger.close();
  const imported = { soulstones: textsOf(outcome.settled, notes), bootCoven: law.bootCoven, notes };
  return reader.findings.length > 0 ? failed(reader.findings) : { imported, findings: [], sources };
}

/** Images that were named for programs which no model runs, and what was meant perhaps. */
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
interface Engine {
  readonly model: Model;
  readonly name: string;
  readonly world: ModelWorld;
  readonly program: Program;
  readonly settings: readonly Setting[];
}

/**
 * The models that can be Soulstones, and the programs that models run; everything of the other
 * models is noted as lost, with the first reason why.
 */
function enginesOf(
  config: SwapConfig,
  top: Top,
  around: Omit<ModelWorld, "port">,
  reader: Reader,
): { engines: Engine[]; problem: string | undefined; programs: ReadonlySet<string> } {
  const ports = givenPorts(config, top);
  const taken = new Set<string>();
  const programs = new Set<string>();
  let problem: string | undefined;
  const engines = config.models.flatMap((model): Engine[] => {
    const world = { ...around, port: ports.get(model.id) ?? top.startPort };
    const words = wordsOf(model, world, reader);
    if (words === undefined) return [];
    for (const program of programNames(unwrap(words).words)) programs.add(program);
    const name = freeName(model.id, taken);
    const made = containerSettings(model, name, words, world, reader);
    if ("settings" in made) {
      const named = reader.ledger.enter(model.place, model.id);
      reader.ledger.note(named, name === model.id ? "carried" : "changed", {
        soulstone: name,
        to: name,
        why: name === model.id ? "" : "a name has letters, digits, `-`, `_` and `.`",
      });
      return [{ model, name, world, ...made }];
    }
    taken.delete(name);
    problem ??= made.problem;
    for (const { item } of model.settings.values()) {
      if (!reader.ledger.has(item)) {
        reader.ledger.note(item, "lost", {
          why: `\`${model.id}\` is no Soulstone: ${made.problem}`,
        });
      }
    }
    return [];
  });
  return { engines, problem, programs };
}

/** What `${PORT}` is for each model: llama-swap counts up in the order of their names. */
function givenPorts({ models }: SwapConfig, { startPort }: Top): Map<string, number> {
  const sorted = [...models].sort((a, b) => a.id < b.id ? -1 : 1).filter(usesPort);
  return new Map(sorted.map(({ id }, i) => [id, startPort + i]));
}

/** The Soulstones in the making, in the order of the file. */
function draftsOf(
  engines: readonly Engine[],
  fieldsOf: Law["fieldsOf"],
  path: string,
  context: ImportContext,
  top: Top,
  reader: Reader,
): Draft[] {
  const bare = engines.map((engine): { engine: Engine; container: Container; plan: PortPlan } => {
    const { model, name, settings } = engine;
    const container = {
      name,
      settings,
      heading: [`From model \`${model.id}\` of ${path}.`],
      fixed: [],
      proposals: [],
      // llama-swap itself reaches every engine from the host.
      onHost: { port: proxyPort(engine, reader) },
      renamed: new Map<string, string>(),
      rivals: new Set<string>(),
    };
    return { engine, container, plan: planPort(container) };
  });
  const ports = givePorts(
    bare.map(({ engine: { name }, plan: { wish } }) => ({ owner: `Soulstone \`${name}\``, wish })),
    portsOf(context),
  );
  return bare.flatMap(({ engine, container: rest, plan }, i): Draft[] => {
    const given = ports[i];
    if (given === undefined) return [];
    const { model, name, world, program, settings } = engine;
    const { groups, isResident } = fieldsOf(model.id);
    const fields = modelFields(
      { model, name, world, plan, given, settings },
      top,
      reader,
    );
    const container: Container = {
      ...rest,
      fixed: [
        ...groups.length === 0 ? [] : [{ path: ["groups"], value: groups }],
        ...isResident ? [{ path: ["resident"], value: true }] : [],
        // A program of the host had the GPUs of the host: `default_devices` gives them.
        ...program.kind === "container" ? [{ path: ["devices"], value: [] }] : [],
        ...fields.fixed,
      ],
      proposals: fields.proposals,
    };
    return [draftOf(container, plan, given, reader.ledger)];
  });
}

/** Where llama-swap reaches a model, when that is on this host; `http://localhost:${PORT}` by default. */
function proxyPort({ model, world }: Engine, reader: Reader): number | undefined {
  const entry = model.settings.get("proxy");
  if (entry === undefined) return usesPort(model) ? world.port : undefined;
  const text = fill(model, world, textOf(entry.node, "`proxy`", reader) ?? "");
  const port = /^https?:\/\/(?:localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\]):(\d+)/.exec(text)?.[1];
  return port === undefined ? undefined : Number(port);
}
