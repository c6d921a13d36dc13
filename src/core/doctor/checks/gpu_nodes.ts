import { type Facts, whyUnknown } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped, type Subject, type Verdict, warning } from "../check.ts";
import { nodesOfDevices } from "../read/cdi.ts";
import { type FileFact, filesOf } from "../read/files.ts";
import { renderDriversOf } from "../read/gpus.ts";
import { userOf } from "../read/user.ts";

/** Whether the user may open the nodes that engines need. */
export const GPU_NODES: Check = {
  id: "gpu.nodes",
  about: "the user may open the GPUs' device nodes",
  why: "a rootless engine has no more rights than the user",
  run(subject) {
    const { facts, codex, wants } = subject;
    if (facts.commands["gpu-nodes"] === undefined) return [skipped(whyUnknown(facts, "dri"))];
    const nodes = nodesOf(facts);
    const asked = pathsIn(wants.devices);
    const gone = asked.filter((path) => !nodes.has(path) && path !== "/dev/kfd")
      .map((path) =>
        error(`the Codex asks for ${path}, which is not there`, command`ls -l /dev/dri`)
      );
    const needed = codex.kind === "none"
      ? [...filesOf(facts, "gpu-nodes").keys()].filter((path) => isForCompute(facts, path))
      : [...asked, ...nodesOfDevices(facts, wants.devices)];
    const there = [...new Set(needed)].filter((path) => nodes.has(path));
    const shut = there.filter((path) => isShut(facts, path));
    const verdicts = [...gone, ...shutVerdicts(subject, shut)];
    if (verdicts.length > 0) return verdicts;
    return there.length === 0
      ? [skipped(wants.devices.length > 0 ? "see cdi.devices" : "no engine needs one")]
      : [ok(`the user may open ${there.length > 3 ? `${there.length} nodes` : there.join(", ")}`)];
  },
};

function nodesOf(facts: Facts): ReadonlyMap<string, FileFact> {
  return new Map([...filesOf(facts, "gpu-nodes"), ...filesOf(facts, "cdi-paths")]);
}

/** `/dev/dri/renderD128` of `/dev/dri/renderD128:/dev/dri/renderD128:rw`. */
function pathsIn(devices: readonly string[]): string[] {
  return devices.filter((device) => device.startsWith("/dev/"))
    .map((device) => device.split(":")[0] ?? device);
}

/** Nodes that engines compute with; a renderer of another driver only draws. */
function isForCompute(facts: Facts, path: string): boolean {
  if (!path.startsWith("/dev/dri/")) return true;
  return ["amdgpu", "i915", "xe"].includes(renderDriversOf(facts).get(path) ?? "");
}

function isShut(facts: Facts, path: string): boolean {
  const fact = facts.commands[`open:${path}`];
  return fact !== undefined && "exit" in fact && fact.exit !== 0;
}

/** By the group that owns them; before there is a Codex nobody knows which ones will be needed. */
function shutVerdicts({ facts, codex }: Subject, shut: readonly string[]): Verdict[] {
  const user = userOf(facts);
  const say = codex.kind === "none" ? warning : error;
  const nodes = nodesOf(facts);
  const groups = [...new Set(shut.map((path) => nodes.get(path)?.group ?? "root"))];
  return groups.map((group) => {
    const paths = shut.filter((path) => (nodes.get(path)?.group ?? "root") === group);
    const what = `${user?.name ?? "the user"} may not open ${paths.join(", ")}`;
    if (group === "root" || user?.groups.includes(group) === true) {
      return say(what, command`sudo chmod a+rw ${paths}`);
    }
    return say(
      `${what} (group ${group})`,
      command`sudo usermod --append --groups ${group} ${
        user?.name ?? command`$USER`
      }    # then log in again`,
      "a rootless engine has no more rights than the user, and a session keeps its old groups",
    );
  });
}
