import {
  entryJson,
  importLlamaSwap,
  importQuadlet,
  reportText,
  usedPorts,
} from "../core/import/mod.ts";
import { formatReport } from "../core/report/frame.ts";
import { printable } from "../core/report/printable.ts";
import { shellWord } from "../core/report/shell.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { printJson } from "../run/say.ts";
import { targetAt, writeImported } from "../scaffold/import_target.ts";
import { surveyHost } from "../scaffold/survey.ts";
import { findingJson } from "../units/codex.ts";
import { readConfiguration, readUnits } from "../units/import_files.ts";

type ImportInvocation = Extract<Invocation, { command: "import" }>;

/**
 * `lychd import`: converts a configuration of another program to a Codex. Prints it or writes it to a
 * folder, and prints the import report on stderr.
 */
export async function importConfiguration(
  invocation: ImportInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  const { from, json, all } = invocation;
  const { host, folders: { imports, output, runtime, config }, terminal, user } = context;
  const target = targetAt(host, output);
  const soulstones = target.codex?.soulstones ?? [];
  const importContext = {
    home: context.environment["HOME"],
    runtime,
    config,
    user,
    takenPorts: target.codex === undefined ? new Map() : usedPorts(target.codex),
    takenGroups: new Set(soulstones.flatMap(({ groups }) => groups)),
    // Units name their images.
    vendor: from === "llama-swap" ? await vendorOf(context) : undefined,
    variables: new Map(invocation.from === "llama-swap" ? invocation.variables : []),
  };
  const { imported, findings, sources } = invocation.from === "llama-swap"
    ? await importLlamaSwap(
      await readConfiguration(host, imports, terminal.readAll),
      new Map(invocation.images),
      importContext,
    )
    : await importQuadlet(readUnits(host, imports), importContext);
  const palette = terminal.errPalette;
  terminal.err(formatReport(findings, { sources, prefix: "", palette }));
  if (imported === undefined) {
    if (json) printJson(context, { findings: findings.map(findingJson) });
    return EXIT.failure;
  }
  const written = output === undefined ? [] : writeImported(context, output, imported, target);
  terminal.err(reportText(imported, { all, palette }));
  const { bootCoven, settings, report } = imported;
  if (json) {
    printJson(context, {
      soulstones: imported.soulstones.map(({ name, text }) => ({ name, toml: text })),
      portals: imported.portals.map(({ name, text }) => ({ name, toml: text })),
      ...bootCoven === undefined ? {} : { boot_coven: bootCoven },
      lychd_toml: settings,
      written,
      notes: report.map(entryJson),
    });
  } else if (output === undefined) {
    terminal.out(imported.soulstones.map(({ text }) => text).join("\n"));
  } else terminal.out(written.map((path) => `${printable(path)}\n`).join(""));
  const areSettingsWritten = written.some((path) => path.endsWith("/lychd.toml"));
  const settingLines = settings.split("\n").filter((line) => line !== "");
  const hints = [
    ...settingLines.length === 0 || areSettingsWritten ? [] : [
      settingLines.length === 1
        ? `add to lychd.toml: ${settingLines[0]}`
        : ["add to lychd.toml:", ...settingLines.map((line) => `  ${line}`)],
    ],
    ...(output === undefined ? imported.portals : []).map(({ name, text }) => [
      `add as portals/${name}.toml:`,
      ...text.trimEnd().split("\n").map((line) => `  ${line}`),
    ]),
    ...soulstones.length === 0
      ? []
      : imported.slots.size > 0 && soulstones.some(({ slot }) => slot !== undefined)
      ? [
        "the new Soulstones may run beside the existing ones of other slots; check with lychd covens",
      ]
      : ["the new Soulstones share no group with the existing ones, so they exclude each other"],
    ...output === undefined ? [] : [`lychd check --codex ${shellWord(output)}`],
  ];
  const lines = hints.flatMap((hint) => {
    const [first = "", ...more] = [hint].flat();
    return [`hint: ${first}`, ...more];
  });
  terminal.err(lines.map((line) => `${printable(line)}\n`).join(""));
  return EXIT.ok;
}

/** Returns the maker of the GPUs of this host. Only the report is on stderr, even if a program is slow. */
async function vendorOf(context: CommandContext) {
  const terminal = { ...context.terminal, err: () => {} };
  return (await surveyHost({ ...context, terminal })).vendor;
}
