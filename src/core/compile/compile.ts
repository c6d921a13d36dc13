import type { Codex } from "../codex/mod.ts";
import { type Finding, finding, hasErrors, startOf } from "../report/mod.ts";
import {
  BOOT_DROP_IN,
  covenTarget,
  QUADLET_FOLDER,
  SEPULCHER,
  soulstoneUnit,
  SYSTEMD_FOLDER,
  WATCHERS_TARGET,
} from "../rune/mod.ts";
import { bootUnitOf, covenTargetOf } from "./coven_target.ts";
import { conflictsOf, type Coven, covensOf } from "./covens.ts";
import { type Rune, RUNE_MODE } from "./rune.ts";
import { sepulcherUnitOf } from "./sepulcher.ts";
import { soulstoneUnitOf } from "./soulstone.ts";
import { type FileLayout, render } from "./templates.ts";
import { watcherFiles, watcherServices } from "./watchers/mod.ts";

/** What {@linkcode compile} makes of a Codex. */
export interface Compiled {
  /** Sorted by path; empty when a finding is an error. */
  readonly runes: readonly Rune[];
  readonly findings: readonly Finding[];
}

/**
 * Compiles a Codex to the files that make systemd run it. Of a Codex with faults it finds those that
 * only show when it is compiled.
 *
 * Output is a function of the Codex alone: two runs give the same bytes. Every file is read back
 * after it was rendered, and refused unless it says exactly what was meant.
 */
export async function compile(codex: Codex): Promise<Compiled> {
  const findings: Finding[] = [];
  const layouts = layOut(codex, findings);
  if (hasErrors(findings)) return { runes: [], findings };
  const runes: Rune[] = [];
  // The last first, each let go once it is a text: all together they would be much larger.
  for (let layout = layouts.pop(); layout !== undefined; layout = layouts.pop()) {
    const { path } = layout;
    const rendered = await render(layout);
    if ("wrong" in rendered) {
      const source = "source" in layout ? layout.source : "lychd.toml";
      findings.push(
        finding("rune-mismatch", startOf(source), { rune: path, line: rendered.wrong }),
      );
    } else {
      runes.push({ path, mode: RUNE_MODE, ...rendered });
    }
  }
  if (hasErrors(findings)) return { runes: [], findings };
  return { runes: runes.sort((a, b) => a.path < b.path ? -1 : 1), findings };
}

/** The faults that {@linkcode compile} would find before it renders: for a Codex that has others. */
export function faultsOf(codex: Codex): readonly Finding[] {
  const findings: Finding[] = [];
  layOut(codex, findings);
  return findings;
}

/** Every file that a Codex makes, before it is rendered. */
function layOut(codex: Codex, findings: Finding[]): FileLayout[] {
  const { settings, soulstones } = codex;
  const covens = covensOf(soulstones);
  const conflicts = conflictsOf(soulstones);
  // Each name stands in the units of nearly all others: as one text, not as one for each.
  const rivals = soulstones.map(({ name }) => ({ name, service: soulstoneUnit(name).service }));
  const layouts: FileLayout[] = [{
    path: `${QUADLET_FOLDER}/${SEPULCHER.file}`,
    template: "sepulcher.pod",
    title: "LychD Sepulcher",
    source: "lychd.toml",
    unit: sepulcherUnitOf(codex),
  }];
  for (const soulstone of soulstones) {
    const { name } = soulstone;
    const excluded = new Set(conflicts.get(name));
    const made = soulstoneUnitOf(soulstone, {
      conflicts: rivals.filter((rival) => excluded.has(rival.name)),
      covens: covens.filter((c) => c.members.includes(name)).map((c) => c.name),
      foreignCovens: covens.filter((c) => c.outsiders.includes(name)).map((c) => c.name),
      settingsKnown: !codex.settingsPartial,
      defaultDevices: settings.gpu.default_devices,
      waitForNetwork: settings.wait_for_network,
      hasHarvester: settings.harvester.enabled,
      shmSizeMib: settings.sepulcher.shm_size_mib,
    });
    findings.push(...made.findings.filter((f) => !soulstone.partial || isSureOfPart(f)));
    layouts.push({
      path: `${QUADLET_FOLDER}/${soulstoneUnit(name).file}`,
      template: "soulstone.container",
      title: `LychD Soulstone ${name}`,
      source: soulstone.file,
      unit: made.unit,
      passed: made.passed,
    });
  }
  const watchers = watcherFiles(codex, covens);
  findings.push(...watchers.findings);
  return [
    ...layouts,
    ...watchers.files,
    ...covenLayouts(covens),
    ...bootLayouts(settings.boot_coven, watcherServices(codex).length > 0),
  ];
}

/** Whether a fault of a Soulstone is one whatever the fields are that it lacks. */
function isSureOfPart(f: Finding): boolean {
  return f.severity === "error" && f.code !== "exec-port-differs" && f.code !== "health-nothing";
}

function covenLayouts(covens: readonly Coven[]): FileLayout[] {
  return covens.map((coven) => ({
    path: `${SYSTEMD_FOLDER}/${covenTarget(coven.name)}`,
    template: "coven.target" as const,
    title: `LychD Coven ${coven.name}`,
    source: "the groups of soulstones/",
    unit: covenTargetOf(coven, covens),
  }));
}

/** What starts with the user's session: a Coven if one is named, and the Watchers. */
function bootLayouts(bootCoven: string | undefined, hasWatchers: boolean): FileLayout[] {
  const targets = [
    ...bootCoven === undefined ? [] : [covenTarget(bootCoven)],
    ...hasWatchers ? [WATCHERS_TARGET] : [],
  ];
  return targets.length === 0 ? [] : [{
    path: `${SYSTEMD_FOLDER}/${BOOT_DROP_IN}`,
    template: "boot.conf",
    title: "LychD: what starts with the session",
    source: "lychd.toml",
    unit: bootUnitOf(targets),
  }];
}
