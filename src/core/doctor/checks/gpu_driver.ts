import { outputOf } from "../../facts.ts";
import { type Command, command } from "../../report/mod.ts";
import { type Check, error, ok, skipped } from "../check.ts";
import { nvidiaDriverOf } from "../read/gpus.ts";
import { installCommand, isWsl, type Os, osOf } from "../read/os.ts";

/** Whether NVIDIA's driver works. */
export const GPU_DRIVER: Check = {
  id: "gpu.driver",
  about: "NVIDIA's driver and its tools fit together",
  why: "CUDA needs both of the same version",
  run({ facts }) {
    const driver = nvidiaDriverOf(facts);
    if (outputOf(facts, "nvidia-smi") !== undefined) return [ok(`NVIDIA driver ${driver}`)];
    const fact = facts.commands["nvidia-smi"];
    if (fact === undefined || "failed" in fact) {
      if (fact !== undefined && /no answer/.test(fact.failed)) {
        const fix = command`sudo dmesg | grep -i -e NVRM -e Xid`;
        return [error("nvidia-smi gives no answer in time", fix)];
      }
      if (driver === undefined) return [skipped("there is no NVIDIA driver")];
      return [error(
        `the driver ${driver} is loaded, but nvidia-smi is not there`,
        installCommand(osOf(facts), smiPackage(osOf(facts), driver)),
      )];
    }
    const words = [...fact.stdout, ...fact.stderr].join(" ").trim();
    if (/version mismatch/i.test(words)) {
      return [error(
        `nvidia-smi: ${words}`,
        command`sudo reboot`,
        "the driver was updated on disk, but the kernel still has the former one",
      )];
    }
    return [error(
      `nvidia-smi: ${words || `it ended with ${fact.exit}`}`,
      isWsl(facts) ? command`wsl.exe --update` : loadCommand(osOf(facts)),
    )];
  },
};

/** Loads the module; builds it first where it was not built for this kernel. */
function loadCommand(os: Os): Command {
  if (os.family.includes("fedora")) return command`sudo modprobe nvidia || sudo akmods --force`;
  return os.family.some((id) => id === "debian" || id === "arch")
    ? command`sudo modprobe nvidia || sudo dkms autoinstall`
    : command`sudo modprobe nvidia`;
}

function smiPackage(os: Os, driver: string): string {
  if (os.id === "debian") return "nvidia-smi";
  if (os.id === "ubuntu") return `nvidia-utils-${driver.split(".")[0]}`;
  if (os.family.includes("arch")) return "nvidia-utils";
  return "xorg-x11-drv-nvidia-cuda";
}
