import { type Facts, outputOf } from "../../facts.ts";
import { type Command, command } from "../../report/mod.ts";

/** A distribution, as its os-release(5) tells. */
export interface Os {
  /** `ID`, such as `fedora`. */
  readonly id: string;
  /** `ID` and the words of `ID_LIKE`. */
  readonly family: readonly string[];
  readonly versionId: string;
  /** Its name for people. */
  readonly title: string;
  /** Whether its packages are layered on an image (rpm-ostree). */
  readonly isImage: boolean;
}

/** The distribution; its fields are empty where it does not tell. */
export function osOf(facts: Facts): Os {
  const values = new Map(
    (outputOf(facts, "os-release") ?? "").split("\n").flatMap((line) => {
      const found = /^(\w+)=(?:"([^"]*)"|'([^']*)'|(.*))$/.exec(line);
      return found === null ? [] : [[found[1], found[2] ?? found[3] ?? found[4] ?? ""] as const];
    }),
  );
  const id = values.get("ID") ?? "";
  return {
    id,
    family: [id, ...(values.get("ID_LIKE") ?? "").split(" ")].filter((word) => word !== ""),
    versionId: values.get("VERSION_ID") ?? "",
    title: values.get("PRETTY_NAME") ?? (id || "this distribution"),
    isImage: values.has("OSTREE_VERSION"),
  };
}

/** Whether this is Linux below Windows. */
export function isWsl(facts: Facts): boolean {
  return /microsoft/i.test(outputOf(facts, "kernel") ?? "");
}

/** The command that installs packages of the distribution. */
export function installCommand(os: Os, ...packages: readonly string[]): Command {
  if (os.isImage) return command`sudo rpm-ostree install ${packages}`;
  if (os.family.includes("nixos")) return command`nix-shell -p ${packages}`;
  if (os.family.includes("debian")) return command`sudo apt-get install ${packages}`;
  if (os.family.some((id) => id === "fedora" || id === "rhel")) {
    return command`sudo dnf install ${packages}`;
  }
  if (os.family.includes("arch")) return command`sudo pacman -S ${packages}`;
  if (os.family.some((id) => /suse/.test(id))) return command`sudo zypper install ${packages}`;
  if (os.family.includes("alpine")) return command`sudo apk add ${packages}`;
  return command`install the packages ${packages}`;
}

/** The command that brings the next release of the distribution. */
export function upgradeCommand(os: Os): Command {
  if (os.isImage) return command`rpm-ostree upgrade`;
  if (os.id === "ubuntu") return command`sudo do-release-upgrade`;
  if (os.id === "debian" && os.versionId === "12") {
    return command`sudo sed -i 's/bookworm/trixie/g' $(grep -rl bookworm /etc/apt/sources.list*) && sudo apt-get update && sudo apt-get full-upgrade    # read the release notes first`;
  }
  if (os.family.includes("fedora")) {
    return command`sudo dnf system-upgrade download --releasever=$(($(rpm -E %fedora) + 1)) && sudo dnf system-upgrade reboot`;
  }
  if (os.family.includes("arch")) return command`sudo pacman -Syu`;
  if (os.family.some((id) => /suse/.test(id))) return command`sudo zypper dup`;
  return command`cat /etc/os-release    # what to upgrade`;
}

/** The command that puts the files of an installed package back. */
export function reinstallCommand(os: Os, name: string): Command {
  if (os.isImage) return command`sudo rpm-ostree override reset --all`;
  if (os.family.includes("debian")) return command`sudo apt-get install --reinstall ${name}`;
  if (os.family.some((id) => id === "fedora" || id === "rhel")) {
    return command`sudo dnf reinstall ${name}`;
  }
  if (os.family.some((id) => /suse/.test(id))) return command`sudo zypper install --force ${name}`;
  return installCommand(os, name);
}

/** The command that adds an argument to the kernel's. */
export function kernelArgument(os: Os, argument: string): Command {
  if (os.isImage) return command`sudo rpm-ostree kargs --append=${argument}    # then reboot`;
  if (os.family.includes("fedora") || os.family.includes("rhel")) {
    return command`sudo grubby --update-kernel=ALL --args=${argument}    # then reboot`;
  }
  if (os.family.includes("arch")) {
    return command`sudo sed -i 's/^GRUB_CMDLINE_LINUX="/&${argument} /' /etc/default/grub && sudo grub-mkconfig -o /boot/grub/grub.cfg    # then reboot`;
  }
  return command`sudo sed -i 's/^GRUB_CMDLINE_LINUX="/&${argument} /' /etc/default/grub && sudo update-grub    # then reboot`;
}
