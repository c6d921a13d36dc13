import type { Facts } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped, warning } from "../check.ts";
import { type CdiFile, effectiveSpecs, hostPathOf } from "../read/cdi.ts";
import { type FileFact, filesOf } from "../read/files.ts";
import { isNvidiaBroken } from "../read/gpus.ts";
import { regenerate } from "./cdi.ts";

/** Whether all that the specifications name is there, with the numbers that they name. */
export const CDI_NODES: Check = {
  id: "cdi.nodes",
  about: "nodes and files of specifications are there, as numbered",
  why: "NVIDIA's major numbers change from boot to boot, and a file that is gone stops the engine",
  run(subject) {
    const { facts } = subject;
    const specs = effectiveSpecs(facts);
    if (specs.length === 0) return [skipped("no specification counts")];
    const files = filesOf(facts, "cdi-paths");
    if (facts.commands["cdi-paths"] === undefined) return [skipped("the paths were not asked")];
    return specs.map((file) => {
      const gone = [...(file.spec?.nodes ?? []).map(hostPathOf), ...file.spec?.paths ?? []]
        .filter((path) => !files.has(path));
      if (gone.length > 0) {
        const check = gone.some((path) => path.startsWith("/dev/nvidia")) && nvidiaFault(facts);
        if (check) {
          return skipped(`${file.path} names ${gone[0]}, which is not there: see ${check}`);
        }
        const what = gone.length === 1
          ? `${gone[0]}, which is not there`
          : `${gone[0]} and ${gone.length - 1} more that are not there`;
        return error(`${file.path} names ${what}`, regenerate(facts, file.path));
      }
      if (lacksUvm(file)) {
        return error(
          `${file.path} does not name /dev/nvidia-uvm`,
          command`sudo nvidia-modprobe -u -c=0 && ${regenerate(facts, file.path)}`,
          "it was made before that node was there: nvidia-smi works in a container, CUDA does not",
        );
      }
      const moved = movedNode(file, files);
      return moved === undefined
        ? ok(
          `${file.path}: ${file.spec?.nodes.length ?? 0} nodes and ${
            file.spec?.paths.length ?? 0
          } files are there`,
        )
        : warning(
          `${file.path} says ${moved.said} of ${moved.path}, which is ${moved.is}`,
          regenerate(facts, file.path),
          "it was made before the driver was loaded anew; rootless Podman takes the node as it is, others do not",
        );
    });
  },
};

/** The check that tells why nodes of NVIDIA's are not there, when it is no fault of the file. */
function nvidiaFault(facts: Facts): string | undefined {
  if (isNvidiaBroken(facts)) return "gpu.driver";
  return filesOf(facts, "gpu-nodes").has("/dev/nvidia-uvm") ? undefined : "gpu.uvm";
}

/** Whether it gives GPUs, but not the node by which CUDA reaches their memory. */
function lacksUvm({ spec }: CdiFile): boolean {
  const paths = (spec?.nodes ?? []).map(({ path }) => path);
  return spec?.kind === "nvidia.com/gpu" && paths.some((path) => /^\/dev\/nvidia\d/.test(path)) &&
    !paths.includes("/dev/nvidia-uvm");
}

/** A node with other numbers than the specification says; a missing minor number is 0. */
function movedNode({ spec }: CdiFile, files: ReadonlyMap<string, FileFact>) {
  for (const node of spec?.nodes ?? []) {
    const file = files.get(hostPathOf(node));
    if (node.major === undefined || node.major === 0 || file === undefined) continue;
    const said = `${node.major}:${node.minor ?? 0}`;
    const is = `${file.major}:${file.minor}`;
    if (said !== is) return { path: hostPathOf(node), said, is };
  }
  return undefined;
}
