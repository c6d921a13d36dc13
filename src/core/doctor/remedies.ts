/**
 * The commands that fix a host: one table, by distribution and problem.
 *
 * A distribution has a block by its `ID` in os-release(5), with or without its version (`debian-12`), and
 * inherits the blocks of its `ID_LIKE`; {@linkcode distributionsOf} adds blocks such as `wsl`. A block needs
 * only the rows in which it differs from {@linkcode ANY}.
 *
 * A row is a command line. `{install}` inserts the row of that name for the same distribution; other names
 * in braces are values of the caller, which are quoted for the shell. A comment (four spaces and `#`) of an
 * inserted row moves to the end of the line.
 */
import type { Facts } from "../facts.ts";
import { type Command, command, type CommandPart } from "../report/mod.ts";
import { distributionsOf, userOf } from "./read/system.ts";

/** The commands of a distribution that has none of its own. */
const ANY = {
  install: "install the packages",
  /** Installs packages. */
  installPackages: "{install} {packages}",
  /** Restores the files of an installed package. */
  reinstall: "{install} {packages}",
  installIdHelpers: "{install} shadow-utils",
  /** Restores the setuid bit or the capability of newuidmap and newgidmap, whichever the package has. */
  restoreIdHelpers: "sudo chmod u+s /usr/bin/newuidmap /usr/bin/newgidmap",
  upgradeCrun: "{install} crun",
  /** Moves the images of the user to a local disk. An existing storage.conf gets the suffix `~`. */
  moveStorage:
    'sudo install -d -m 700 -o {user} {folder} && printf \'[storage]\\ndriver = "overlay"\\ngraphroot = "%s"\\n\' {folder} | install --backup -D -m 600 /dev/stdin ~/.config/containers/storage.conf    # pulls all images again',
  /** Lets one program create user namespaces in spite of AppArmor; \173 and \175 are braces. */
  allowNamespaces:
    "printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile lychd-podman %s flags=(unconfined) \\173\\n  userns,\\n\\175\\n' {program} | sudo tee /etc/apparmor.d/lychd-podman && sudo apparmor_parser --replace /etc/apparmor.d/lychd-podman",
  /** Sets kernel settings (`KEY=VALUE`) now and at each boot. */
  kernelSettings:
    "printf '%s\\n' {settings} | sudo tee /etc/sysctl.d/60-lychd-{name}.conf && sudo sysctl -p /etc/sysctl.d/60-lychd-{name}.conf",
  /** Upgrades Podman to 5.4: Debian 13, Ubuntu 25.04 and Fedora 42 have it. */
  upgradePodman: "{install} podman",
  /** Upgrades to the next release of the distribution. */
  upgradeSystem: "cat /etc/os-release    # the distribution to upgrade",
  kernelArgument:
    "sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&{argument} /' /etc/default/grub && sudo update-grub    # then reboot",
  /** Writes a drop-in of the user's service manager. */
  userManagerDropIn:
    "sudo mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\n{setting}\\n' | sudo tee /etc/systemd/system/user@.service.d/{name}.conf",
  /** Mounts the home folder before the user's systemd starts. */
  mountHomeFirst:
    "sudo mkdir -p /etc/systemd/system/user@{user}.service.d && printf '[Unit]\\nRequiresMountsFor=%s\\nAfter=remote-fs.target autofs.service\\n' {home} | sudo tee /etc/systemd/system/user@{user}.service.d/home.conf    # then reboot",
  /** Gives an LXC container enough ids for the containers in it. */
  addIdsToLxc:
    "printf 'lxc.idmap = u 0 100000 165536\\nlxc.idmap = g 0 100000 165536\\n' | sudo tee -a /etc/pve/lxc/ID.conf    # on the host of this container, whose /etc/subuid and /etc/subgid need root:100000:165536; then restart the container",
  bootSystemd: "use a host that runs systemd",
  driverOfNvidia: "modinfo nvidia    # shows whether a driver is installed",
  driverOfAmd: "sudo modprobe amdgpu",
  driverOfIntel: "sudo modprobe --all i915 xe",
  /** Loads NVIDIA's kernel module, after building it for this kernel if needed. */
  loadNvidia: "sudo modprobe nvidia",
  installNvidiaSmi: "{install} xorg-x11-drv-nvidia-cuda",
  /** Installs NVIDIA's Container Toolkit; only Arch has it in its own repository. */
  installNvidiaToolkit:
    "{install} nvidia-container-toolkit    # from https://nvidia.github.io/libnvidia-container",
  /** Turns on a boolean of SELinux's policy, now and at each boot. */
  turnOnBoolean: "sudo setsebool -P {name} on",
  /** Lets all containers use files. semanage would survive restorecon too, but is often not installed. */
  labelFiles: "sudo chcon --recursive {context} {path}    # until the next restorecon",
  /** Writes the specification of NVIDIA's GPUs. */
  generateNvidia: "sudo nvidia-ctk cdi generate {options}",
  /** Runs the service that writes it. */
  refreshNvidia: "sudo systemctl restart nvidia-cdi-refresh.service",
  generateAmd: "sudo amd-ctk cdi generate --output={path}",
  generateIntel: "sudo intel-cdi-specs-generator {options}",
} as const;

/** The name of a row. */
export type Remedy = keyof typeof ANY;

const DISTRIBUTIONS = {
  wsl: {
    bootSystemd:
      "printf '[boot]\\nsystemd=true\\n' | sudo tee -a /etc/wsl.conf && wsl.exe --shutdown",
    loadNvidia: "wsl.exe --update",
    generateNvidia: "sudo nvidia-ctk cdi generate --mode=wsl {options}",
  },
  debian: {
    install: "sudo apt-get install",
    reinstall: "sudo apt-get install --reinstall {packages}",
    installIdHelpers: "{install} uidmap",
    restoreIdHelpers: "sudo apt-get install --reinstall uidmap",
    /** Ubuntu 24.04 has 1.14.1 and Debian 12 has 1.8.1; the release is a static program. */
    upgradeCrun:
      "sudo curl -fLo /usr/local/bin/crun https://github.com/containers/crun/releases/download/1.28/crun-1.28-linux-$(dpkg --print-architecture) && sudo chmod 755 /usr/local/bin/crun && printf '[engine.runtimes]\\ncrun = [\"/usr/local/bin/crun\"]\\n' | install -D -m 644 /dev/stdin ~/.config/containers/containers.conf.d/50-crun.conf",
    upgradePodman: "{upgradeSystem}",
    driverOfNvidia: "{install} nvidia-driver    # from non-free",
    loadNvidia: "sudo modprobe nvidia || sudo dkms autoinstall",
    installNvidiaSmi: "{install} nvidia-smi",
  },
  "debian-12": {
    upgradeSystem:
      "sudo sed -i 's/bookworm/trixie/g' $(grep -rl bookworm /etc/apt/sources.list*) && sudo apt-get update && sudo apt-get full-upgrade    # read the release notes first",
  },
  ubuntu: {
    upgradeSystem: "sudo do-release-upgrade",
    driverOfNvidia: "sudo ubuntu-drivers install",
    installNvidiaSmi: "{install} nvidia-utils-{branch}",
  },
  /** Linux Mint 22, like Ubuntu 24.04, has Podman 4.9. */
  linuxmint: {
    upgradeSystem:
      "apt-cache policy podman    # Linux Mint 22 has no newer one: install LMDE 7, Debian 13 or Ubuntu 26.04",
  },
  fedora: {
    install: "sudo dnf install",
    reinstall: "sudo dnf reinstall {packages}",
    restoreIdHelpers: "sudo dnf reinstall shadow-utils",
    upgradeCrun: "sudo dnf upgrade crun",
    moveStorage:
      'sudo install -d -m 700 -o {user} {folder} && printf \'[storage]\\ndriver = "overlay"\\ngraphroot = "%s"\\n\' {folder} | install --backup -D -m 600 /dev/stdin ~/.config/containers/storage.conf && sudo semanage fcontext --add --equal /var/lib/containers/storage {folder} && sudo restorecon -R {folder}    # pulls all images again',
    upgradePodman: "sudo dnf upgrade podman",
    upgradeSystem:
      "sudo dnf system-upgrade download --releasever=$(($(rpm -E %fedora) + 1)) && sudo dnf system-upgrade reboot",
    kernelArgument: "sudo grubby --update-kernel=ALL --args={argument}    # then reboot",
    driverOfNvidia: "{install} akmod-nvidia    # from RPM Fusion",
    loadNvidia: "sudo modprobe nvidia || sudo akmods --force",
  },
  ostree: {
    install: "sudo rpm-ostree install",
    reinstall: "sudo rpm-ostree override reset --all",
    upgradeCrun: "{upgradeSystem}",
    upgradePodman: "{upgradeSystem}",
    upgradeSystem: "rpm-ostree upgrade",
    kernelArgument: "sudo rpm-ostree kargs --append={argument}    # then reboot",
  },
  arch: {
    install: "sudo pacman -S",
    installIdHelpers: "{install} shadow",
    restoreIdHelpers: "sudo pacman -S shadow",
    upgradeCrun: "sudo pacman -Syu crun",
    upgradePodman: "sudo pacman -Syu podman",
    upgradeSystem: "sudo pacman -Syu",
    kernelArgument:
      "sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&{argument} /' /etc/default/grub && sudo grub-mkconfig -o /boot/grub/grub.cfg    # then reboot",
    driverOfNvidia: "{install} nvidia-open",
    loadNvidia: "sudo modprobe nvidia || sudo dkms autoinstall",
    installNvidiaSmi: "{install} nvidia-utils",
    installNvidiaToolkit: "{install} nvidia-container-toolkit",
  },
  suse: {
    install: "sudo zypper install",
    reinstall: "sudo zypper install --force {packages}",
    restoreIdHelpers: "sudo zypper install --force shadow",
    upgradeCrun: "sudo zypper update crun",
    upgradePodman: "sudo zypper update podman",
    upgradeSystem: "sudo zypper dup",
  },
  alpine: { install: "sudo apk add" },
  nixos: {
    install: "nix-shell -p",
    restoreIdHelpers: "sudo nixos-rebuild switch    # creates the wrappers in /run/wrappers again",
    /** The service of the module `hardware.nvidia-container-toolkit`, which writes its own file. */
    refreshNvidia: "sudo systemctl restart nvidia-container-toolkit-cdi-generator.service",
  },
} as const satisfies Readonly<Record<string, Partial<Readonly<Record<Remedy, string>>>>>;

type Table = typeof DISTRIBUTIONS & { readonly any: typeof ANY };

/** The texts of a row in every block that has it. */
type Text<R extends Remedy, Block = Table[keyof Table]> = Block extends
  Readonly<Record<R, infer T extends string>> ? T : never;

type NameIn<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NameIn<Rest>
  : never;

/** The values that a row needs on any distribution. */
type ValueOf<R extends Remedy> = Exclude<NameIn<Text<R>>, Remedy>;

type Values<R extends Remedy> = [ValueOf<R>] extends [never] ? []
  : [Readonly<Record<ValueOf<R>, CommandPart>>];

/** Returns the command of a row for the distribution of a host. */
export function remedy<R extends Remedy>(facts: Facts, name: R, ...[values]: Values<R>): Command {
  const [line, ...comments] = fill(distributionsOf(facts), name, values ?? {});
  return { line: [line, comments.join("; ")].filter((part) => part !== "").join("    # ") };
}

/** Returns the line of a row, followed by its comments and those of inserted rows. */
function fill(
  distributions: readonly string[],
  name: Remedy,
  values: Readonly<Record<string, CommandPart>>,
): readonly string[] {
  const table: Readonly<Record<string, Partial<Readonly<Record<Remedy, string>>>>> = DISTRIBUTIONS;
  const row = distributions.flatMap((block) => table[block]?.[name] ?? [])[0] ?? ANY[name];
  const [line = "", ...comments] = row.split("    # ");
  const filled = line.replace(/\{(\w+)\}/g, (_, key: string) => {
    if (!isRemedy(key)) return command`${values[key] ?? ""}`.line;
    const [inserted = "", ...others] = fill(distributions, key, values);
    comments.push(...others);
    return inserted;
  });
  return [filled, ...comments];
}

function isRemedy(name: string): name is Remedy {
  return Object.hasOwn(ANY, name);
}

/** Returns the command that moves the images of the user to a local disk. */
export function moveStorage(facts: Facts): Command {
  const user = userOf(facts)?.name ?? command`$USER`;
  return remedy(facts, "moveStorage", { user, folder: command`/var/lib/lychd/${user}` });
}
