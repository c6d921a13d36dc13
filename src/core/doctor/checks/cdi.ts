import type { Facts } from "../../facts.ts";
import { shellWord } from "../../report/mod.ts";
import { skipped, type Subject } from "../check.ts";
import { type CdiFile, knownFolders, specsIn } from "../read/cdi.ts";
import { hasNvidia } from "../read/gpus.ts";
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

/** The command that writes a specification anew: NVIDIA's own, where it is theirs. */
export function regenerate(facts: Facts, path: string | undefined): string {
  const mode = isWsl(facts) ? " --mode=wsl" : "";
  const kind = path === undefined
    ? "nvidia.com/gpu"
    : specsIn(facts, knownFolders(facts)).find((file) => file.path === path)?.spec?.kind;
  if (kind !== undefined && kind.startsWith("amd.com/")) {
    return `sudo amd-ctk cdi generate --output=${shellWord(path ?? "/etc/cdi/amd.json")}`;
  }
  if (kind !== undefined && kind.startsWith("intel.com/")) {
    return "sudo intel-cdi-specs-generator gpu";
  }
  const isTheirs = kind?.startsWith("nvidia.com/") ?? /nvidia/.test(path ?? "");
  if (!isTheirs) {
    return `sudo rm ${shellWord(path ?? "")}    # then let the tool that wrote it write it anew`;
  }
  return `sudo nvidia-ctk cdi generate${mode} --output=${
    shellWord(path ?? "/etc/cdi/nvidia.yaml")
  }`;
}

/** The command that leaves one of several files of one folder: the one that nvidia-ctk writes. */
export function removeRivals(files: readonly CdiFile[]): string {
  const kept = files.find(({ path }) => path.endsWith("/nvidia.yaml")) ?? files[0];
  const others = files.filter((file) => file !== kept);
  return `sudo rm ${others.map(({ path }) => shellWord(path)).join(" ")}`;
}
