import { basename, dirname, join } from "node:path/posix";
import type { Rune } from "../core/compile/compile.ts";
import type { Complaints } from "../core/compile/complaints.ts";
import { serviceOf, SYSTEMD_FOLDER, unitOf } from "../core/rune/names.ts";
import { parseGeneratorOutput } from "../core/rune/unit.ts";
import type { Host } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { refuseUntrustedFolders } from "../trust/path.ts";

/**
 * Verifies Runes in the stage folder: the real generator must write a service for each unit, and
 * systemd-analyze must find no problem in the plain ones. Refuses a stage that another user can change.
 *
 * @returns the problems, each with the name of its unit.
 */
export async function verifyOnStage(
  context: CommandContext,
  stage: string,
  runes: readonly Rune[],
): Promise<Complaints> {
  const { host, programs } = context;
  const { generator } = programs;
  if (generator === undefined) {
    return { refused: ["there is no Quadlet generator"], ignored: [], services: new Map() };
  }
  makeStage(context, stage);
  try {
    for (const { path, text, mode } of runes) {
      const place = join(stage, path);
      host.makeFolder(dirname(place));
      host.create(place, text, mode);
    }
    const env = { QUADLET_UNIT_DIRS: join(stage, "containers/systemd") };
    const { stdout, stderr } = await host.run(generator, ["-dryrun", "-user"], env);
    const services = parseGeneratorOutput(stdout);
    const dropped = runes.map(({ path }) => basename(path)).filter((file) => {
      const service = serviceOf(file);
      return service !== undefined && !services.has(service);
    });
    if (dropped.length > 0) {
      const refused = dropped.map((file) => `${file}: ${complaintOf(stderr, file)}`);
      return { refused, ignored: [], services };
    }
    const plain = await verifyPlain(host, programs.systemdAnalyze, stage, runes, services);
    return { ...plain, services };
  } finally {
    clearFolder(host, stage);
  }
}

/**
 * Makes an empty stage. Any user may be able to make a folder of that name, so it is checked before it
 * is used, and again when no other user can replace it.
 */
function makeStage(context: CommandContext, stage: string): void {
  const { host } = context;
  const ours = join(basename(dirname(stage)), basename(stage), "x");
  const check = () => refuseUntrustedFolders(context, dirname(dirname(stage)), [ours]);
  check();
  clearFolder(host, stage);
  host.makeFolder(stage);
  check();
}

/** Returns the line of the generator about a file. */
function complaintOf(stderr: string, file: string): string {
  const line = stderr.split("\n").find((l) => l.includes(file) && !l.includes("Loading"));
  return line?.replace(/^quadlet-generator\[\d+\]: /, "") ??
    "the Quadlet generator writes no service for it and gives no reason";
}

/** Starts all services, so that systemd-analyze loads those outside every Coven too. */
const ALL = "lychd-verify.target";

/** Verifies the plain units together with all generated services. */
async function verifyPlain(
  host: Host,
  systemdAnalyze: string | undefined,
  stage: string,
  runes: readonly Rune[],
  services: ReadonlyMap<string, string>,
): Promise<Omit<Complaints, "services">> {
  if (systemdAnalyze === undefined) return { refused: [], ignored: [] };
  const plain = runes.map(({ path }) => path)
    .filter((path) => dirname(path) === SYSTEMD_FOLDER && unitOf(path) !== undefined);
  const folder = join(stage, SYSTEMD_FOLDER);
  host.makeFolder(folder);
  for (const [name, text] of services) host.create(join(folder, name), text, 0o600);
  const wants = [...services.keys()].map((name) => `Wants=${name}\n`).join("");
  host.create(join(folder, ALL), `[Unit]\n${wants}`, 0o600);
  const { code, stdout, stderr } = await host.run(
    systemdAnalyze,
    [
      "--user",
      "verify",
      "--man=no",
      ...plain.map((path) => join(stage, path)),
      join(folder, ALL),
    ],
    { SYSTEMD_UNIT_PATH: `${folder}:` },
  );
  // It exits with 0 when it ignores a directive, so its output is read.
  const lines = `${stdout}${stderr}`.split("\n")
    .map((line) => line.replaceAll(`${folder}/`, "").replace(/^\/[^\s:]*\//, ""));
  const about = (unit: string) => lines.filter((line) => line.startsWith(`${unit}:`));
  const fatal = (service: string) => {
    const found = about(service);
    if (!found.some((line) => line.includes(": Unit configuration has fatal error"))) return [];
    // systemd names the cause with its line; other lines only repeat that the unit is not loaded.
    const causes = found.filter((line) => /^\S+:\d+: (?!Unknown )/.test(line));
    return causes.length > 0 ? causes : found;
  };
  const names = [...services.keys()];
  const refused = [...plain.flatMap((path) => about(basename(path))), ...names.flatMap(fatal)];
  const ignored = names.filter((name) => fatal(name).length === 0).flatMap(about);
  if (refused.length > 0 || code === 0) return { refused, ignored };
  return { refused: [`systemd-analyze verify failed with ${code}: ${stderr.trim()}`], ignored };
}

function clearFolder(host: Host, folder: string): void {
  if (host.lstat(folder)?.kind !== "folder") return;
  for (const name of host.list(folder)) {
    const path = join(folder, name);
    if (host.lstat(path)?.kind === "folder") clearFolder(host, path);
    else host.remove(path);
  }
  host.removeEmptyFolder(folder);
}
