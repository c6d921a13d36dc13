/** The last steps of both importers: ports, fields and texts. */
import {
  type Codex,
  FILE_LIMIT_KIB,
  lychdSchema,
  parsePortRange,
  portOwners,
} from "../codex/mod.ts";
import { finding, startOf } from "../report/mod.ts";
import { newAddresses } from "./addresses.ts";
import { candidateOf, planPort } from "./container.ts";
import type { ImportContext, Imported, ImportResult } from "./imported.ts";
import { givePorts } from "./ports.ts";
import { entryLine, type ImportReport, type Outcome, type ReportEntry } from "./report.ts";
import { resolve, type Resolved } from "./resolve.ts";
import type { Container, PlacedContainer } from "./setting.ts";
import { type Fields, settingsText, soulstoneText } from "./toml_text.ts";

/** The largest text of a Soulstone; its file also has a line that names the schema. */
const MAX_TEXT_BYTES = FILE_LIMIT_KIB * 1024 - 100;

/** Returns the ports that a Codex uses or reserves, and their owners. */
export function usedPorts(
  { settings, soulstones }: Pick<Codex, "settings" | "soulstones">,
): ReadonlyMap<number, string> {
  const range = parsePortRange(settings.sepulcher.reserve_ports ?? "");
  const { first, last } = range ?? { first: 0, last: -1 };
  const reserved = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return new Map([
    ...reserved.map((port) => [port, "`reserve_ports` of lychd.toml"] as const),
    ...portOwners({ settings, soulstones }).map(({ port, owner }) => [port, owner] as const),
  ]);
}

const DEFAULT_PORTS = usedPorts({ settings: lychdSchema.parse({}), soulstones: [] });

/** Turns containers into the Soulstones of a result. `path` is the file that errors refer to. */
export async function finishImport(containers: readonly Container[], { path, sources, ...given }: {
  readonly path: string;
  readonly sources: ReadonlyMap<string, string>;
  readonly bootCoven: string | undefined;
  /** The other fields of lychd.toml. */
  readonly settings?: Fields;
  readonly portals?: Imported["portals"];
  readonly context: ImportContext;
  readonly report: ImportReport;
  readonly input: Pick<Imported, "noun" | "total">;
}): Promise<ImportResult> {
  const plans = containers.map((container) => {
    const plan = planPort(container);
    return { container, plan, owner: `Soulstone \`${container.name}\``, wish: plan.wish };
  });
  const taken = new Map([...DEFAULT_PORTS, ...given.context.takenPorts]);
  const placed = givePorts(plans, taken).map(({ container, plan, ...port }): PlacedContainer => {
    return { container, plan, given: port, report: given.report.of(container.name) };
  });
  const withNewAddresses = newAddresses(placed);
  const candidates = placed.map((one) => {
    const container = withNewAddresses(one.container);
    return candidateOf(
      container === one.container ? one : {
        ...one,
        container,
        plan: planPort(container),
      },
    );
  });
  const result = await resolve(candidates, given.report);
  if ("tooLarge" in result) {
    const findings = [{ ...result.tooLarge, place: startOf(path) }];
    return { imported: undefined, findings, sources };
  }
  const report = given.report.entries();
  const soulstones = result.resolved.map((resolved) => commentedText(resolved, report));
  // The comments count too: a Codex refuses a file above the limit.
  const bytesOf = (text: string) => new TextEncoder().encode(text).length;
  if (soulstones.some(({ text }) => bytesOf(text) > MAX_TEXT_BYTES)) {
    const limit = `${FILE_LIMIT_KIB} KiB for one Soulstone`;
    const findings = [finding("import-too-large", startOf(path), { limit })];
    return { imported: undefined, findings, sources };
  }
  const fixed = containers.flatMap((container) => container.fixed);
  const slots = new Set(fixed.filter(({ path: [key] }) => key === "slot").map((f) => `${f.value}`));
  const { bootCoven, input } = given;
  const settings = settingsText({ boot_coven: bootCoven, ...given.settings });
  const { portals = [] } = given;
  const imported = { ...input, soulstones, portals, bootCoven, settings, slots, report };
  return { imported, findings: [], sources };
}

/** Returns the TOML of a Soulstone below comments with its lost and changed items. */
function commentedText({ name, fields, heading }: Resolved, report: readonly ReportEntry[]) {
  const section = (title: string, outcome: Outcome) => {
    const lines = report.filter((e) => e.soulstone === name && e.outcome === outcome)
      .map((entry) => `  ${entryLine(entry)}`);
    return lines.length === 0 ? [] : [title, ...lines];
  };
  const comments = [
    ...heading,
    ...section("Not carried over:", "lost"),
    ...section("Changed:", "changed"),
  ];
  return { name, text: soulstoneText(name, fields, comments) };
}
