import type { Facts } from "../../facts.ts";
import { type Command, command, countOf } from "../../report/mod.ts";
import {
  type Check,
  error,
  ok,
  see,
  skipped,
  type Subject,
  type Verdict,
  type Verdicts,
  warning,
} from "../check.ts";
import {
  type CdiFile,
  cdiFoldersOf,
  effectiveDevices,
  effectiveSpecs,
  hostPathOf,
  knownFolders,
  pathsIn,
  specsIn,
  specsUnread,
  STANDARD_FOLDERS,
} from "../read/cdi.ts";
import { gpusOf, hasNvidia, isNvidiaBroken, nvidiaDriverOf } from "../read/gpus.ts";
import { podmanVersionOf } from "../read/podman.ts";
import { type FileFact, filesOf, isWsl, propertiesOf } from "../read/system.ts";
import { remedy } from "../remedies.ts";

/** The checks of CDI specifications. */
export const CDI_CHECKS: readonly Check[] = [
  {
    id: "cdi.folders",
    about: "Podman reads the folders of all CDI specifications",
    why: 'Podman reports "unresolvable CDI devices" even though nvidia-ctk lists them',
    run: unlessIdle((subject) => {
      const { facts } = subject;
      const { read, configured, isSupported } = cdiFoldersOf(facts);
      const version = podmanVersionOf(facts);
      const podman = version === undefined ? "this Podman" : `Podman ${version.join(".")}`;
      const resolved = effectiveDevices(facts).devices;
      // One command for all specifications, because each one writes the same file.
      const unreadFolders = [...new Set(specsUnread(facts).map(({ folder }) => folder))];
      const verdicts = specsUnread(facts).flatMap(({ path, folder, spec }): Verdict[] => {
        if (spec === undefined || spec.devices.every((device) => resolved.has(device))) return [];
        const isNeeded = subject.codex.kind === "none" ||
          spec.devices.some((device) => cdiNames(subject).includes(device));
        const report = isNeeded ? error : warning;
        const isIgnored = !isSupported && configured?.folders.includes(folder) === true;
        return [
          isIgnored
            ? report(
              `${path} is not read: ${podman} ignores cdi_spec_dirs in ${configured?.file}`,
              command`sudo mkdir -p /etc/cdi && sudo cp ${path} /etc/cdi/`,
            )
            : report(
              `${path} is not read: ${podman} reads only ${read.join(" and ")}`,
              readFolders([...read, ...unreadFolders]),
            ),
        ];
      });
      return verdicts.length > 0 ? verdicts : ok(`${podman} reads ${read.join(" and ")}`);
    }),
  },
  {
    id: "cdi.specs",
    about: "Podman can read every CDI specification",
    why: "Podman silently skips a specification that it cannot read",
    run: unlessIdle((subject) => {
      const { facts } = subject;
      const { read } = cdiFoldersOf(facts);
      const { devices } = effectiveDevices(facts);
      const report = cdiNames(subject).every((device) => devices.has(device)) ? warning : error;
      const files = specsIn(facts, read);
      const invalid = files.flatMap(({ path, problem = "" }) =>
        problem === "" ? [] : report(
          `${path}: ${problem}`,
          /permission denied/i.test(problem)
            ? command`sudo chmod a+r ${path}`
            : regenerate(facts, path),
        )
      );
      const misnamed = pathsIn(facts, read).filter((path) => /\.(?:yml|YAML|JSON)$/.test(path))
        .map((path) => {
          const renamed = path.replace(/\.\w+$/, path.endsWith("JSON") ? ".json" : ".yaml");
          const what = `${path} is not read: the extension must be .yaml or .json`;
          return report(what, command`sudo mv ${path} ${renamed}`);
        });
      if (invalid.length + misnamed.length > 0) return [...invalid, ...misnamed];
      if (files.length === 0) return skipped(`there is none in ${read.join(" and ")}`);
      return files.map(({ path, spec }) =>
        ok(`${path}: ${spec?.kind}, ${shortNames(spec?.devices ?? [])}`)
      );
    }),
  },
  {
    id: "cdi.devices",
    about: "every CDI device of the Codex is defined",
    why: "an engine with an undefined device fails at startup",
    run(subject) {
      const { facts, codex } = subject;
      if (codex.kind === "none") return skipped(codex.reason);
      const devices = cdiNames(subject);
      if (devices.length === 0) return skipped("the Codex uses no CDI device");
      const { devices: defined, clashes } = effectiveDevices(facts);
      const missing = devices.filter((device) => !defined.has(device) && !clashes.has(device));
      return [
        ...devices.filter((device) => defined.has(device))
          .map((device) => ok(`${device} is defined in ${defined.get(device)?.path}`)),
        ...byKind(devices.filter((device) => clashes.has(device))).map(([, names]) => {
          const rivals = clashes.get(names[0] ?? "") ?? [];
          const paths = rivals.map(({ path }) => path).join(" and ");
          const what = `${names.join(", ")} ${names.length === 1 ? "is" : "are"} defined in both`;
          return error(`${what} ${paths}, so Podman uses neither`, removeRivals(rivals));
        }),
        ...byKind(missing).map(([kind, names]) => undefinedVerdict(facts, kind, names)),
      ];
    },
  },
  {
    id: "cdi.driver",
    about: "CDI specifications match the running driver",
    why: "a driver update removes the old libraries, and the engine does not start",
    run({ facts }) {
      const specs = effectiveSpecs(facts)
        .filter(({ spec }) => spec?.kind.startsWith("nvidia.com/"));
      const driver = nvidiaDriverOf(facts);
      if (specs.length === 0) return skipped("no NVIDIA specification is in use");
      if (isNvidiaBroken(facts)) return see("gpu.driver");
      if (driver === undefined) return skipped("the version of the driver is unknown");
      return specs.map((file) => {
        const versions = libraryVersions(file);
        if (versions.length === 0) return skipped(`${file.path} names no driver version`);
        const other = versions.find((version) => version !== driver);
        return other === undefined ? ok(`${file.path} matches driver ${driver}`) : error(
          `${file.path} is for driver ${other}, but driver ${driver} is running`,
          regenerate(facts, file.path),
        );
      });
    },
  },
  {
    id: "cdi.nodes",
    about: "the device nodes and files in CDI specifications exist",
    why: "NVIDIA's major numbers change between boots, and a missing file stops the engine",
    run({ facts }) {
      const specs = effectiveSpecs(facts);
      if (specs.length === 0) return skipped("no specification is in use");
      if (facts.commands["cdi-paths"] === undefined) {
        return skipped("the facts do not include their paths");
      }
      return specs.map((file) => pathsVerdict(facts, file));
    },
  },
  {
    id: "cdi.duplicates",
    about: "every CDI device is defined once",
    why:
      "if two folders define a device, Podman uses the later folder; if two files of one folder do, it uses neither",
    run(subject) {
      const { clashes, overridden, devices } = effectiveDevices(subject.facts);
      const pathsOf = (files: readonly CdiFile[] = []) =>
        files.map(({ path }) => path).join(" and ");
      // cdi.devices reports the devices of the Codex.
      const reported = new Set(cdiNames(subject).map((device) => pathsOf(clashes.get(device))));
      const verdicts = [...clashes].flatMap(([device, files]): Verdict[] => {
        const paths = pathsOf(files);
        if (reported.has(paths)) return [];
        reported.add(paths);
        const what = `${paths} both define ${device}, so Podman uses neither`;
        return [warning(what, removeRivals(files))];
      });
      verdicts.push(...[...overridden].map(([path, by]) =>
        warning(
          `${path} is overridden by ${by.path}, which defines the same devices`,
          command`sudo rm ${path}`,
        )
      ));
      if (verdicts.length > 0) return verdicts;
      if (clashes.size > 0) return see("cdi.devices");
      return devices.size === 0
        ? skipped("no device is defined")
        : ok(`${countOf(devices.size, "device")}, no duplicates`);
    },
  },
  {
    id: "cdi.refresh",
    about: "NVIDIA's toolkit keeps its specification up to date",
    why: "without it the specification is outdated after the next driver update",
    run: ({ facts }) => hasNvidia(facts) ? refresh(facts) : skipped("there is no NVIDIA driver"),
  },
];

/** Skips a check if there is no specification and no need for one. */
function unlessIdle(run: Check["run"]): Check["run"] {
  return (subject) => {
    const isIdle = cdiNames(subject).length === 0 && !hasNvidia(subject.facts) &&
      specsIn(subject.facts, knownFolders(subject.facts)).length === 0;
    return isIdle ? skipped("there is no specification, and nothing needs one") : run(subject);
  };
}

/** Returns the CDI names that the Codex uses. */
function cdiNames({ needs }: Subject): string[] {
  return needs.devices.filter((device) => !device.startsWith("/"));
}

/** Returns names without their kind, at most four of them. */
function shortNames(devices: readonly string[]): string {
  const names = devices.map((device) => device.slice(device.indexOf("=") + 1));
  return names.length > 4
    ? `${names.slice(0, 3).join(", ")} ... ${names.length} devices`
    : names.join(", ");
}

/** Groups devices by kind, because devices of one kind have the same fix. */
function byKind(devices: readonly string[]): [kind: string, names: string[]][] {
  return [...Map.groupBy(devices, (device) => device.slice(0, device.indexOf("=")))];
}

function undefinedVerdict(facts: Facts, kind: string, devices: readonly string[]): Verdict {
  const { read } = cdiFoldersOf(facts);
  const names = devices.join(", ");
  const elsewhere = specsUnread(facts).find(({ spec }) =>
    spec?.devices.some((device) => devices.includes(device))
  );
  if (elsewhere !== undefined) return see("cdi.folders", `${names} is in ${elsewhere.path}`);
  const isMisnamed = pathsIn(facts, read).some((path) => path.endsWith(".yml"));
  if (isMisnamed || specsIn(facts, read).some(({ problem }) => problem !== undefined)) {
    return see("cdi.specs", `${names} is in no file that Podman can read`);
  }
  const { devices: defined } = effectiveDevices(facts);
  const others = [...defined.keys()].filter((name) => name.startsWith(`${kind}=`));
  const what = `${names} ${devices.length === 1 ? "is" : "are"} not defined`;
  if (others.length === 0) return error(what, defineKind(facts, kind));
  return error(
    `${what}; ${kind} has ${shortNames(others)}`,
    exceedsGpus(facts, devices)
      ? command`nvidia-smi -L    # then use one of these in devices`
      : regenerate(facts, defined.get(others[0] ?? "")?.path ?? ""),
  );
}

/** Returns true if `devices` include the number of an NVIDIA GPU that the host does not have. */
function exceedsGpus(facts: Facts, devices: readonly string[]): boolean {
  const gpus = gpusOf(facts).filter(({ vendor }) => vendor === "NVIDIA");
  return gpus.length > 0 && devices.some((device) => {
    const [, index] = /^nvidia\.com\/gpu=(\d+)$/.exec(device) ?? [];
    return index !== undefined && !gpus.some((gpu) => String(gpu.index) === index);
  });
}

/** Returns the driver versions in names such as `libcuda.so.570.86.15`; `libEGL.so.1.1.0` has none. */
function libraryVersions({ spec }: CdiFile): string[] {
  const found = (spec?.paths ?? []).flatMap((path) =>
    /(?:\.so\.|\/firmware\/nvidia\/)(\d{3,}\.\d+(?:\.\d+)?)(?:$|\/)/.exec(path)?.[1] ?? []
  );
  return [...new Set(found)];
}

function pathsVerdict(facts: Facts, file: CdiFile): Verdict {
  const { path, spec: { kind = "", nodes = [], paths = [] } = {} } = file;
  const files = filesOf(facts, "cdi-paths");
  const fix = regenerate(facts, path);
  const missing = [...nodes.map(hostPathOf), ...paths].filter((p) => !files.has(p));
  if (missing.length > 0) {
    const cause = missing.some((p) => p.startsWith("/dev/nvidia")) ? nvidiaCause(facts) : undefined;
    if (cause !== undefined) {
      return see(cause, `${path} names ${missing[0]}, which does not exist`);
    }
    const what = missing.length === 1
      ? `${missing[0]}, which does not exist`
      : `${missing[0]} and ${missing.length - 1} more paths that do not exist`;
    return error(`${path} names ${what}`, fix);
  }
  const isWithoutUvm = kind === "nvidia.com/gpu" &&
    nodes.some((node) => /^\/dev\/nvidia\d/.test(node.path)) &&
    nodes.every((node) => node.path !== "/dev/nvidia-uvm");
  if (isWithoutUvm) {
    return error(
      `${path} does not name /dev/nvidia-uvm`,
      command`sudo nvidia-modprobe -u -c=0 && ${fix}`,
      "it was generated before that node existed: in a container nvidia-smi works, CUDA does not",
    );
  }
  const moved = movedNode(file, files);
  return moved === undefined
    ? ok(`${path}: ${countOf(nodes.length, "node")} and ${countOf(paths.length, "file")} exist`)
    : warning(
      `${path} has number ${moved.specified} for ${moved.path}, which is ${moved.actual}`,
      fix,
      "it was generated before the driver was reloaded; rootless Podman uses the node as it is, but others fail",
    );
}

/** Returns the check that reports why a node of NVIDIA is missing, if the specification is correct. */
function nvidiaCause(facts: Facts): string | undefined {
  if (isNvidiaBroken(facts)) return "gpu.driver";
  return filesOf(facts, "gpu-nodes").has("/dev/nvidia-uvm") ? undefined : "gpu.uvm";
}

/** Returns a node whose numbers differ from the specification. A missing minor number is 0. */
function movedNode({ spec }: CdiFile, files: ReadonlyMap<string, FileFact>) {
  for (const node of spec?.nodes ?? []) {
    const file = files.get(hostPathOf(node));
    if (node.major === undefined || node.major === 0 || file === undefined) continue;
    const specified = `${node.major}:${node.minor ?? 0}`;
    const actual = `${file.major}:${file.minor}`;
    if (specified !== actual) return { path: hostPathOf(node), specified, actual };
  }
  return undefined;
}

function refresh(facts: Facts): Verdicts {
  const units = propertiesOf(facts, "nvidia-refresh");
  const path = units.get("nvidia-cdi-refresh.path");
  const service = units.get("nvidia-cdi-refresh.service");
  if (path?.get("LoadState") !== "loaded") {
    return skipped("this toolkit has no nvidia-cdi-refresh.path");
  }
  if (service?.get("ActiveState") === "failed") {
    return warning(
      `nvidia-cdi-refresh.service failed (${service.get("Result")})`,
      command`sudo systemctl restart nvidia-cdi-refresh.service`,
      "at boot it may run before the driver is loaded; then there is no specification",
    );
  }
  if (service?.get("Result") === "exec-condition") {
    return warning(
      "nvidia-cdi-refresh.service was skipped because its condition failed",
      generateNvidia(facts, undefined),
      "it ran before the driver was loaded and wrote no specification",
    );
  }
  const state = path.get("UnitFileState");
  // It writes to the second folder, which Podman 5.5 does not read; cdi.folders reports that.
  return state === "enabled"
    ? ok(`nvidia-cdi-refresh.path updates ${STANDARD_FOLDERS[1]}/nvidia.yaml`)
    : warning(
      `nvidia-cdi-refresh.path is ${state}`,
      command`sudo systemctl enable --now nvidia-cdi-refresh.path nvidia-cdi-refresh.service`,
    );
}

/** Returns the command that regenerates a specification, with the tool of its vendor if it is known. */
function regenerate(facts: Facts, path: string): Command {
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
function generateNvidia(facts: Facts, path: string | undefined): Command {
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
function defineKind(facts: Facts, kind: string): Command {
  if (kind === "nvidia.com/gpu") {
    return filesOf(facts, "nvidia-ctk").size > 0
      ? generateNvidia(facts, undefined)
      : remedy(facts, "installNvidiaToolkit");
  }
  if (kind === "amd.com/gpu") return command`sudo amd-ctk cdi generate --output=/etc/cdi/amd.json`;
  if (kind === "intel.com/gpu") return command`sudo intel-cdi-specs-generator gpu`;
  return command`grep -l ${kind} ${knownFolders(facts).map((folder) => command`${folder}/*`)}`;
}

/** Returns the command that keeps one of several files: the one with most devices, or nvidia-ctk's. */
function removeRivals(files: readonly CdiFile[]): Command {
  const worth = ({ path, spec }: CdiFile) =>
    (spec?.devices.length ?? 0) * 2 + Number(path.endsWith("/nvidia.yaml"));
  const [, ...others] = files.toSorted((a, b) => worth(b) - worth(a));
  return command`sudo rm ${files.filter((file) => others.includes(file)).map(({ path }) => path)}`;
}

/** Returns the command that sets the folders of Podman. The last file of the user's folder wins. */
function readFolders(folders: readonly string[]): Command {
  const list = folders.map((folder) => JSON.stringify(folder)).join(", ");
  const lines = `[engine]\\ncdi_spec_dirs = [${list}]\\n`;
  const settings = command`~/.config/containers/containers.conf.d`;
  return command`mkdir -p ${settings} && printf ${lines} > ${settings}/zz-cdi.conf`;
}
