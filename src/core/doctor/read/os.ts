import { type Facts, outputOf } from "../../facts.ts";

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
export function installCommand(os: Os, ...packages: readonly string[]): string {
  const names = packages.join(" ");
  if (os.isImage) return `sudo rpm-ostree install ${names}`;
  if (os.family.includes("nixos")) return `nix-shell -p ${names}`;
  if (os.family.includes("debian")) return `sudo apt-get install ${names}`;
  if (os.family.some((id) => id === "fedora" || id === "rhel")) return `sudo dnf install ${names}`;
  if (os.family.includes("arch")) return `sudo pacman -S ${names}`;
  if (os.family.some((id) => /suse/.test(id))) return `sudo zypper install ${names}`;
  if (os.family.includes("alpine")) return `sudo apk add ${names}`;
  return `install the packages ${names}`;
}

/** The command that brings the next release of the distribution. */
export function upgradeCommand(os: Os): string {
  if (os.isImage) return "rpm-ostree upgrade";
  if (os.id === "ubuntu") return "sudo do-release-upgrade";
  if (os.id === "debian" && os.versionId === "12") {
    return "sudo sed -i 's/bookworm/trixie/g' $(grep -rl bookworm /etc/apt/sources.list*) && sudo apt-get update && sudo apt-get full-upgrade    # read the release notes first";
  }
  if (os.family.includes("fedora")) {
    return "sudo dnf system-upgrade download --releasever=$(($(rpm -E %fedora) + 1)) && sudo dnf system-upgrade reboot";
  }
  if (os.family.includes("arch")) return "sudo pacman -Syu";
  if (os.family.some((id) => /suse/.test(id))) return "sudo zypper dup";
  return "cat /etc/os-release    # what to upgrade";
}

/** The command that puts the files of an installed package back. */
export function reinstallCommand(os: Os, name: string): string {
  if (os.isImage) return "sudo rpm-ostree override reset --all";
  if (os.family.includes("debian")) return `sudo apt-get install --reinstall ${name}`;
  if (os.family.some((id) => id === "fedora" || id === "rhel")) {
    return `sudo dnf reinstall ${name}`;
  }
  if (os.family.some((id) => /suse/.test(id))) return `sudo zypper install --force ${name}`;
  return installCommand(os, name);
}

/** The command that adds an argument to the kernel's. */
export function kernelArgument(os: Os, argument: string): string {
  if (os.isImage) return `sudo rpm-ostree kargs --append=${argument}    # then reboot`;
  if (os.family.includes("fedora") || os.family.includes("rhel")) {
    return `sudo grubby --update-kernel=ALL --args=${argument}    # then reboot`;
  }
  if (os.family.includes("arch")) {
    return `sudo sed -i 's/^GRUB_CMDLINE_LINUX="/&${argument} /' /etc/default/grub && sudo grub-mkconfig -o /boot/grub/grub.cfg    # then reboot`;
  }
  return `sudo sed -i 's/^GRUB_CMDLINE_LINUX="/&${argument} /' /etc/default/grub && sudo update-grub    # then reboot`;
}
