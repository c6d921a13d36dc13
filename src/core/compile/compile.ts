import { type Codex, RUNES_LIMIT_MIB } from "../codex/mod.ts";
import { type Finding, finding, hasErrors, startOf } from "../report/mod.ts";
import {
  BOOT_DROP_IN,
  covenTarget,
  type Provenance,
  QUADLET_FOLDER,
  SEPULCHER,
  soulstoneUnit,
  SYSTEMD_FOLDER,
  VESSEL,
  WATCHERS_TARGET,
} from "../rune/mod.ts";
import { COVEN_COMMENTS, covenTargetOf } from "./coven_target.ts";
import { conflictsOf, covensOf } from "./covens.ts";
import { cycleFindings } from "./order.ts";
import { SEPULCHER_COMMENTS, sepulcherUnitOf } from "./sepulcher.ts";
import { SOULSTONE_COMMENTS, soulstoneUnitOf } from "./soulstone.ts";
import { type FileLayout, render } from "./templates.ts";
import { vesselFiles } from "./vessel.ts";
import { watcherFiles, watcherServices } from "./watchers/mod.ts";

/** One file that lychd writes. */
export interface Rune {
  /** Relative to `$XDG_CONFIG_HOME`. */
  readonly path: string;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
  /** The Codex place of each line that comes from the Codex. */
  readonly provenance: Provenance;
}

/** The place of lychd if nothing else is known. */
const INSTALLED = "/usr/local/bin/lychd";

/** The result of {@linkcode compile}. */
export interface Compiled {
  /** Sorted by path; empty when a finding is an error. */
  readonly runes: readonly Rune[];
  readonly findings: readonly Finding[];
}

/**
 * Compiles a Codex to the files that make systemd run it.
 *
 * The output depends on the Codex and `binary` alone: two runs give the same bytes. Every file is read back after it
 * was rendered, and refused unless it contains exactly the intended directives.
 *
 * @param binary The absolute path of lychd, which the Vessel starts.
 */
export async function compile(codex: Codex, binary = INSTALLED): Promise<Compiled> {
  const findings: Finding[] = [];
  const layouts = layOut(codex, binary, findings);
  if (hasErrors(findings)) return { runes: [], findings };
  const runes: Rune[] = [];
  let size = 0;
  // Each layout is freed as soon as it is a text: all layouts of a large Codex need much memory.
  for (let layout = layouts.pop(); layout !== undefined; layout = layouts.pop()) {
    const { path } = layout;
    const rendered = await render(layout);
    if ("wrong" in rendered) {
      const source = "source" in layout ? layout.source : "lychd.toml";
      findings.push(
        finding("rune-mismatch", startOf(source), { rune: path, line: rendered.wrong }),
      );
    } else {
      // Only the owner may read it, because `env` can contain passwords.
      runes.push({ path, mode: 0o600, ...rendered });
      size += rendered.text.length;
      if (size > RUNES_LIMIT_MIB * 2 ** 20) return tooLarge(codex, findings);
    }
  }
  if (hasErrors(findings)) return { runes: [], findings };
  return { runes: runes.sort((a, b) => a.path < b.path ? -1 : 1), findings };
}

/** Refuses a Codex whose units name too many others: in memory they take much more than the Codex. */
function tooLarge({ soulstones }: Codex, findings: readonly Finding[]): Compiled {
  const place = startOf(soulstones[0]?.file ?? "lychd.toml");
  const limit = `${RUNES_LIMIT_MIB} MiB of generated files`;
  return { runes: [], findings: [...findings, finding("codex-too-large", place, { limit })] };
}

/** Returns the findings of {@linkcode compile} without rendering, for a Codex that has other errors. */
export function findingsOf(codex: Codex, binary = INSTALLED): readonly Finding[] {
  const findings: Finding[] = [];
  layOut(codex, binary, findings);
  return findings;
}

/** Returns the layout of every file and adds the findings. */
function layOut(codex: Codex, binary: string, findings: Finding[]): FileLayout[] {
  const { settings, soulstones } = codex;
  const covens = covensOf(soulstones);
  const conflicts = conflictsOf(soulstones);
  findings.push(...cycleFindings(soulstones, conflicts));
  // Shared by all units, because each unit can name nearly all others.
  const services = soulstones.map(({ name, slot }) => {
    return { name, service: soulstoneUnit(name).service, slot };
  });
  const layouts: FileLayout[] = [{
    path: `${QUADLET_FOLDER}/${SEPULCHER.file}`,
    title: "LychD Sepulcher",
    source: "lychd.toml",
    unit: sepulcherUnitOf(codex),
    comments: SEPULCHER_COMMENTS,
  }];
  for (const soulstone of soulstones) {
    const { name } = soulstone;
    const excluded = new Set(conflicts.get(name));
    const { unit, findings: found } = soulstoneUnitOf(soulstone, {
      settings,
      defaultDevicesFrom: codex.settingsPlaceOf(["gpu", "default_devices"]),
      settingsKnown: !codex.settingsPartial,
      conflicts: services.filter((other) => excluded.has(other.name)),
      covens: covens.filter((c) => c.members.includes(name)).map((c) => c.name),
      otherCovens: covens.filter((c) => c.outsiders.includes(name)).map((c) => c.name),
    });
    findings.push(...found.filter((f) => !soulstone.partial || isCertain(f)));
    layouts.push({
      path: `${QUADLET_FOLDER}/${soulstoneUnit(name).file}`,
      title: `LychD Soulstone ${name}`,
      source: soulstone.file,
      unit,
      comments: SOULSTONE_COMMENTS,
    });
  }
  const watchers = watcherFiles(codex, covens);
  findings.push(...watchers.findings);
  layouts.push(...watchers.files);
  const vessel = vesselFiles(codex, binary);
  findings.push(...vessel.findings);
  layouts.push(...vessel.files);
  for (const coven of covens) {
    layouts.push({
      path: `${SYSTEMD_FOLDER}/${covenTarget(coven.name)}`,
      title: `LychD Coven ${coven.name}`,
      source: "the groups of soulstones/",
      unit: covenTargetOf(coven, covens),
      comments: COVEN_COMMENTS,
    });
  }
  const atBoot = [
    ...settings.boot_coven === undefined ? [] : [{
      text: covenTarget(settings.boot_coven),
      from: codex.settingsPlaceOf(["boot_coven"]),
    }],
    ...watcherServices(codex).length > 0 ? [{ text: WATCHERS_TARGET }] : [],
    ...settings.vessel.enabled
      ? [{ text: VESSEL.service, from: codex.settingsPlaceOf(["vessel", "enabled"]) }]
      : [],
  ];
  if (atBoot.length > 0) {
    layouts.push({
      path: `${SYSTEMD_FOLDER}/${BOOT_DROP_IN}`,
      title: "LychD: the units that start with the session",
      source: "lychd.toml",
      unit: { Unit: { Wants: atBoot } },
    });
  }
  return layouts;
}

/** Returns true if a finding of a Soulstone holds whatever its missing fields are. */
function isCertain(f: Finding): boolean {
  return f.severity === "error" && !/^(?:e\w+-port-differs|health-nothing)$/.test(f.code);
}
