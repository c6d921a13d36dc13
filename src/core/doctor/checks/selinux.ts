import { watchersOf } from "../../codex/mod.ts";
import { type Facts, outputOf } from "../../facts.ts";
import { type Command, command } from "../../report/mod.ts";
import {
  type Check,
  type CodexState,
  error,
  ok,
  skipped,
  type Subject,
  type Verdict,
  warning,
} from "../check.ts";
import { devicesOf, type NeededPath } from "../needs.ts";
import { gpusOf, type Vendor } from "../read/gpus.ts";
import {
  denialOf,
  isConfined,
  isLabelingOff,
  isNeverLabeled,
  isReadableByDefault,
  type Label,
  labelsOf,
  lackingBoolean,
  mayLabel,
  selinuxModeOf,
  storesLabels,
} from "../read/selinux.ts";
import { type FileFact, filesOf } from "../read/system.ts";
import { remedy } from "../remedies.ts";

/** The label that Podman gives files for the option `z`, and one that containers may only read. */
const SHARED = "system_u:object_r:container_file_t:s0";
const SHARED_READ_ONLY = "system_u:object_r:container_ro_file_t:s0";

const DENIED = "SELinux lets an engine read only files that are labelled for containers";

/** The devices of a host without a Codex. */
const DEVICES_OF_VENDOR: Readonly<Record<Vendor, readonly string[]>> = {
  NVIDIA: ["nvidia.com/gpu=all"],
  AMD: ["/dev/kfd", "/dev/dri"],
  Intel: ["/dev/dri"],
};

/** Checks that SELinux lets engines use their devices. */
export const DEVICE_ACCESS: Check = {
  id: "host.selinux",
  about: "SELinux lets engines use their devices",
  why: "the engine finds no GPU, even though the device nodes exist",
  run({ facts, codex }) {
    const mode = selinuxModeOf(facts);
    if (mode === undefined) return skipped("SELinux is not enabled");
    if (mode === "permissive") return ok("SELinux is permissive");
    if (isLabelingOff(facts)) {
      return ok("SELinux is enforcing, but containers.conf sets label=false");
    }
    const all = outputOf(facts, "selinux-devices");
    if (all?.startsWith("1")) return ok("SELinux is enforcing, container_use_devices is on");
    const devices = codex.kind === "none"
      ? gpusOf(facts).flatMap(({ vendor }) => DEVICES_OF_VENDOR[vendor])
      : confinedDevices(codex);
    if (devices.length === 0) {
      return ok("SELinux is enforcing, but confines no engine with a device");
    }
    if (all === undefined) {
      return warning(
        "SELinux is enforcing, but its policy for containers is not installed",
        remedy(facts, "installPackages", { packages: "container-selinux" }),
      );
    }
    const lacking = Map.groupBy(new Set(devices), (device) => lackingBoolean(facts, device));
    lacking.delete(undefined);
    if (lacking.size === 0) {
      return ok("SELinux is enforcing, and allows the devices of the engines");
    }
    return [...lacking].map(([name = "", denied]) =>
      warning(
        `SELinux denies engines ${denied.join(", ")}: ${name} is off`,
        remedy(facts, "turnOnBoolean", { name }),
      )
    );
  },
};

/** Returns the devices of the containers that SELinux confines. */
function confinedDevices({ codex }: Extract<CodexState, { kind: "read" }>): string[] {
  const { settings, soulstones } = codex;
  const exporter = watchersOf(settings).gpuExporter ? [settings.gpu_exporter] : [];
  return [...soulstones, ...exporter]
    // Another type has rules of its own: container_device_t may use all devices.
    .filter((unit) => isConfined(unit) && !unit.quadlet["Container"]?.["SecurityLabelType"])
    .flatMap((unit) => devicesOf(unit, settings));
}

/** A path of a confined engine, with what decides if SELinux allows it. */
interface Mounted {
  readonly facts: Facts;
  readonly needed: NeededPath;
  readonly file: FileFact;
  /** Undefined if the facts do not include it. */
  readonly label: Label | undefined;
  /** The path, with its type. */
  readonly shown: string;
  /** The parts of the entry of `volumes`: source, target, options. */
  readonly parts: readonly string[];
  readonly options: readonly string[];
  /** True if Podman refuses to label the path. */
  readonly isFixed: boolean;
  /** Returns the command that edits the Soulstone, with a comment. */
  readonly edit: (change: Command) => Command;
}

/**
 * Returns the problem with the SELinux label of a path that exists; undefined if there is none, or if it is
 * that of the whole volume of a model.
 */
export function labelVerdict(subject: Subject, needed: NeededPath): Verdict | undefined {
  const { facts, codex, needs } = subject;
  const mode = selinuxModeOf(facts);
  if (mode === undefined || codex.kind === "none" || isLabelingOff(facts)) return undefined;
  const { path, soulstone, role, volume = "" } = needed;
  const file = filesOf(facts, "codex-paths").get(path);
  const unit = codex.codex.soulstones.find(({ name }) => name === soulstone);
  if (file === undefined || unit === undefined || !isConfined(unit)) return undefined;
  const whole = needs.paths.find((other) =>
    other.role === "volume" && other.soulstone === soulstone && other.volume === volume
  );
  if (role === "model" && whole && labelVerdict(subject, whole)) return undefined;
  const label = labelsOf(facts).get(path);
  const parts = volume.split(":");
  const options = parts[2]?.split(",") ?? [];
  const mounted: Mounted = {
    facts,
    needed,
    file,
    label,
    shown: label === undefined ? path : `${path} (${label.type})`,
    parts,
    options,
    isFixed: isNeverLabeled(path, facts.environment["HOME"]),
    edit: (change) => command`lychd edit ${soulstone} --codex ${codex.shown}    # ${change}`,
  };
  if (options.includes("z") || options.includes("Z")) {
    // Podman labels the path in permissive mode, too.
    const problem = relabelingVerdict(mounted);
    if (problem !== undefined || label === undefined || storesLabels(label)) return problem;
  }
  return mode === "enforcing" ? deniedVerdict(mounted) : undefined;
}

/** Returns the reason why Podman cannot label a path, as the option `z` asks it to. */
function relabelingVerdict({ facts, needed, file, label, shown, isFixed, edit }: Mounted) {
  const { path, soulstone } = needed;
  if (isFixed) {
    return error(
      `${soulstone}: Podman refuses to label ${path}, as the option z asks it to`,
      edit(command`mount a folder below it instead`),
      "the engine does not start: `SELinux relabeling is not allowed`",
    );
  }
  if (mayLabel(facts, file) || label?.context === SHARED || label && !storesLabels(label)) {
    return undefined;
  }
  const report = label === undefined ? warning : error;
  return report(
    `${soulstone}: Podman cannot label ${shown}, because the user does not own it`,
    remedy(facts, "labelFiles", { context: SHARED, path }),
    "the engine does not start: `lsetxattr: operation not permitted` (podman#25919)",
  );
}

/** Returns the reason why SELinux denies a path to its engine. */
function deniedVerdict({ facts, needed, file, label, shown, parts, ...mounted }: Mounted) {
  const { path, soulstone } = needed;
  const denial = label === undefined ? { reason: "type" } as const : denialOf(facts, label);
  const isAllowed = denial === undefined ||
    label === undefined && isReadableByDefault(path, facts.environment["HOME"]);
  if (isAllowed) return undefined;
  if (denial.reason === "boolean") {
    return error(
      `${soulstone}: SELinux denies ${shown}: ${denial.name} is off`,
      remedy(facts, "turnOnBoolean", { name: denial.name }),
    );
  }
  if (denial.reason === "file-system") {
    return error(
      `${soulstone}: SELinux denies ${shown}, whose file system stores no labels`,
      command`findmnt --target ${path}    # mount it with the option context=${SHARED}`,
    );
  }
  const { options, isFixed, edit } = mounted;
  const readOnly = options.includes("ro");
  return error(
    denial.reason === "type"
      ? `${soulstone}: ${shown} is not labelled for containers`
      : `${soulstone}: ${shown} is labelled for another container`,
    isFixed
      ? edit(command`mount a folder below it instead, with the option z`)
      : mayLabel(facts, file)
      ? edit(
        command`change the volume to ${[...parts.slice(0, 2), [...options, "z"].join()].join(":")}`,
      )
      : remedy(facts, "labelFiles", { context: readOnly ? SHARED_READ_ONLY : SHARED, path }),
    DENIED,
  );
}
