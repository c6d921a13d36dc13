import { type Check, error, ok, skipped } from "../check.ts";
import { type CdiFile, effectiveSpecs } from "../read/cdi.ts";
import { isNvidiaBroken, nvidiaDriverOf } from "../read/gpus.ts";
import { regenerate } from "./cdi.ts";

/** Whether the specifications were made for the driver that runs. */
export const CDI_DRIVER: Check = {
  id: "cdi.driver",
  about: "specifications name the libraries of the driver that runs",
  why: "after an update of the driver the old libraries are gone, and the engine does not start",
  run(subject) {
    const { facts } = subject;
    const specs = effectiveSpecs(facts).filter(({ spec }) => spec?.kind.startsWith("nvidia.com/"));
    const driver = nvidiaDriverOf(facts);
    if (specs.length === 0) return [skipped("no specification of NVIDIA's counts")];
    if (isNvidiaBroken(facts)) return [skipped("see gpu.driver")];
    if (driver === undefined) return [skipped("the driver's version is not known")];
    return specs.map((file) => {
      const versions = libraryVersions(file);
      if (versions.length === 0) return skipped(`${file.path} names no version`);
      const other = versions.find((version) => version !== driver);
      return other === undefined ? ok(`${file.path} fits the driver ${driver}`) : error(
        `${file.path} is for the driver ${other}, but ${driver} runs`,
        regenerate(facts, file.path),
      );
    });
  },
};

/** The driver versions in names such as `libcuda.so.570.86.15`; `libEGL.so.1.1.0` has none. */
function libraryVersions({ spec }: CdiFile): string[] {
  const found = (spec?.paths ?? []).flatMap((path) =>
    /(?:\.so\.|\/firmware\/nvidia\/)(\d{3,}\.\d+(?:\.\d+)?)(?:$|\/)/.exec(path)?.[1] ?? []
  );
  return [...new Set(found)];
}
