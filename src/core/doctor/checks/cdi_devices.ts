import type { Facts } from "../../facts.ts";
import { type Command, command } from "../../report/mod.ts";
import { type Check, error, ok, skipped, type Verdict } from "../check.ts";
import {
  cdiFoldersOf,
  effectiveDevices,
  knownFolders,
  namesIn,
  specsIn,
  specsUnread,
} from "../read/cdi.ts";
import { filesOf } from "../read/files.ts";
import { gpusOf } from "../read/gpus.ts";
import { installCommand, type Os, osOf } from "../read/os.ts";
import { deviceNames, generateNvidia, regenerate, removeRivals, wanted } from "./cdi.ts";

/** Whether everything that the Codex asks for is defined. */
export const CDI_DEVICES: Check = {
  id: "cdi.devices",
  about: "every CDI device of the Codex exists, by its full name",
  why: "an engine with a device that is not defined fails at its start",
  run(subject) {
    const { facts, codex } = subject;
    if (codex.kind === "none") return [skipped(codex.reason)];
    const devices = wanted(subject);
    if (devices.length === 0) return [skipped("the Codex asks for none")];
    const { devices: defined, clashes } = effectiveDevices(facts);
    const there = devices.filter((device) => defined.has(device));
    const clashing = devices.filter((device) => clashes.has(device));
    const missing = devices.filter((device) => !defined.has(device) && !clashes.has(device));
    return [
      ...there.map((device) => ok(`${device} is in ${defined.get(device)?.path}`)),
      ...byKind(clashing).map(([, names]) => {
        const rivals = clashes.get(names[0] ?? "") ?? [];
        const paths = rivals.map(({ path }) => path).join(" and in ");
        const what = `${names.join(", ")}: it is in ${paths}, so that neither counts`;
        return error(what, removeRivals(rivals));
      }),
      ...byKind(missing).map(([kind, names]) => missingVerdict(facts, kind, names)),
    ];
  },
};

/** Devices of one kind have one cause, and one cure. */
function byKind(devices: readonly string[]): [string, string[]][] {
  const kinds = new Map<string, string[]>();
  for (const device of devices) {
    const kind = device.slice(0, device.indexOf("="));
    kinds.set(kind, [...kinds.get(kind) ?? [], device]);
  }
  return [...kinds];
}

function missingVerdict(facts: Facts, kind: string, devices: readonly string[]): Verdict {
  const { read } = cdiFoldersOf(facts);
  const elsewhere = specsUnread(facts).find(({ spec }) =>
    spec?.devices.some((device) => devices.includes(device))
  );
  if (elsewhere !== undefined) {
    return skipped(`${devices.join(", ")} is in ${elsewhere.path}: see cdi.folders`);
  }
  const misnamed = read.some((folder) => namesIn(facts, folder).some((n) => n.endsWith(".yml")));
  if (misnamed || specsIn(facts, read).some(({ problem }) => problem !== undefined)) {
    return skipped(`${devices.join(", ")} is in no file that can be read: see cdi.specs`);
  }
  const { devices: defined } = effectiveDevices(facts);
  const others = [...defined.keys()].filter((name) => name.startsWith(`${kind}=`));
  const what = `${devices.join(", ")} ${devices.length === 1 ? "is" : "are"} not defined`;
  if (others.length === 0) return error(what, define(facts, kind));
  return error(
    `${what}; ${kind} has ${deviceNames(others)}`,
    isBeyond(facts, devices)
      ? command`nvidia-smi -L    # then name one of these in devices`
      : regenerate(facts, defined.get(others[0] ?? "")?.path ?? ""),
  );
}

/** Whether a GPU is named that the host does not have, so that no specification will. */
function isBeyond(facts: Facts, devices: readonly string[]): boolean {
  const gpus = gpusOf(facts).filter(({ vendor }) => vendor === "NVIDIA");
  return gpus.length > 0 && devices.some((device) => {
    const index = /^nvidia\.com\/gpu=(\d+)$/.exec(device)?.[1];
    return index !== undefined && !gpus.some((gpu) => String(gpu.index) === index);
  });
}

/** The command that makes the first specification of a kind. */
function define(facts: Facts, kind: string): Command {
  if (kind === "nvidia.com/gpu") {
    return filesOf(facts, "nvidia-ctk").size > 0
      ? generateNvidia(facts, undefined)
      : installToolkit(osOf(facts));
  }
  if (kind === "amd.com/gpu") return command`sudo amd-ctk cdi generate --output=/etc/cdi/amd.json`;
  if (kind === "intel.com/gpu") return command`sudo intel-cdi-specs-generator gpu`;
  const files = knownFolders(facts).map((folder) => command`${folder}/*`);
  return command`grep -l ${kind} ${files}`;
}

/** Arch has it; the others take it from NVIDIA. */
function installToolkit(os: Os): Command {
  const install = installCommand(os, "nvidia-container-toolkit");
  return os.family.includes("arch")
    ? install
    : command`${install}    # from https://nvidia.github.io/libnvidia-container`;
}
