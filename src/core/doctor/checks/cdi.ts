import type { Facts } from "../../facts.ts";
import { type Command, command } from "../../report/mod.ts";
import { skipped, type Subject } from "../check.ts";
import { type CdiFile, cdiFoldersOf, knownFolders, specsIn } from "../read/cdi.ts";
import { hasNvidia } from "../read/gpus.ts";
import { propertiesOf } from "../read/units.ts";
import { isWsl } from "../read/os.ts";

/** The CDI names that the Codex asks for. */
export function wanted({ wants }: Subject): string[] {
  return wants.devices.filter((device) => !device.startsWith("/"));
}

/** Whether nothing here has to do with CDI. */
export function isIdle(subject: Subject): boolean {
  return wanted(subject).length === 0 && !hasNvidia(subject.facts) &&
    specsIn(subject.facts, knownFolders(subject.facts)).length === 0;
}

/** What a check says where nothing has to do with CDI. */
export const IDLE = skipped("no specification, and nothing asks for one");

/** Names without their kind, at most four of them. */
export function deviceNames(devices: readonly string[]): string {
  const shown = devices.map((device) => device.slice(device.indexOf("=") + 1));
  return shown.length > 4
    ? `${shown.slice(0, 3).join(", ")} … ${shown.length} devices`
    : shown.join(", ");
}

/** The command that writes a specification anew: by the tool of its vendor, where that is known. */
export function regenerate(facts: Facts, path: string): Command {
  const file = specsIn(facts, knownFolders(facts)).find((other) => other.path === path);
  const kind = file?.spec?.kind;
  if (kind === undefined ? /nvidia/.test(path) : kind.startsWith("nvidia.com/")) {
    return generateNvidia(facts, path);
  }
  if (kind?.startsWith("amd.com/")) {
    return command`sudo amd-ctk cdi generate --output=${path}`;
  }
  if (kind?.startsWith("intel.com/")) return command`sudo intel-cdi-specs-generator gpu`;
  return command`sudo rm ${path}    # then let the tool that wrote it write it anew`;
}

/** The command that writes NVIDIA's specification; where their service does so, it shall. */
export function generateNvidia(facts: Facts, path: string | undefined): Command {
  const service = propertiesOf(facts, "nvidia-refresh").get("nvidia-cdi-refresh.service");
  const isTheirs = path === undefined || /^\/(?:var\/)?run\/cdi\/nvidia\.yaml$/.test(path);
  // Its condition would pass it over again.
  const works = service?.get("LoadState") === "loaded" &&
    service.get("Result") !== "exec-condition";
  if (isTheirs && works) {
    return command`sudo systemctl restart nvidia-cdi-refresh.service`;
  }
  const mode = isWsl(facts) ? ["--mode=wsl"] : [];
  const { read } = cdiFoldersOf(facts);
  const folder = read.includes("/etc/cdi") ? "/etc/cdi" : read.at(-1) ?? "/etc/cdi";
  const output = `--output=${path ?? `${folder}/nvidia.yaml`}`;
  return command`sudo nvidia-ctk cdi generate ${[...mode, output]}`;
}

/** The command that leaves one of several files: the one with most devices, first nvidia-ctk's. */
export function removeRivals(files: readonly CdiFile[]): Command {
  const worth = ({ path, spec }: CdiFile) =>
    (spec?.devices.length ?? 0) * 2 + (path.endsWith("/nvidia.yaml") ? 1 : 0);
  const kept = [...files].sort((a, b) => worth(b) - worth(a))[0];
  const others = files.filter((file) => file !== kept);
  return command`sudo rm ${others.map(({ path }) => path)}`;
}
