/** Commands that fix a host, by its distribution. */
import { type Command, command } from "../report/mod.ts";
import type { Os } from "./read/system.ts";

type PackageCommands = readonly [install: Command, reinstall?: Command, upgrade?: Command];

/** The commands that install and reinstall packages, and that upgrade one; by distribution. */
const PACKAGE_COMMANDS: Readonly<Record<string, PackageCommands>> = {
  image: [command`sudo rpm-ostree install`],
  nixos: [command`nix-shell -p`],
  debian: [command`sudo apt-get install`, command`sudo apt-get install --reinstall`],
  fedora: [command`sudo dnf install`, command`sudo dnf reinstall`, command`sudo dnf upgrade`],
  arch: [command`sudo pacman -S`, command`sudo pacman -S`, command`sudo pacman -Syu`],
  suse: [
    command`sudo zypper install`,
    command`sudo zypper install --force`,
    command`sudo zypper update`,
  ],
  alpine: [command`sudo apk add`],
};

function familyOf({ isImage, family }: Os): string {
  if (isImage) return "image";
  if (family.includes("nixos")) return "nixos";
  if (family.includes("debian")) return "debian";
  if (family.includes("fedora") || family.includes("rhel")) return "fedora";
  if (family.includes("arch")) return "arch";
  if (family.some((id) => /suse/.test(id))) return "suse";
  return family.includes("alpine") ? "alpine" : "";
}

function packageCommands(os: Os): PackageCommands {
  return PACKAGE_COMMANDS[familyOf(os)] ?? [command`install the packages`];
}

/** Returns the command that installs packages of the distribution. */
export function installCommand(os: Os, ...packages: readonly string[]): Command {
  return command`${packageCommands(os)[0]} ${packages}`;
}

/** Returns the command that restores the files of an installed package. */
export function reinstallCommand(os: Os, name: string): Command {
  if (os.isImage) return command`sudo rpm-ostree override reset --all`;
  const [install, reinstall] = packageCommands(os);
  return command`${reinstall ?? install} ${name}`;
}

/**
 * Returns the command that upgrades Podman to 5.4. Debian 13, Ubuntu 25.04 and Fedora 42 have it; older
 * releases of Debian and Ubuntu must be upgraded as a whole.
 */
export function upgradePodman(os: Os): Command {
  if (os.isImage || os.id === "debian" || os.id === "ubuntu") return upgradeCommand(os);
  const [install, , upgrade] = packageCommands(os);
  return command`${upgrade ?? install} podman`;
}

/** Returns the command that upgrades to the next release of the distribution. */
export function upgradeCommand(os: Os): Command {
  const family = familyOf(os);
  if (family === "image") return command`rpm-ostree upgrade`;
  if (os.id === "ubuntu") return command`sudo do-release-upgrade`;
  if (os.id === "debian" && os.versionId === "12") {
    return command`sudo sed -i 's/bookworm/trixie/g' $(grep -rl bookworm /etc/apt/sources.list*) && sudo apt-get update && sudo apt-get full-upgrade    # read the release notes first`;
  }
  if (family === "fedora") {
    return command`sudo dnf system-upgrade download --releasever=$(($(rpm -E %fedora) + 1)) && sudo dnf system-upgrade reboot`;
  }
  if (family === "arch") return command`sudo pacman -Syu`;
  if (family === "suse") return command`sudo zypper dup`;
  return command`cat /etc/os-release    # the distribution to upgrade`;
}

/** Returns the command that adds a kernel argument. */
export function kernelArgument(os: Os, argument: string): Command {
  if (os.isImage) return command`sudo rpm-ostree kargs --append=${argument}    # then reboot`;
  if (familyOf(os) === "fedora") {
    return command`sudo grubby --update-kernel=ALL --args=${argument}    # then reboot`;
  }
  const update = familyOf(os) === "arch"
    ? command`grub-mkconfig -o /boot/grub/grub.cfg`
    : command`update-grub`;
  return command`sudo sed -i 's/^GRUB_CMDLINE_LINUX="/&${argument} /' /etc/default/grub && sudo ${update}    # then reboot`;
}

/** Returns the command that installs a driver for GPUs of `vendor`. */
export function driverCommand(os: Os, vendor: "NVIDIA" | "AMD" | "Intel"): Command {
  if (vendor === "AMD") return command`sudo modprobe amdgpu`;
  if (vendor === "Intel") return command`sudo modprobe --all i915 xe`;
  if (os.id === "ubuntu") return command`sudo ubuntu-drivers install`;
  if (os.family.includes("debian")) {
    return command`sudo apt-get install nvidia-driver    # from non-free`;
  }
  if (os.family.includes("arch")) return command`sudo pacman -S nvidia-open`;
  if (os.family.includes("fedora")) {
    return command`sudo dnf install akmod-nvidia    # from RPM Fusion`;
  }
  return command`modinfo nvidia    # shows whether a driver is installed`;
}

/** Returns the command that loads NVIDIA's kernel module, after building it for this kernel if needed. */
export function loadNvidia(os: Os): Command {
  if (os.family.includes("fedora")) return command`sudo modprobe nvidia || sudo akmods --force`;
  return os.family.some((id) => id === "debian" || id === "arch")
    ? command`sudo modprobe nvidia || sudo dkms autoinstall`
    : command`sudo modprobe nvidia`;
}

/** Returns the command that installs nvidia-smi for `driver`. */
export function installSmi(os: Os, driver: string): Command {
  if (os.id === "debian") return installCommand(os, "nvidia-smi");
  if (os.id === "ubuntu") return installCommand(os, `nvidia-utils-${driver.split(".")[0]}`);
  if (os.family.includes("arch")) return installCommand(os, "nvidia-utils");
  return installCommand(os, "xorg-x11-drv-nvidia-cuda");
}

/** Returns the command that installs NVIDIA's Container Toolkit; only Arch has it in its own repository. */
export function installToolkit(os: Os): Command {
  const install = installCommand(os, "nvidia-container-toolkit");
  return os.family.includes("arch")
    ? install
    : command`${install}    # from https://nvidia.github.io/libnvidia-container`;
}

/** Returns the command that writes a drop-in of the user's service manager. */
export function userManagerDropIn(name: string, setting: Command): Command {
  const folder = "/etc/systemd/system/user@.service.d";
  return command`sudo mkdir -p ${folder} && printf '[Service]\n${setting}\n' | sudo tee ${folder}/${name}.conf`;
}
