import { type Facts, whyUnknown } from "../../facts.ts";
import { type Check, error, ok, skipped, type Verdict } from "../check.ts";
import { filesOf } from "../read/files.ts";
import { userOf } from "../read/user.ts";

/** Whether the user may open the nodes that the Codex, or any engine, needs. */
export const GPU_NODES: Check = {
  id: "gpu.nodes",
  about: "the user may open the GPUs' device nodes",
  why: "a rootless engine has no more rights than the user",
  run({ facts, wants }) {
    const nodes = filesOf(facts, "gpu-nodes");
    const asked = wants.devices.filter((device) => device.startsWith("/dev/"))
      .map((device) => device.split(":")[0] ?? device);
    const verdicts: Verdict[] = asked.filter((path) => !nodes.has(path))
      .filter((path) => facts.commands["gpu-nodes"] !== undefined && path !== "/dev/kfd")
      .map((path) => error(`the Codex asks for ${path}, which is not there`, "ls -l /dev/dri"));
    const closed = [...nodes].filter(([path, file]) =>
      file.kind.endsWith("special file") && isShut(facts, path)
    );
    const user = userOf(facts);
    const byGroup = new Map<string, string[]>();
    for (const [path, { group }] of closed) {
      byGroup.set(group, [...byGroup.get(group) ?? [], path]);
    }
    for (const [group, paths] of byGroup) {
      const isMember = user?.groups.includes(group) === true;
      const shut = `${user?.name ?? "the user"} may not open ${paths.join(", ")}`;
      verdicts.push(
        group === "root" || isMember ? error(shut, `sudo chmod a+rw ${paths.join(" ")}`) : error(
          `${shut} (group ${group})`,
          `sudo usermod --append --groups ${group} ${
            user?.name ?? "$USER"
          } && sudo systemctl restart user@${user?.id ?? "$(id -u)"}.service`,
          "a rootless engine has no more rights than the user; sessions keep their old groups",
        ),
      );
    }
    if (verdicts.length > 0) return verdicts;
    const opened = [...nodes].filter(([, file]) => file.kind.endsWith("special file"));
    if (opened.length > 0) return [ok(`${opened.length} device nodes can be opened`)];
    return facts.commands["gpu-nodes"] === undefined
      ? [skipped(whyUnknown(facts, "dri"))]
      : [skipped("there are none")];
  },
};

function isShut(facts: Facts, path: string): boolean {
  const fact = facts.commands[`open:${path}`];
  return fact !== undefined && "exit" in fact && fact.exit !== 0;
}
