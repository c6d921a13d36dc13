/** The check of the CUDA in images, which needs a driver of its time. */
import type { Soulstone } from "../../codex/mod.ts";
import { command, countOf } from "../../report/mod.ts";
import { soulstoneUnit } from "../../rune/mod.ts";
import {
  type Check,
  error,
  ok,
  see,
  skipped,
  type Verdict,
  warning,
  withSoulstones,
} from "../check.ts";
import { devicesOf, vendorsOf } from "../needs.ts";
import { CUDA_TABLE_DATE, cudaOf, OLDEST_DRIVERS } from "../read/cuda.ts";
import { isNvgpu, isNvidiaBroken, nvidiaDriverOf } from "../read/gpus.ts";
import { areBeforeTuring } from "../read/nvidia.ts";
import { propertiesOf } from "../read/system.ts";
import { remedy } from "../remedies.ts";

/** The first CUDA without Maxwell, Pascal and Volta (CUDA 13.0 release notes, "Deprecated Architectures"). */
const CUDA_FROM_TURING = 13;

/** The check of the CUDA in images. */
export const CUDA_CHECK: Check = {
  id: "gpu.cuda",
  about: `the driver supports the CUDA of images (as of ${CUDA_TABLE_DATE})`,
  why: "CUDA needs a driver of its own generation; with an older one an engine finds no GPU",
  run: withSoulstones(({ facts, codex }) => {
    const { soulstones, settings } = codex.codex;
    const driver = nvidiaDriverOf(facts);
    if (isNvidiaBroken(facts)) return see("gpu.driver");
    if (driver === undefined) return skipped("there is no NVIDIA driver");
    if (isNvgpu(facts)) return skipped("images for a Tegra have their own CUDA");
    const branch = Number(driver.split(".")[0]);
    const isBeforeTuring = areBeforeTuring(facts);
    const withCuda = soulstones.flatMap((soulstone) => {
      const devices = devicesOf(soulstone, settings);
      const cuda = vendorsOf({ devices }).has("NVIDIA") ? cudaOf(soulstone.image) : undefined;
      const oldest = OLDEST_DRIVERS.get(cuda ?? 0);
      return cuda === undefined || oldest === undefined ? [] : [{ soulstone, cuda, oldest }];
    });
    if (withCuda.length === 0) return skipped("no image has a known CUDA");
    const verdicts = withCuda.flatMap(({ soulstone, cuda, oldest }): Verdict[] => {
      const image = `${soulstone.name}: ${soulstone.image} contains CUDA ${cuda}`;
      const edit = command`lychd edit ${soulstone.name}`;
      if (isBeforeTuring && cuda >= CUDA_FROM_TURING) {
        const old = branch < oldest ? `, and driver ${driver} is older than ${oldest}` : "";
        return [error(
          `${image}, which does not support the GPUs of this host${old}`,
          command`${edit}    # an image with CUDA ${CUDA_FROM_TURING - 1}`,
          "CUDA 13 supports no GPU before Turing",
        )];
      }
      const next = OLDEST_DRIVERS.get(cuda + 1) ?? Infinity;
      if (usesCompat(soulstone)) {
        return branch < next ? [] : [error(
          `${image} and its compat libraries, which are older than driver ${driver}`,
          command`${edit}    # remove the variable for compat libraries from env`,
          "they replace the libraries of the driver: error 803, unsupported display driver / cuda driver combination",
        )];
      }
      if (branch >= oldest) return [];
      const what = `${image}, but driver ${driver} is older than ${oldest}`;
      const fix = remedy(facts, "upgradeNvidia", { branch: oldest });
      const unit = propertiesOf(facts, "units").get(soulstoneUnit(soulstone.name).service);
      // llama.cpp warns and computes without the GPU.
      return unit?.get("ActiveState") === "active"
        ? [warning(what, fix, "the engine runs, but may not use the GPU")]
        : [error(what, fix)];
    });
    return verdicts.length > 0
      ? verdicts
      : ok(`driver ${driver} supports the CUDA of ${countOf(withCuda.length, "image")}`);
  }),
};

/** Returns true if an engine loads the driver libraries of its image (NVIDIA, "CUDA Compatibility", forward). */
function usesCompat({ env }: Soulstone): boolean {
  return env["VLLM_ENABLE_CUDA_COMPATIBILITY"] === "1" ||
    /\/compat(?:[:/]|$)/.test(env["LD_LIBRARY_PATH"] ?? "");
}
