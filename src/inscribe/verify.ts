import { basename, dirname, join } from "node:path/posix";
import type { Rune } from "../core/compile/mod.ts";
import { parseGeneratorOutput, serviceOf, SYSTEMD_FOLDER, unitOf } from "../core/rune/mod.ts";
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
): Promise<string[]> {
  const { host, programs } = context;
  const { generator } = programs;
  if (generator === undefined) return ["there is no Quadlet generator"];
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
    if (dropped.length > 0) return dropped.map((file) => `${file}: ${complaintOf(stderr, file)}`);
    return await verifyPlain(host, programs.systemdAnalyze, stage, runes, services);
  } finally {
    clearFolder(host, stage);
  }
}

/**
 * Makes an empty stage. Everybody may be able to make a folder of that name: so it is checked before it
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

/** Verifies plain units, together with the services that they refer to. */
async function verifyPlain(
  host: Host,
  systemdAnalyze: string | undefined,
  stage: string,
  runes: readonly Rune[],
  services: ReadonlyMap<string, string>,
): Promise<string[]> {
  const plain = runes.map(({ path }) => path)
    .filter((path) => dirname(path) === SYSTEMD_FOLDER && unitOf(path) !== undefined);
  if (systemdAnalyze === undefined || plain.length === 0) return [];
  const folder = join(stage, SYSTEMD_FOLDER);
  for (const [name, text] of services) host.create(join(folder, name), text, 0o600);
  const { code, stdout, stderr } = await host.run(
    systemdAnalyze,
    ["--user", "verify", "--man=no", ...plain.map((path) => join(stage, path))],
    { SYSTEMD_UNIT_PATH: `${folder}:` },
  );
  // It exits with 0 for a directive that it ignores, so its output decides.
  const said = `${stdout}${stderr}`.split("\n")
    .filter((line) => plain.some((path) => line.includes(`${basename(path)}:`)));
  if (said.length > 0) return said.map((line) => line.replaceAll(`${folder}/`, ""));
  return code === 0 ? [] : [`systemd-analyze verify failed with ${code}: ${stderr.trim()}`];
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
