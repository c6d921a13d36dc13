import type { Facts } from "../../facts.ts";
import { type Command, command } from "../../report/mod.ts";
import { installToolkit } from "../fixes.ts";
import { type CdiFile, cdiFoldersOf, knownFolders, specsIn } from "../read/cdi.ts";
import { filesOf, isWsl, osOf, propertiesOf } from "../read/system.ts";

/** Returns the command that regenerates a specification, with the tool of its vendor if it is known. */
export function regenerate(facts: Facts, path: string): Command {
  const file = specsIn(facts, knownFolders(facts)).find((other) => other.path === path);
  const kind = file?.spec?.kind;
  if (kind === undefined ? /nvidia/.test(path) : kind.startsWith("nvidia.com/")) {
    return generateNvidia(facts, path);
  }
  if (kind?.startsWith("amd.com/")) return command`sudo amd-ctk cdi generate --output=${path}`;
  if (kind?.startsWith("intel.com/")) return command`sudo intel-cdi-specs-generator gpu`;
  return command`sudo rm ${path}    # then regenerate it with the tool that wrote it`;
}

/** Returns the command that generates NVIDIA's specification, with NVIDIA's own service if possible. */
export function generateNvidia(facts: Facts, path: string | undefined): Command {
  const service = propertiesOf(facts, "nvidia-refresh").get("nvidia-cdi-refresh.service");
  const isOfService = path === undefined || /^\/(?:var\/)?run\/cdi\/nvidia\.yaml$/.test(path);
  // After `exec-condition` the condition would fail again.
  const works = service?.get("LoadState") === "loaded" &&
    service.get("Result") !== "exec-condition";
  if (isOfService && works) return command`sudo systemctl restart nvidia-cdi-refresh.service`;
  const mode = isWsl(facts) ? ["--mode=wsl"] : [];
  const { read } = cdiFoldersOf(facts);
  const folder = read.includes("/etc/cdi") ? "/etc/cdi" : read.at(-1) ?? "/etc/cdi";
  const output = `--output=${path ?? `${folder}/nvidia.yaml`}`;
  return command`sudo nvidia-ctk cdi generate ${[...mode, output]}`;
}

/** Returns the command that generates the first specification of a kind. */
export function defineKind(facts: Facts, kind: string): Command {
  if (kind === "nvidia.com/gpu") {
    return filesOf(facts, "nvidia-ctk").size > 0
      ? generateNvidia(facts, undefined)
      : installToolkit(osOf(facts));
  }
  if (kind === "amd.com/gpu") return command`sudo amd-ctk cdi generate --output=/etc/cdi/amd.json`;
  if (kind === "intel.com/gpu") return command`sudo intel-cdi-specs-generator gpu`;
  return command`grep -l ${kind} ${knownFolders(facts).map((folder) => command`${folder}/*`)}`;
}

/** Returns the command that keeps one of several files: the one with most devices, or nvidia-ctk's. */
export function removeRivals(files: readonly CdiFile[]): Command {
  const worth = ({ path, spec }: CdiFile) =>
    (spec?.devices.length ?? 0) * 2 + Number(path.endsWith("/nvidia.yaml"));
  const [, ...others] = files.toSorted((a, b) => worth(b) - worth(a));
  return command`sudo rm ${files.filter((file) => others.includes(file)).map(({ path }) => path)}`;
}

/** Returns the command that sets the folders of Podman. The last file of the user's folder wins. */
export function readFolders(folders: readonly string[]): Command {
  const list = folders.map((folder) => JSON.stringify(folder)).join(", ");
  const lines = `[engine]\\ncdi_spec_dirs = [${list}]\\n`;
  const settings = command`~/.config/containers/containers.conf.d`;
  return command`mkdir -p ${settings} && printf ${lines} > ${settings}/zz-cdi.conf`;
}
