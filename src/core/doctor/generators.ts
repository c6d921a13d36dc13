/** The programs that write CDI specifications: their commands, the names that they define, and their services. */
import { type Facts, linesOf } from "../facts.ts";
import { type Command, command, countOf } from "../report/mod.ts";
import {
  cdiFoldersOf,
  effectiveDevices,
  knownFolders,
  pathsIn,
  realPath,
  specsIn,
  STANDARD_FOLDERS,
} from "./read/cdi.ts";
import { gpusOf, isNvgpu, kfdTargetsOf, pciGpusOf } from "./read/gpus.ts";
import { distributionsOf, filesOf, isWsl, propertiesOf } from "./read/system.ts";
import { remedy } from "./remedies.ts";

const GPU = "nvidia.com/gpu";

/** The GPUs with a MIG mode (NVIDIA, "Multi-Instance GPU User Guide", Supported GPUs). */
const WITH_MIG = /\b(?:A30|A100|H\d{2,3}|GH200|G?B\d{3}|RTX PRO [56]000)(?!\w)/;

/** The modes of `nvidia-ctk cdi generate` for classes that are not GPUs (`pkg/nvcdi/mode.go` in its 1.20). */
const MODES: Readonly<Record<string, string>> = {
  gdrcopy: "gdrcopy",
  gds: "gds",
  "imex-channel": "imex",
  management: "management",
  mofed: "mofed",
  nvswitch: "nvswitch",
};

/**
 * Returns the command that regenerates a specification with the tool of its vendor. A tool may write several
 * files; the command never defines the devices of another file again.
 */
export function regenerate(facts: Facts, path: string): Command {
  const file = specsIn(facts, knownFolders(facts)).find((other) => other.path === path);
  const kind = file?.kind ?? (/\/nvidia(?:-container-toolkit)?\.\w+$/.test(path) ? GPU : "");
  const [vendor = "", kindClass = ""] = kind.split("/");
  if (vendor === "nvidia.com" || vendor === "management.nvidia.com") {
    const generated = generateNvidia(facts, kind, path);
    if (generated !== undefined) return generated;
  }
  if (kind === "amd.com/gpu") return remedy(facts, "generateAmd", { path });
  if (vendor === "intel.com") return generateIntel(facts, kindClass, file?.folder);
  return command`sudo rm ${path}    # then regenerate it with the tool that wrote it`;
}

function generateIntel(facts: Facts, kindClass: string, folder = "/etc/cdi"): Command {
  // The kind gpu-mei is written with gpu (`pkg/gpu/cdihelpers` in Intel's resource drivers 0.10).
  const device = kindClass === "npu" || kindClass === "gaudi" ? kindClass : "gpu";
  const options = folder === "/etc/cdi" ? [] : [`--cdi-dir=${folder}`];
  return remedy(facts, "generateIntel", { options: [...options, device] });
}

/** Returns the command that writes the specification of a kind with nvidia-ctk, if it can. */
function generateNvidia(facts: Facts, kind: string, path: string): Command | undefined {
  const [vendor = "", kindClass = ""] = kind.split("/");
  const isCoherent = /^gpu\.(?:non)?coherent$/.test(kindClass);
  // These are written beside the file of all GPUs, as `nvidia.coherent.yaml` (1.18 does so only with the flag).
  const output = isCoherent ? path.replace(/\.(?:non)?coherent(?=\.\w+$)/, "") : path;
  const options = isCoherent ? ["--feature-flag=enable-coherent-annotations"] : [];
  if (kind === GPU || isCoherent) {
    const service = nvidiaService(facts);
    const isOfService = service !== undefined && service.works &&
      realPath(service.output) === realPath(output);
    return isOfService && !isCoherent
      ? remedy(facts, "refreshNvidia")
      : remedy(facts, "generateNvidia", { options: [...options, `--output=${output}`] });
  }
  const mode = vendor === "nvidia.com" ? MODES[kindClass] : "management";
  if (mode === undefined) return undefined;
  return command`sudo nvidia-ctk cdi generate ${[
    `--mode=${mode}`,
    ...vendor === "nvidia.com" ? [] : [`--vendor=${vendor}`],
    ...kindClass === "gpu" ? [] : [`--class=${kindClass}`],
    `--output=${path}`,
  ]}`;
}

/**
 * Returns the command that writes a specification without the groups of device nodes, which need CDI 0.7.0
 * (since nvidia-ctk 1.19).
 */
export function generateWithoutGroups(facts: Facts, path: string): Command {
  const flag = "no-additional-gids-for-device-nodes";
  const service = nvidiaService(facts);
  return service !== undefined && realPath(service.output) === realPath(path)
    ? command`echo NVIDIA_CTK_CDI_GENERATE_FEATURE_FLAGS=${flag} | sudo tee -a ${REFRESH_SETTINGS} && ${
      remedy(facts, "refreshNvidia")
    }`
    : remedy(facts, "generateNvidia", { options: [`--feature-flag=${flag}`, `--output=${path}`] });
}

/** Returns the command that writes the first specification of a kind; undefined if its tool is not installed. */
export function defineKind(facts: Facts, kind: string): Command | undefined {
  const [vendor = "", kindClass = ""] = kind.split("/");
  const { read } = cdiFoldersOf(facts);
  const folder = read.includes("/etc/cdi") ? "/etc/cdi" : read.at(-1) ?? "/etc/cdi";
  if (kind === GPU && filesOf(facts, "nvidia-ctk").size === 0) {
    return remedy(facts, "installNvidiaToolkit");
  }
  if (vendor === "nvidia.com" || vendor === "management.nvidia.com") {
    const service = nvidiaService(facts);
    const isRead = service !== undefined &&
      read.some((other) => realPath(service.output).startsWith(`${realPath(other)}/`));
    if (kind === GPU && service?.works && isRead) return remedy(facts, "refreshNvidia");
    const name = kind === GPU ? "nvidia" : `nvidia-${kindClass}`;
    const generated = generateNvidia(facts, kind, `${folder}/${name}.yaml`);
    if (generated !== undefined) return generated;
  }
  if (kind === "amd.com/gpu") {
    return isInstalled(facts, "amd-ctk")
      ? remedy(facts, "generateAmd", { path: `${folder}/amd.json` })
      : undefined;
  }
  if (vendor === "intel.com") {
    return isInstalled(facts, "intel-cdi-specs-generator")
      ? generateIntel(facts, kindClass, folder)
      : undefined;
  }
  return command`grep -l ${kind} ${knownFolders(facts).map((other) => command`${other}/*`)}`;
}

/** The paths of the programs that write specifications. */
export const GENERATOR_PATHS = [
  "/usr/bin/nvidia-ctk",
  "/run/current-system/sw/bin/nvidia-ctk",
  ...["amd-ctk", "intel-cdi-specs-generator"].flatMap((name) =>
    ["/usr/bin", "/usr/local/bin"].map((folder) => `${folder}/${name}`)
  ),
];

/** Returns true if a program that writes specifications is installed. */
function isInstalled(facts: Facts, name: string): boolean {
  return [...filesOf(facts, "nvidia-ctk").keys()].some((path) => path.endsWith(`/${name}`));
}

/** The variable with the file that nvidia-cdi-refresh.service writes, in its unit or {@linkcode REFRESH_SETTINGS}. */
export const REFRESH_OUTPUT = "NVIDIA_CTK_CDI_OUTPUT_FILE_PATH";

/** The settings of nvidia-cdi-refresh.service. */
export const REFRESH_SETTINGS = "/etc/nvidia-container-toolkit/nvidia-cdi-refresh.env";

/** The service that writes NVIDIA's specification at boot. */
export interface NvidiaService {
  /** The unit that keeps the file up to date. */
  readonly name: string;
  readonly output: string;
  /** True if the facts include the settings, so that `output` is certain. */
  readonly isKnown: boolean;
  /** The units that are not enabled, with their states. */
  readonly off: ReadonlyMap<string, string>;
  /** False after a start whose condition failed: the next one would fail too. */
  readonly works: boolean;
}

/** Returns the service of NVIDIA's toolkit (since 1.18) or of NixOS, if the host has one. */
export function nvidiaService(facts: Facts): NvidiaService | undefined {
  const ofNixos = `${STANDARD_FOLDERS[1]}/nvidia-container-toolkit.json`;
  if (
    distributionsOf(facts).includes("nixos") && pathsIn(facts, STANDARD_FOLDERS).includes(ofNixos)
  ) {
    const name = "nvidia-container-toolkit-cdi-generator.service";
    return { name, output: ofNixos, isKnown: true, off: new Map(), works: true };
  }
  const units = propertiesOf(facts, "nvidia-refresh");
  const name = "nvidia-cdi-refresh.path";
  const names = [name, "nvidia-cdi-refresh.service"];
  const service = units.get("nvidia-cdi-refresh.service");
  if (!/^(?:loaded|masked)$/.test(service?.get("LoadState") ?? "")) return undefined;
  const settings = [
    service?.get("Environment") ?? "",
    ...linesOf(facts, "nvidia-refresh-settings"),
  ];
  const set = settings.flatMap((line) =>
    /\bNVIDIA_CTK_CDI_OUTPUT_FILE_PATH=["']?([^\s"']+)/.exec(line)?.[1] ?? []
  );
  return {
    name,
    output: set.at(-1) ?? `${STANDARD_FOLDERS[1]}/nvidia.yaml`,
    isKnown: facts.commands["nvidia-refresh-settings"] !== undefined,
    off: new Map(
      names.map((name) => [name, units.get(name)?.get("UnitFileState") || "disabled"] as const)
        .filter(([, state]) => state !== "enabled"),
    ),
    works: service?.get("Result") !== "exec-condition",
  };
}

/** Returns the names of devices that the tool of a vendor defines on this host; empty if they are unknown. */
function definableNames(facts: Facts, kind: string): readonly string[] {
  const nvidia = gpusOf(facts).filter(({ vendor }) => vendor === "NVIDIA");
  if (kind === GPU && isWsl(facts)) return ["all"];
  if (kind === GPU && nvidia.length > 0) {
    return [...nvidia.flatMap(({ index, uuid }) => [`${index}`, uuid ?? ""]), "all"];
  }
  const targets = kfdTargetsOf(facts);
  if (kind === "amd.com/gpu" && targets.length > 0) return [...targets.keys().map(String), "all"];
  const intel = pciGpusOf(facts).filter(({ vendor }) => vendor === "Intel");
  return kind === "intel.com/gpu" ? intel.map(({ address, id }) => intelName(address, id)) : [];
}

/** Returns the name of an Intel GPU, such as `0000-03-00-0-0xe20b` for `8086:E20B` at 0000:03:00.0. */
function intelName(address: string, id: string): string {
  return `${address.replace(/[:.]/g, "-")}-0x${id.slice(-4).toLowerCase()}`;
}

/**
 * Returns the reason why the tool of a vendor never defines a device on this host, and the names that the
 * Codex can use instead. Returns undefined if it may define the device.
 */
export function neverDefined(
  facts: Facts,
  device: string,
): { readonly reason: string; readonly instead: readonly string[] } | undefined {
  const [kind = "", name = ""] = device.split("=");
  const present = [...effectiveDevices(facts).devices.keys()]
    .filter((other) => other.startsWith(`${kind}=`));
  const names = definableNames(facts, kind);
  const reason = reasonAgainst(facts, { kind, name, names, present });
  if (reason === undefined) return undefined;
  const possible = names.filter((other) => /^[\w-]+$/.test(other)).map((other) =>
    `${kind}=${other}`
  );
  return { reason, instead: present.length > 0 ? present : possible };
}

function reasonAgainst(
  facts: Facts,
  { kind, name, names, present }: {
    readonly kind: string;
    readonly name: string;
    readonly names: readonly string[];
    readonly present: readonly string[];
  },
): string | undefined {
  if (kind === GPU && present.some((other) => other.startsWith(`${kind}=${name}:`))) {
    return `GPU ${name} is in MIG mode, so only its instances have names`;
  }
  if (kind === "intel.com/gpu" && name === "all") {
    return "Intel's generator names each GPU by its PCI address, and defines no device all";
  }
  if (names.length === 0 || names.includes(name)) return undefined;
  if (kind === GPU) {
    const [gpu] = /^\d+(?=:\d+$)/.exec(name) ?? [];
    const model = gpusOf(facts).find(({ index }) => String(index) === gpu)?.name;
    if (model !== undefined && !WITH_MIG.test(model)) return `${model} has no MIG mode`;
    if (isWsl(facts)) return "on WSL nvidia-ctk defines only the device all";
    const [, index] = /^(\d+)(?::\d+)?$/.exec(name) ?? [];
    if (index !== undefined) {
      // A Tegra may have a second GPU, which nvidia-smi may not list.
      return names.includes(index) || isNvgpu(facts)
        ? undefined
        : `this host has no GPU ${index}: nvidia-smi lists ${
          countOf((names.length - 1) / 2, "GPU")
        }`;
    }
    if (name.startsWith("MIG-")) return undefined;
    return name.startsWith("GPU-")
      ? "no GPU of this host has this UUID"
      : "nvidia-ctk names GPUs by number and by UUID";
  }
  if (kind === "amd.com/gpu") {
    return `amd-ctk numbers GPUs, and this host has ${countOf(names.length - 1, "GPU")}`;
  }
  // Its first releases used the names of cards.
  return /^card\d+$/.test(name) ? undefined : "no Intel GPU of this host has this PCI address";
}
