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
  defineKind,
  generateWithoutGroups,
  neverDefined,
  type NvidiaService,
  nvidiaService,
  regenerate,
} from "../generators.ts";
import {
  type CdiFile,
  cdiFoldersOf,
  effectiveDevices,
  effectiveSpecs,
  hostPathOf,
  knownFolders,
  listedDevices,
  pathsIn,
  realPath,
  specsIn,
  specsUnread,
  STANDARD_FOLDERS,
  unreadableFolders,
} from "../read/cdi.ts";
import type { CdiEdits, SpecNode } from "../read/cdi_spec.ts";
import { hasNvidia, isNvgpu, isNvidiaBroken, nvidiaDriverOf } from "../read/gpus.ts";
import { podmanVersionOf } from "../read/podman.ts";
import { type FileFact, filesOf, propertiesOf } from "../read/system.ts";
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
      const closed = unreadableFolders(facts, read);
      if (closed.length > 0) {
        const report = subject.codex.kind !== "none" && isSatisfied(subject) ? warning : error;
        return closed.map((folder) =>
          report(
            `${folder} may only be read by root: Podman sees no file in it`,
            command`sudo chmod a+rx ${folder}`,
          )
        );
      }
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
      const report = isSatisfied(subject) ? warning : error;
      const files = specsIn(facts, read);
      const invalid = files.flatMap((file) =>
        file.problem === undefined ? [] : report(
          `${file.path}: ${file.problem}`,
          fixOfSpec(facts, file),
          file.tooNew &&
            `Podman ${file.tooNew.podman} is the first that knows CDI ${file.tooNew.version}`,
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
      const listed = listedDevices(facts);
      const missing = devices.filter((device) =>
        !defined.has(device) && !clashes.has(device) && listed?.has(device) !== true
      );
      return [
        ...devices.filter((device) => defined.has(device) || listed?.has(device) === true)
          .map((device) => {
            const path = defined.get(device)?.path;
            if (path === undefined) return ok(`Podman lists ${device}`);
            return listed === undefined || listed.has(device)
              ? ok(`${device} is defined in ${path}`)
              : error(
                `${device} is defined in ${path}, but Podman does not list it`,
                command`podman --log-level=debug info 2>&1 | grep CDI    # shows why`,
              );
          }),
        ...byKind(devices.filter((device) => clashes.has(device))).map(([, names]) => {
          const rivals = clashes.get(names[0] ?? "") ?? [];
          const paths = rivals.map(({ path }) => path).join(" and ");
          const what = `${names.join(", ")} ${names.length === 1 ? "is" : "are"} defined in both`;
          return error(`${what} ${paths}, so Podman uses neither`, removeRivals(rivals));
        }),
        ...byKind(missing).flatMap(([kind, names]) => undefinedVerdicts(subject, kind, names)),
      ];
    },
  },
  {
    id: "cdi.driver",
    about: "CDI specifications match the running driver",
    why: "a driver update removes the old libraries, and the engine does not start",
    run(subject) {
      const { facts } = subject;
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
        if (other === undefined) return ok(`${file.path} matches driver ${driver}`);
        const stale = error(
          `${file.path} is for driver ${other}, but driver ${driver} is running`,
          regenerate(facts, file.path),
        );
        return usedDevices(subject, file).length > 0 ? stale : unused(stale);
      });
    },
  },
  {
    id: "cdi.nodes",
    about: "the device nodes and files in CDI specifications exist",
    why: "the numbers of device nodes change between boots, and a missing file stops the engine",
    run(subject) {
      const { facts } = subject;
      const specs = effectiveSpecs(facts);
      if (specs.length === 0) return skipped("no specification is in use");
      if (facts.commands["cdi-paths"] === undefined) {
        return skipped("the facts do not include their paths");
      }
      return specs.map((file) => pathsVerdict(subject, file));
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
          keepOne(subject.facts, path, by.path),
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
    about: "CDI specifications survive a boot and a driver update",
    why: "without it the specification is outdated after the next driver update",
    run(subject) {
      const lost = lostSpecs(subject);
      if (lost.length > 0) return lost;
      return hasNvidia(subject.facts)
        ? refresh(subject.facts)
        : skipped("there is no NVIDIA driver");
    },
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

/** Returns true if Podman resolves every CDI device of the Codex. */
function isSatisfied(subject: Subject): boolean {
  const { devices } = effectiveDevices(subject.facts);
  return cdiNames(subject).every((device) => devices.has(device));
}

/** Returns the devices of a file that engines use; all of them without a Codex. */
function usedDevices(subject: Subject, file: CdiFile): readonly string[] {
  const { devices } = effectiveDevices(subject.facts);
  const names = subject.codex.kind === "none" ? file.spec?.devices ?? [] : cdiNames(subject);
  return names.filter((device) => devices.get(device)?.path === file.path);
}

/** Returns the verdict for devices that no engine uses. */
function unused(verdict: Verdict): Verdict {
  return verdict.state === "error"
    ? warning(verdict.what, verdict.fix, "no engine of the Codex uses these devices")
    : verdict;
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

function undefinedVerdicts(
  subject: Subject,
  kind: string,
  devices: readonly string[],
): readonly Verdict[] {
  const { facts } = subject;
  const { read } = cdiFoldersOf(facts);
  const elsewhere = specsUnread(facts).find(({ spec }) =>
    spec?.devices.some((device) => devices.includes(device))
  );
  const all = devices.join(", ");
  if (elsewhere !== undefined) return [see("cdi.folders", `${all} is in ${elsewhere.path}`)];
  if (unreadableFolders(facts, read).length > 0) return [see("cdi.folders")];
  const isMisnamed = pathsIn(facts, read).some((path) => path.endsWith(".yml"));
  if (isMisnamed || specsIn(facts, read).some(({ problem }) => problem !== undefined)) {
    return [see("cdi.specs", `${all} is in no file that Podman can read`)];
  }
  const { devices: defined } = effectiveDevices(facts);
  const others = [...defined.keys()].filter((name) => name.startsWith(`${kind}=`));
  const impossible = devices.filter((device) => neverDefined(facts, device) !== undefined);
  const possible = devices.filter((device) => !impossible.includes(device));
  const whatOf = (names: readonly string[]) => {
    const what = `${names.join(", ")} ${names.length === 1 ? "is" : "are"} not defined`;
    return others.length === 0 ? what : `${what}; ${kind} has ${shortNames(others)}`;
  };
  const [, missing = ""] = [...defined].find(([name]) => name.startsWith(`${kind}=`)) ?? [];
  return [
    ...impossible.map((device) => {
      const { reason, instead } = neverDefined(facts, device) ?? { reason: "", instead: [] };
      return error(
        whatOf([device]),
        afterReplacement(subject, oneOf(instead)),
        reason,
      );
    }),
    ...possible.length === 0 ? [] : [error(
      whatOf(possible),
      missing === "" ? firstSpec(subject, kind) : regenerate(facts, missing.path),
    )],
  ];
}

/** Returns a list of names for a comment. */
function oneOf([first = "", ...others]: readonly string[]): Command {
  return others.reduce<Command>(
    (list, name) => command`${list}, ${name}`,
    command`one of: ${first}`,
  );
}

/** Returns the command that renders the Codex again after the operator has replaced a device. */
function afterReplacement({ codex }: Subject, devices: Command): Command {
  const folder = codex.kind === "none" ? [] : ["--codex", codex.shown];
  return command`lychd render --restart ${folder}    # first replace it in devices with ${devices}`;
}

/** Returns the command that defines the devices of a kind, or avoids that if its tool is not installed. */
function firstSpec(subject: Subject, kind: string): Command {
  const nodes = kind === "amd.com/gpu" ? command`/dev/kfd and /dev/dri` : command`/dev/dri`;
  return defineKind(subject.facts, kind) ?? afterReplacement(subject, nodes);
}

/** Returns the command that makes a specification readable for Podman. */
function fixOfSpec(facts: Facts, { path, problem = "", tooNew, kind }: CdiFile): Command {
  if (/permission denied/i.test(problem)) {
    // Below /run the permissions would be lost at the next boot.
    return isTemporary(path) ? keepSpec(path) : command`sudo chmod a+r ${path}`;
  }
  if (tooNew === undefined) return regenerate(facts, path);
  const { version, lower } = tooNew;
  if (lower !== undefined) {
    const from = version.replaceAll(".", "\\.");
    const edit = `s/(cdiVersion[^0-9]*)${from}/\\1${lower}/`;
    return command`sudo sed -i -E ${edit} ${path}`;
  }
  if (kind === "nvidia.com/gpu" && version === "0.7.0") return generateWithoutGroups(facts, path);
  return remedy(facts, "upgradePodman");
}

/** Returns true for a path in a file system that is empty after each boot. */
function isTemporary(path: string): boolean {
  return realPath(path).startsWith("/run/");
}

/** Returns the command that moves a specification to a folder that a boot does not empty. */
function keepSpec(
  path: string,
  kept = `/etc/cdi/${path.slice(path.lastIndexOf("/") + 1)}`,
): Command {
  return command`sudo install -D --mode=644 ${path} ${kept} && sudo rm ${path}`;
}

/** Returns the driver versions in names such as `libcuda.so.570.86.15`; `libEGL.so.1.1.0` has none. */
function libraryVersions({ spec }: CdiFile): string[] {
  const found = (spec?.editsOf(spec.devices).paths ?? []).flatMap((path) =>
    /(?:\.so\.|\/firmware\/nvidia\/)(\d{3,}\.\d+(?:\.\d+)?)(?:$|\/)/.exec(path)?.[1] ?? []
  );
  return [...new Set(found)];
}

/** Returns the verdict of the devices that engines use, then of the others. */
function pathsVerdict(subject: Subject, file: CdiFile): Verdict {
  const { path, spec } = file;
  const { facts } = subject;
  const used = usedDevices(subject, file);
  const verdict = used.length === 0 ? undefined : faultOf(facts, file, spec?.editsOf(used));
  if (verdict !== undefined) return verdict;
  const all = spec?.editsOf(spec.devices);
  const fault = faultOf(facts, file, all);
  if (fault !== undefined) return unused(fault);
  const { nodes = [], paths = [] } = all ?? {};
  return ok(`${path}: ${countOf(nodes.length, "node")} and ${countOf(paths.length, "file")} exist`);
}

/** Returns what is wrong with the nodes and files of a specification. */
function faultOf(
  facts: Facts,
  { path, kind }: CdiFile,
  { nodes, paths }: CdiEdits = { nodes: [], paths: [] },
): Verdict | undefined {
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
  const isWithoutUvm = kind === "nvidia.com/gpu" && !isNvgpu(facts) &&
    nodes.some((node) => /^\/dev\/nvidia\d/.test(node.path)) &&
    nodes.every((node) => node.path !== "/dev/nvidia-uvm");
  if (isWithoutUvm) {
    return error(
      `${path} does not name /dev/nvidia-uvm`,
      command`sudo nvidia-modprobe -u -c=0 && ${fix}`,
      "it was generated before that node existed: in a container nvidia-smi works, CUDA does not",
    );
  }
  const moved = movedNode(nodes, files);
  return moved && warning(
    `${path} has number ${moved.specified} for ${moved.path}, which is ${moved.actual}`,
    fix,
    "it was generated before the driver was reloaded; rootless Podman uses the node as it is, but others fail",
  );
}

/** Returns the check that reports why a node of NVIDIA is missing, if the specification is correct. */
function nvidiaCause(facts: Facts): string | undefined {
  if (isNvidiaBroken(facts)) return "gpu.driver";
  if (isNvgpu(facts)) return undefined;
  return filesOf(facts, "gpu-nodes").has("/dev/nvidia-uvm") ? undefined : "gpu.uvm";
}

/** Returns a node whose numbers differ from the specification. A missing minor number is 0. */
function movedNode(nodes: readonly SpecNode[], files: ReadonlyMap<string, FileFact>) {
  for (const node of nodes) {
    const file = files.get(hostPathOf(node));
    if (node.major === undefined || node.major === 0 || file === undefined) continue;
    const specified = `${node.major}:${node.minor ?? 0}`;
    const actual = `${file.major}:${file.minor}`;
    if (specified !== actual) return { path: hostPathOf(node), specified, actual };
  }
  return undefined;
}

/** Returns the command that keeps the used one of two files, unless a service writes the other one. */
function keepOne(facts: Facts, overridden: string, used: string): Command {
  const service = nvidiaService(facts);
  const isOfService = (path: string) =>
    service !== undefined && realPath(service.output) === realPath(path);
  if (isOfService(overridden)) return command`sudo rm ${used}`;
  return isTemporary(used) && !isOfService(used)
    ? keepSpec(used, overridden)
    : command`sudo rm ${overridden}`;
}

/** Reports the specifications that the next boot removes, because they are below /run and no service writes them. */
function lostSpecs(subject: Subject): readonly Verdict[] {
  const { facts } = subject;
  const service = nvidiaService(facts);
  // The next boot brings the devices of an overridden file back; cdi.duplicates reports it.
  const { overridden } = effectiveDevices(facts);
  const replaced = new Set([...overridden.values()].map(({ path }) => path));
  return effectiveSpecs(facts).filter(({ path }) => isTemporary(path)).flatMap((file) => {
    if (usedDevices(subject, file).length === 0 || replaced.has(file.path)) return [];
    // Agents of Kubernetes write other kinds at each start.
    const isForEngines = /^(?:nvidia|amd|intel)\.com\/gpu$/.test(file.spec?.kind ?? "");
    if (subject.codex.kind === "none" && !isForEngines) return [];
    const isOfService = service !== undefined && realPath(service.output) === realPath(file.path);
    const off = service?.off.get("nvidia-cdi-refresh.service");
    if (isOfService && off === undefined) return [];
    const cause = isOfService
      ? `because nvidia-cdi-refresh.service is ${off}`
      : "and no service writes it again";
    return [warning(
      `${file.path} is lost at the next boot, ${cause}`,
      isOfService ? enableService(service) : keepSpec(file.path),
      "engines that start with the host then find no device",
    )];
  });
}

function refresh(facts: Facts): Verdicts {
  const service = nvidiaService(facts);
  const state = propertiesOf(facts, "nvidia-refresh").get("nvidia-cdi-refresh.service");
  if (service === undefined) return skipped("this toolkit has no nvidia-cdi-refresh.path");
  if (state?.get("ActiveState") === "failed") {
    return warning(
      `nvidia-cdi-refresh.service failed (${state.get("Result")})`,
      command`sudo systemctl restart nvidia-cdi-refresh.service`,
      "at boot it may run before the driver is loaded; then there is no specification",
    );
  }
  if (!service.works) {
    return warning(
      "nvidia-cdi-refresh.service was skipped because its condition failed",
      regenerate(facts, `${STANDARD_FOLDERS[0]}/nvidia.yaml`),
      "it ran before the driver was loaded and wrote no specification",
    );
  }
  // It may write to a folder that Podman does not read; cdi.folders reports that.
  const off = service.off.get("nvidia-cdi-refresh.path");
  if (off !== undefined) {
    return warning(`nvidia-cdi-refresh.path is ${off}`, enableService(service));
  }
  const isCertain = service.isKnown || pathsIn(facts, STANDARD_FOLDERS).includes(service.output);
  return ok(`${service.name} updates ${isCertain ? service.output : "its specification"}`);
}

/** Returns the command that enables the units of NVIDIA's toolkit. */
function enableService({ off }: Pick<NvidiaService, "off">): Command {
  const units = [...off.keys()];
  const masked = units.filter((name) => off.get(name) === "masked");
  const enable = command`sudo systemctl enable --now ${units}`;
  return masked.length === 0 ? enable : command`sudo systemctl unmask ${masked} && ${enable}`;
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
