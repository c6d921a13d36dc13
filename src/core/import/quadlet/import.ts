import { basename } from "node:path/posix";
import { soulstoneSchema } from "../../codex/mod.ts";
import { profileOf } from "../../compile/mod.ts";
import { type Finding, finding, startOf } from "../../report/mod.ts";
import { finishImport } from "../finish.ts";
import type { ImportContext, ImportResult } from "../imported.ts";
import { newReport } from "../report.ts";
import { all } from "../setting.ts";
import { type Engine, enginesOf, withGroups, withNewNames } from "./engines.ts";
import { withoutKeptId } from "../user_namespace.ts";
import { withOtherUnits } from "./other_units.ts";
import { environmentFilesOf } from "./settings.ts";
import { type QuadletUnit, readUnitInput, type UnitInput } from "./units.ts";

/**
 * Imports Quadlet units. Each `.container` becomes a Soulstone; units of other kinds provide images,
 * volume names and ports. Containers run together unless one conflicts with another.
 */
export async function importQuadlet(
  inputs: readonly UnitInput[],
  context: ImportContext,
): Promise<ImportResult> {
  const report = newReport();
  const sources = new Map<string, string>();
  const findings: Finding[] = [];
  const units: QuadletUnit[] = [];
  for (const input of inputs) {
    const read = readUnitInput(input, sources, report);
    if ("unit" in read) units.push(read.unit);
    else findings.push(...read.errors);
  }
  const path = inputs[0]?.file.path ?? "";
  findings.push(...duplicateErrors(units));
  if (findings.length > 0) return { imported: undefined, findings, sources };

  const engines = withOtherUnits(units, enginesOf(units, context, report), report)
    .map((engine) => withoutKeptId(engine, context, report));
  const usable = engines.filter((engine) => {
    const why = whyNoSoulstone(engine);
    if (why === undefined) return true;
    report.of(engine.name).leaveOutAll();
    report.lost(report.add(startOf(engine.unit.path), basename(engine.unit.path)), why);
    for (const { item } of engine.unit.lines) report.leaveOut(item);
    return false;
  });
  if (usable.length === 0) {
    const [first] = engines;
    const what = first === undefined ? "no unit is a .container" : whyNoSoulstone(first) ?? "";
    findings.push(finding("import-empty", startOf(first?.unit.path ?? path), { what }));
    return { imported: undefined, findings, sources };
  }
  const { placed, bootCoven } = withGroups(withNewNames(usable), context, report);
  const input = { noun: "container", total: engines.length } as const;
  return await finishImport(placed, { bootCoven, context, report, path, sources, input });
}

/** Two units with one name would be one Soulstone. */
function duplicateErrors(units: readonly QuadletUnit[]): Finding[] {
  return units.flatMap(({ path }, i) => {
    const other = units.slice(0, i).find((unit) => basename(unit.path) === basename(path));
    return other === undefined
      ? []
      : [finding("import-twice", startOf(path), { name: basename(path), other: other.path })];
  });
}

/** Returns the reason why a container cannot be a Soulstone, if there is one. */
function whyNoSoulstone(engine: Engine): string | undefined {
  const image = all(engine, "Image")[0]?.value;
  const { path, lines } = engine.unit;
  const isJob = engine.settings.some(({ section, key, value }) =>
    section === "Service" && key === "Type" && value === "oneshot"
  );
  if (isJob) return `${path} is a job that ends (Type=oneshot), not an engine: keep that unit`;
  if (image === undefined) {
    const given = lines.findLast(({ section, key, value }) =>
      section === "Container" && key === "Image" && value !== ""
    );
    if (given === undefined) return `${path} has no Image=`;
    const files = environmentFilesOf(lines).join(", ");
    return `${path} has \`${given.value}\` as Image=, in which systemd replaces a part at startup: ` +
      `write the whole name${files === "" ? "" : `, with the values of ${files}`}`;
  }
  if (soulstoneSchema.shape.image.safeParse(image).success) return whyNoModel(engine, image);
  if (/\s#/.test(image)) {
    return `${path} has a remark after Image=, which Podman reads as a part of the name: give it a line`;
  }
  return /\.(?:image|build)$/.test(image)
    ? `${path} gets its image from ${image}: import that unit too, or set the image`
    : `${path} has \`${image}\` as Image=, which is not an image name`;
}

/** Flags that name a model. */
const MODEL_FLAG =
  /^-(?:m|mu|hfr?|dr|-(?:model(?:-(?:path|id|name|url))?|hf-repo|docker-repo))(?:=|$)/;

/** The variable that names a model, in `Environment=`. */
const MODEL_VARIABLE =
  /(?:^|[\s"'])(LLAMA_ARG_(?:MODEL|MODEL_URL|HF_REPO|DOCKER_REPO)|MODEL_(?:ID|NAME|PATH))=/;

/** Returns the reason why the model of a container, or its whole command, is unknown, if it is. */
function whyNoModel(engine: Engine, image: string): string | undefined {
  const { path, lines } = engine.unit;
  const [{ words = [], unknown = [] } = {}] = all(engine, "Exec");
  const isNamed = all(engine, "Environment").some(({ value }) => MODEL_VARIABLE.test(value)) ||
    words.some((word) => MODEL_FLAG.test(word));
  const isFirstWord = profileOf({ image }).head("model")[0] === "model";
  const model = unknown.find(({ flag, word, isFirst }) =>
    MODEL_FLAG.test(flag ?? word) || isFirst && isFirstWord
  );
  if (model !== undefined) return `the model of ${path} is unknown: ${model.why}`;
  const isScript = /(?:^|\/)(?:ba|da|z)?sh$/.test(words[0] ?? "");
  const first = unknown.find(({ flag }) =>
    words.length === 0 && !isNamed || isScript && /^-[a-z]*c$/.test(flag ?? "")
  );
  if (first !== undefined) return `the command of ${path} is unknown: ${first.why}`;
  const variable = lines.filter(({ key }) => key === "Environment")
    .flatMap(({ value }) => MODEL_VARIABLE.exec(value)?.[1] ?? []).at(-1);
  return isNamed || variable === undefined
    ? undefined
    : `the model of ${path} is unknown: write the value of ${variable}`;
}
