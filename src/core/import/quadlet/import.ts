import { basename } from "node:path/posix";
import { type Finding, finding, startOf } from "../../report/mod.ts";
import { draftOf, imageOf, planPort } from "../container.ts";
import { settle } from "../draft.ts";
import { type ImportContext, type ImportResult, isImage, portsOf, textsOf } from "../imported.ts";
import { openLedger } from "../ledger.ts";
import { givePorts } from "../ports.ts";
import { type Engine, enginesOf } from "./engine.ts";
import { underTheLaw } from "./exclusivity.ts";
import { lend } from "./lend.ts";
import { type QuadletUnit, readUnitInput, type UnitInput } from "./units.ts";

/**
 * Imports Quadlet units: each `.container` becomes a Soulstone; units of other kinds lend what the
 * containers take from them. Containers run together unless one says that it conflicts with another,
 * as systemd has it.
 *
 * @returns the Soulstones, and what became of every line; or why the input cannot be read.
 */
export async function importQuadlet(
  inputs: readonly UnitInput[],
  context: ImportContext,
): Promise<ImportResult> {
  const ledger = openLedger();
  const sources = new Map<string, string>();
  const findings: Finding[] = [];
  const units: QuadletUnit[] = [];
  for (const input of inputs) {
    const read = readUnitInput(input, sources, ledger);
    if ("unit" in read) units.push(read.unit);
    else findings.push(...read.faults);
  }
  findings.push(...twiceFaults(units));
  const lent = findings.length > 0 ? [] : lend(units, enginesOf(units, context, ledger), ledger);
  const able = lent.filter((engine) => {
    const why = whyNoSoulstone(engine);
    for (const { item } of why === undefined ? [] : engine.settings) {
      if (!ledger.has(item)) ledger.note(item, "lost", { why });
    }
    return why === undefined;
  });
  if (findings.length === 0 && able.length === 0) {
    const [first] = lent;
    const what = first === undefined ? "no unit is a .container" : whyNoSoulstone(first) ?? "";
    const place = startOf(first?.unit.path ?? inputs[0]?.file.path ?? "");
    findings.push(finding("import-empty", place, { what }));
  }
  if (findings.length > 0) return { imported: undefined, findings, sources };

  const { engines, bootCoven } = underTheLaw(able, context, ledger);
  const planned = engines.map((engine) => ({ engine, plan: planPort(engine) }));
  const given = givePorts(
    planned.map(({ engine: { name }, plan: { wish } }) => ({
      owner: `Soulstone \`${name}\``,
      wish,
    })),
    portsOf(context),
  );
  const drafts = planned.flatMap(({ engine, plan }, i) => {
    const port = given[i];
    return port === undefined ? [] : [draftOf(engine, plan, port, ledger)];
  });
  const outcome = await settle(drafts, ledger);
  if ("tooLarge" in outcome) {
    const place = startOf(inputs[0]?.file.path ?? "");
    return { imported: undefined, findings: [{ ...outcome.tooLarge, place }], sources };
  }
  const notes = ledger.close();
  const soulstones = textsOf(outcome.settled, notes);
  return { imported: { soulstones, bootCoven, notes }, findings, sources };
}

/** Two units with one name would be one Soulstone. */
function twiceFaults(units: readonly QuadletUnit[]): Finding[] {
  return units.flatMap(({ path }, i) => {
    const other = units.slice(0, i).find((unit) => basename(unit.path) === basename(path));
    return other === undefined
      ? []
      : [finding("import-twice", startOf(path), { name: basename(path), other: other.path })];
  });
}

/** Why a container can be no Soulstone; nothing when it can. */
function whyNoSoulstone(engine: Engine): string | undefined {
  const image = imageOf(engine);
  const { path } = engine.unit;
  if (image === undefined) return `${path} has no Image=`;
  if (isImage(image)) return undefined;
  return /\.(?:image|build)$/.test(image)
    ? `${path} takes its image from ${image}: import that unit too, or name the image`
    : `${path} has \`${image}\` as Image=, which is no image name`;
}
