import { command } from "../../report/mod.ts";
import { type Check, ok, skipped, type Verdict, warning } from "../check.ts";
import { type CdiFile, effectiveDevices } from "../read/cdi.ts";
import { removeRivals, wanted } from "./cdi.ts";

/** Whether one device has one definition. */
export const CDI_DUPLICATES: Check = {
  id: "cdi.duplicates",
  about: "no two specifications define one device",
  why: "of two folders the later one counts, of two files in one folder neither does",
  run(subject) {
    const { facts } = subject;
    const { clashes, hidden, devices } = effectiveDevices(facts);
    const verdicts: Verdict[] = [];
    const pathsOf = (files: readonly CdiFile[]) => files.map(({ path }) => path).join(" and ");
    const told = new Set(
      wanted(subject).flatMap((device) =>
        clashes.has(device) ? pathsOf(clashes.get(device) ?? []) : []
      ),
    );
    for (const [device, files] of clashes) {
      // Files with a device that the Codex asks for are told by cdi.devices.
      const paths = pathsOf(files);
      if (told.has(paths)) continue;
      told.add(paths);
      verdicts.push(
        warning(`${paths} both define ${device}: neither counts`, removeRivals(files)),
      );
    }
    for (const [path, by] of hidden) {
      verdicts.push(warning(
        `${path} is hidden by ${by.path}, which defines the same devices`,
        command`sudo rm ${path}`,
      ));
    }
    if (verdicts.length > 0) return verdicts;
    if (clashes.size > 0) return [skipped("see cdi.devices")];
    return devices.size === 0
      ? [skipped("nothing is defined")]
      : [ok(`${devices.size} devices, each defined once`)];
  },
};
