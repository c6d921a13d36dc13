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
  /** Gives the user subordinate ids. */
  addIds: "sudo usermod {options} {user} && podman system migrate",
  /** Restores the setuid bit or the capability of newuidmap and newgidmap, whichever the package has. */
  restoreIdHelpers: "sudo chmod u+s /usr/bin/newuidmap /usr/bin/newgidmap",
  /** Restores the files of Podman's configuration that all its programs need. */
  restorePodmanFiles: "{install} containers-common",
  /** Adds the user to a group, and then does `restart`, with which the user's systemd gets it. */
  addToGroup: "sudo usermod --append --groups {group} {user} && {restart}",
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
  installPodman: "{install} podman",
  /** Upgrades Podman to 5.4: Debian 13, Ubuntu 25.04, Fedora 42 and EL 9.6 have it. */
  upgradePodman: "{install} podman",
  /** Moves the database from BoltDB to SQLite. */
  moveDatabase: "{upgradePodman}    # to 5.8, before 6.0; then reboot",
  /** Upgrades to the next release of the distribution. */
  upgradeSystem: "cat /etc/os-release    # the distribution to upgrade",
  kernelArgument: "{editGrub} && sudo update-grub    # then reboot",
  /** The first part of adding a kernel argument. */
  editGrub: "sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&{argument} /' /etc/default/grub",
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
  reboot: "sudo reboot",

  /** Installs the driver of NVIDIA: the open kernel modules, where the distribution has a choice. */
  driverOfNvidia: "modinfo nvidia    # shows whether a driver is installed",
  driverOfAmd: "sudo modprobe amdgpu",
  driverOfIntel: "sudo modprobe --all i915 xe",
  /** Loads NVIDIA's kernel module; the reason why it is not loaded is unknown. */
  loadNvidia: 'sudo modprobe nvidia    # "Key was rejected by service": {trustNvidia}',
  /** Builds NVIDIA's kernel module for the kernel that runs. */
  buildNvidia: "{driverOfNvidia}",
  /** Lets Secure Boot accept kernel modules that this host has built: its key becomes a MOK. */
  trustNvidia: "sudo mokutil --import /var/lib/dkms/mok.pub    # then reboot and enroll the key",
  /** Replaces NVIDIA's closed kernel modules with the open ones. */
  openNvidiaModules:
    "cat /proc/driver/nvidia/version    # install the open kernel modules of this version, then reboot",
  /** Replaces NVIDIA's open kernel modules with the closed ones. */
  closedNvidiaModules:
    "cat /proc/driver/nvidia/version    # install the closed kernel modules of this version, then reboot",
  /** Installs the last driver for Maxwell, Pascal and Volta. */
  legacyNvidia: "cat /proc/driver/nvidia/version    # install a 580 driver, then reboot",
  /** Upgrades NVIDIA's driver to a branch, such as 580. */
  upgradeNvidia: "{driverOfNvidia}    # {branch} or newer, then reboot",
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
  /** Gives the host a GPU that `holder` keeps for a virtual machine (kernel.org, sysfs-bus-pci). */
  takeFromVirtualMachine:
    "echo {driver} | sudo tee /sys/bus/pci/devices/{address}/driver_override && echo {address} | sudo tee /sys/bus/pci/drivers/{holder}/unbind && sudo modprobe {driver} && echo {address} | sudo tee /sys/bus/pci/drivers_probe    # stop the virtual machine first; for the next boot: grep -rs vfio /etc/modprobe.d /proc/cmdline",
} as const;

/** The name of a row. */
export type Remedy = keyof typeof ANY;

const DISTRIBUTIONS = {
  wsl: {
    reboot: "wsl.exe --shutdown    # ends everything in WSL",
    generateNvidia: "sudo nvidia-ctk cdi generate --mode=wsl {options}",
    bootSystemd:
      "printf '[boot]\\nsystemd=true\\n' | sudo tee -a /etc/wsl.conf && wsl.exe --shutdown    # ends everything in WSL",
    // The kernel of WSL is configured in Windows (learn.microsoft.com, "Advanced settings configuration in WSL").
    kernelArgument:
      "printf '[wsl2]\\nkernelCommandLine={argument}\\n' >> \"$(wslpath \"$(cmd.exe /c 'echo %USERPROFILE%' 2>/dev/null | tr -d '\\r')\")/.wslconfig\" && wsl.exe --shutdown    # ends everything in WSL; a .wslconfig with [wsl2] needs only the second line",
    // The driver of Windows is the driver of WSL.
    driverOfNvidia: "wsl.exe --update",
    loadNvidia: "wsl.exe --update && wsl.exe --shutdown    # ends everything in WSL",
    upgradeNvidia: "wsl.exe --update    # and install driver {branch} or newer in Windows",
  },
  debian: {
    install: "sudo apt-get install",
    reinstall: "sudo apt-get install --reinstall {packages}",
    installIdHelpers: "{install} uidmap",
    restoreIdHelpers: "sudo apt-get install --reinstall uidmap",
    restorePodmanFiles:
      "sudo apt-get install --reinstall -o Dpkg::Options::=--force-confmiss golang-github-containers-common",
    /** Ubuntu 24.04 has 1.14.1 and Debian 12 has 1.8.1; the release is a static program. */
    upgradeCrun:
      "sudo curl -fLo /usr/local/bin/crun https://github.com/containers/crun/releases/download/1.28/crun-1.28-linux-$(dpkg --print-architecture) && sudo chmod 755 /usr/local/bin/crun && printf '[engine.runtimes]\\ncrun = [\"/usr/local/bin/crun\"]\\n' | install -D -m 644 /dev/stdin ~/.config/containers/containers.conf.d/50-crun.conf",
    upgradePodman: "{upgradeSystem}",
    // wiki.debian.org/NvidiaGraphicsDrivers, SecureBoot.
    driverOfNvidia:
      "{install} linux-headers-$(dpkg --print-architecture) nvidia-driver    # from non-free",
    loadNvidia:
      'sudo modprobe nvidia || sudo dkms autoinstall    # "Key was rejected by service": {trustNvidia}',
    buildNvidia:
      "{install} linux-headers-$(uname -r) && sudo dkms autoinstall && sudo modprobe nvidia",
    // NVIDIA's repository has the first package, Debian the second one.
    openNvidiaModules:
      "{install} nvidia-open || {install} nvidia-open-kernel-dkms    # then reboot",
    // Debian 13 has 550. Driver Installation Guide, "Debian".
    upgradeNvidia:
      "curl -fLO https://developer.download.nvidia.com/compute/cuda/repos/debian$(. /etc/os-release && echo $VERSION_ID)/x86_64/cuda-keyring_1.1-1_all.deb && sudo dpkg -i cuda-keyring_1.1-1_all.deb && sudo apt-get update && {install} nvidia-open    # {branch} or newer, then reboot",
    closedNvidiaModules: "{install} cuda-drivers || {install} nvidia-kernel-dkms    # then reboot",
    // Driver Installation Guide, "Version locking".
    legacyNvidia: "{install} nvidia-driver-pinning-580 && {install} cuda-drivers    # then reboot",
    installNvidiaSmi: "{install} nvidia-smi",
  },
  /** It keeps Podman 5.4, which has no way to move it. */
  "debian-13": {
    moveDatabase: "podman system reset    # removes all images and containers; then uses SQLite",
  },
  "debian-12": {
    upgradeSystem:
      "sudo sed -i 's/bookworm/trixie/g' $(grep -rl bookworm /etc/apt/sources.list*) && sudo apt-get update && sudo apt-get full-upgrade    # read the release notes first",
  },
  ubuntu: {
    upgradeSystem: "sudo do-release-upgrade",
    driverOfNvidia: "sudo ubuntu-drivers install",
    // Canonical signs the modules that ubuntu-drivers installs; DKMS signs with this key.
    loadNvidia:
      'sudo modprobe nvidia || sudo ubuntu-drivers install    # "Key was rejected by service": {trustNvidia}',
    buildNvidia: "sudo ubuntu-drivers install && sudo modprobe nvidia",
    trustNvidia:
      "sudo mokutil --import /var/lib/shim-signed/mok/MOK.der    # then reboot and enroll the key",
    openNvidiaModules: "{install} nvidia-driver-{branch}-open    # then reboot",
    closedNvidiaModules: "{install} nvidia-driver-{branch}    # then reboot",
    legacyNvidia: "{install} nvidia-driver-580    # then reboot",
    upgradeNvidia: "{install} nvidia-driver-{branch}-open    # then reboot",
    installNvidiaSmi: "{install} nvidia-utils-{branch}",
  },
  // Linux Mint 22 and Pop!_OS 24.04 have the Podman 4.9 of Ubuntu 24.04.
  linuxmint: {
    upgradeSystem:
      "apt-cache policy podman systemd    # Linux Mint 22 and LMDE 6 have no newer ones: install LMDE 7, Debian 13 or Ubuntu 26.04",
  },
  pop: {
    upgradeSystem:
      "apt-cache policy podman systemd    # Pop!_OS 24.04 has no newer ones: install Debian 13 or Ubuntu 26.04",
    // It starts with systemd-boot.
    kernelArgument: "sudo kernelstub --add-options {argument}    # then reboot",
    // Pop!_OS has its own packages of the driver.
    driverOfNvidia: "{install} system76-driver-nvidia",
    loadNvidia: "sudo modprobe nvidia || sudo dkms autoinstall",
  },
  fedora: {
    install: "sudo dnf install",
    reinstall: "sudo dnf reinstall {packages}",
    restoreIdHelpers: "sudo dnf reinstall shadow-utils",
    restorePodmanFiles: "sudo dnf reinstall containers-common",
    upgradeCrun: "sudo dnf upgrade crun",
    moveStorage:
      'sudo install -d -m 700 -o {user} {folder} && printf \'[storage]\\ndriver = "overlay"\\ngraphroot = "%s"\\n\' {folder} | install --backup -D -m 600 /dev/stdin ~/.config/containers/storage.conf && sudo semanage fcontext --add --equal /var/lib/containers/storage {folder} && sudo restorecon -R {folder}    # pulls all images again',
    upgradePodman: "sudo dnf upgrade podman",
    upgradeSystem:
      "sudo dnf system-upgrade download --releasever=$(($(rpm -E %fedora) + 1)) && sudo dnf system-upgrade reboot",
    kernelArgument: "sudo grubby --update-kernel=ALL --args={argument}    # then reboot",
    // rpmfusion.org, Howto/NVIDIA and Howto/Secure Boot.
    driverOfNvidia: "{install} akmod-nvidia xorg-x11-drv-nvidia-cuda    # from RPM Fusion",
    loadNvidia:
      'sudo modprobe nvidia || sudo akmods --force    # "Key was rejected by service": {trustNvidia}',
    buildNvidia:
      "{install} kernel-devel-$(uname -r) && sudo akmods --force && sudo modprobe nvidia",
    trustNvidia:
      "sudo mokutil --import /etc/pki/akmods/certs/public_key.der    # then reboot and enroll the key",
    openNvidiaModules:
      "echo '%_with_kmod_nvidia_open 1' | sudo tee /etc/rpm/macros.nvidia-kmod && sudo akmods --force --rebuild    # then reboot",
    closedNvidiaModules:
      "sudo rm /etc/rpm/macros.nvidia-kmod && sudo akmods --force --rebuild    # then reboot",
    legacyNvidia: "sudo dnf swap akmod-nvidia akmod-nvidia-580xx --allowerasing    # then reboot",
    upgradeNvidia: "sudo dnf upgrade '*nvidia*'    # {branch} or newer, then reboot",
  },
  // RHEL and its rebuilds. Driver Installation Guide, "Red Hat Enterprise Linux".
  el: {
    // wiki.almalinux.org, "ELevate"; Red Hat's own repositories have leapp-upgrade without it.
    upgradeSystem:
      "{install} leapp-upgrade && sudo leapp preupgrade    # read its report; then sudo leapp upgrade, and reboot",
    driverOfNvidia:
      "sudo dnf config-manager --add-repo https://developer.download.nvidia.com/compute/cuda/repos/rhel$(rpm -E %rhel)/$(uname -m)/cuda-rhel$(rpm -E %rhel).repo && sudo dnf install nvidia-open    # dkms is in EPEL",
    loadNvidia:
      'sudo modprobe nvidia || sudo dkms autoinstall    # "Key was rejected by service": {trustNvidia}',
    buildNvidia:
      "{install} kernel-devel-$(uname -r) && sudo dkms autoinstall && sudo modprobe nvidia",
    trustNvidia: "sudo mokutil --import /var/lib/dkms/mok.pub    # then reboot and enroll the key",
    openNvidiaModules: "{install} nvidia-open --allowerasing    # then reboot",
    closedNvidiaModules: "{install} cuda-drivers --allowerasing    # then reboot",
    installNvidiaSmi: "{install} nvidia-driver-cuda",
  },
  // EL 8 has Podman 4.9, and the driver is a module of DNF.
  "el-8": {
    upgradePodman: "{upgradeSystem}",
    openNvidiaModules:
      "sudo dnf module reset nvidia-driver && sudo dnf module install nvidia-driver:open-dkms --allowerasing    # then reboot",
    legacyNvidia:
      "sudo dnf module reset nvidia-driver && sudo dnf module install nvidia-driver:580-dkms --allowerasing    # then reboot",
  },
  "el-9": {
    openNvidiaModules:
      "sudo dnf module reset nvidia-driver && sudo dnf module install nvidia-driver:open-dkms --allowerasing    # then reboot",
    legacyNvidia:
      "sudo dnf module reset nvidia-driver && sudo dnf module install nvidia-driver:580-dkms --allowerasing    # then reboot",
  },
  almalinux: {
    upgradeSystem:
      "{install} https://repo.almalinux.org/elevate/elevate-release-latest-el$(rpm -E %rhel).noarch.rpm && {install} leapp-upgrade leapp-data-almalinux && sudo leapp preupgrade    # read its report; then sudo leapp upgrade, and reboot",
    // wiki.almalinux.org, "NVIDIA": signed for Secure Boot by AlmaLinux.
    driverOfNvidia:
      "{install} almalinux-release-nvidia-driver && {install} nvidia-open-kmod nvidia-driver-cuda    # then reboot",
  },
  // RHEL and Oracle Linux have leapp; their rebuilds get it from AlmaLinux (wiki.almalinux.org, "ELevate").
  rocky: {
    upgradeSystem:
      "{install} https://repo.almalinux.org/elevate/elevate-release-latest-el$(rpm -E %rhel).noarch.rpm && {install} leapp-upgrade leapp-data-rocky && sudo leapp preupgrade    # read its report; then sudo leapp upgrade, and reboot",
  },
  centos: {
    upgradeSystem:
      "{install} https://repo.almalinux.org/elevate/elevate-release-latest-el$(rpm -E %rhel).noarch.rpm && {install} leapp-upgrade leapp-data-centos && sudo leapp preupgrade    # read its report; then sudo leapp upgrade, and reboot",
  },
  // Packages are layered on an image.
  ostree: {
    install: "sudo rpm-ostree install",
    // Groups of the image are in /usr/lib/group, where usermod does not look (rpm-ostree#49).
    addToGroup:
      "grep -q ^{group}: /etc/group || getent group {group} | sudo tee -a /etc/group; sudo usermod --append --groups {group} {user} && {restart}",
    upgradeCrun: "{upgradeSystem}",
    installPackages: "{install} {packages}    # then reboot",
    installPodman: "{install} podman    # then reboot",
    reinstall: "sudo rpm-ostree override reset --all    # then reboot",
    upgradePodman: "{upgradeSystem}",
    upgradeSystem: "rpm-ostree upgrade    # then reboot",
    kernelArgument: "sudo rpm-ostree kargs --append={argument}    # then reboot",
    // rpmfusion.org, Howto/NVIDIA, "OSTree".
    driverOfNvidia:
      "{install} akmod-nvidia xorg-x11-drv-nvidia-cuda && sudo rpm-ostree kargs --append=rd.driver.blacklist=nouveau,nova_core --append=modprobe.blacklist=nouveau,nova_core    # from RPM Fusion, then reboot; some images have a variant with the driver",
    loadNvidia: 'sudo modprobe nvidia    # "Key was rejected by service": {trustNvidia}',
    buildNvidia: "rpm-ostree upgrade    # builds it for the kernel of the next image, then reboot",
    openNvidiaModules:
      "rpm-ostree status    # rebase to the variant of this image with nvidia-open, then reboot",
    closedNvidiaModules:
      "rpm-ostree status    # rebase to the variant of this image with nvidia, then reboot",
    legacyNvidia: "rpm-ostree status    # rebase to an image with driver 580, then reboot",
    upgradeNvidia: "rpm-ostree upgrade    # {branch} or newer, then reboot",
  },
  bazzite: { trustNvidia: "ujust enroll-secure-boot-key    # then reboot and enroll the key" },
  arch: {
    install: "sudo pacman -S",
    installIdHelpers: "{install} shadow",
    restoreIdHelpers: "sudo pacman -S shadow",
    upgradeCrun: "sudo pacman -Syu crun",
    upgradePodman: "sudo pacman -Syu podman",
    upgradeSystem: "sudo pacman -Syu",
    kernelArgument: "{editGrub} && sudo grub-mkconfig -o /boot/grub/grub.cfg    # then reboot",
    driverOfNvidia: "{install} nvidia-open",
    // pacman removes the modules of the kernel that runs when it upgrades it.
    loadNvidia:
      "sudo modprobe nvidia || sudo dkms autoinstall    # after an upgrade of the kernel: reboot",
    buildNvidia: "sudo dkms autoinstall && sudo modprobe nvidia",
    openNvidiaModules: "{install} nvidia-open-dkms    # then reboot",
    closedNvidiaModules: "{legacyNvidia}",
    legacyNvidia:
      "{install} --needed base-devel    # then nvidia-580xx-dkms of the AUR, and reboot",
    upgradeNvidia: "{upgradeSystem}    # then reboot",
    installNvidiaSmi: "{install} nvidia-utils",
    installNvidiaToolkit: "{install} nvidia-container-toolkit",
  },
  // The root is read-only, and an update replaces it.
  steamos: {
    install: "sudo steamos-readonly disable && sudo pacman -S",
    installPackages: "{install} {packages}    # the next update of SteamOS removes it",
    installPodman: "{install} podman    # the next update of SteamOS removes it",
    upgradeCrun: "{upgradeSystem}",
    upgradePodman: "{upgradeSystem}",
    upgradeSystem: "steamos-update    # then reboot",
  },
  suse: {
    install: "sudo zypper install",
    reinstall: "sudo zypper install --force {packages}",
    restoreIdHelpers: "sudo zypper install --force shadow",
    restorePodmanFiles: "sudo zypper install --force libcontainers-common",
    upgradeCrun: "sudo zypper update crun",
    installIdHelpers: "{install} shadow",
    upgradePodman: "sudo zypper update podman",
    upgradeSystem: "sudo zypper dup",
    // pbl(8): for GRUB and systemd-boot.
    kernelArgument: "sudo pbl --add-option {argument} --config    # then reboot",
    // en.opensuse.org, SDB:NVIDIA drivers: SUSE signs the open modules.
    driverOfNvidia: "{install} openSUSE-repos-Tumbleweed-NVIDIA && {openNvidiaModules}",
    loadNvidia: 'sudo modprobe nvidia    # "Key was rejected by service": {trustNvidia}',
    trustNvidia:
      "sudo mokutil --import /usr/share/nvidia-pubkeys/MOK-nvidia-driver-*.der    # then reboot and enroll the key",
    openNvidiaModules:
      "{install} nvidia-open-driver-G06-signed-kmp-default nvidia-compute-utils-G06    # then reboot",
    installNvidiaSmi: "{install} nvidia-compute-utils-G06",
  },
  // documentation.suse.com, SLES: Upgrade Guide; the NVIDIA Compute module.
  sles: {
    upgradeSystem: "sudo zypper migration    # then reboot",
    upgradePodman: "{upgradeSystem}",
    driverOfNvidia:
      "sudo SUSEConnect --product sle-module-NVIDIA-compute/$(. /etc/os-release && echo $VERSION_ID | cut -d . -f 1)/$(uname -m) && {openNvidiaModules}",
  },
  // en.opensuse.org, SDB:System upgrade to Leap 16.0.
  "opensuse-leap": {
    upgradeSystem: "{install} opensuse-migration-tool && sudo opensuse-migration-tool",
    upgradePodman: "{upgradeSystem}",
    driverOfNvidia: "{install} openSUSE-repos-Leap-NVIDIA && {openNvidiaModules}",
  },
  // The root of openSUSE MicroOS, Aeon and SL Micro is read-only (transactional-update(8)).
  transactional: {
    install: "sudo transactional-update pkg install",
    installPackages: "{install} {packages}    # then reboot",
    installPodman: "{install} podman    # then reboot",
    installIdHelpers: "{install} shadow    # then reboot",
    reinstall: "sudo transactional-update pkg install --force {packages}    # then reboot",
    restoreIdHelpers: "sudo transactional-update pkg install --force shadow    # then reboot",
    upgradeCrun: "{upgradeSystem}",
    upgradePodman: "{upgradeSystem}",
    upgradeSystem: "sudo transactional-update dup    # then reboot",
    kernelArgument:
      "sudo transactional-update run pbl --add-option {argument} --config    # then reboot",
    driverOfNvidia:
      "{install} openSUSE-repos-MicroOS-NVIDIA && sudo transactional-update --continue pkg install nvidia-open-driver-G06-signed-kmp-default nvidia-compute-utils-G06    # then reboot",
    installNvidiaSmi: "{install} nvidia-compute-utils-G06    # then reboot",
  },
  alpine: { install: "sudo apk add" },
  // nixos.org, options: everything is set in one file.
  nixos: {
    restoreIdHelpers: "sudo nixos-rebuild switch    # creates the wrappers in /run/wrappers again",
    /** The service of the module `hardware.nvidia-container-toolkit`, which writes its own file. */
    refreshNvidia: "sudo systemctl restart nvidia-container-toolkit-cdi-generator.service",
    upgradeCrun: "{upgradeSystem}",
    install: "sudoedit /etc/nixos/configuration.nix && sudo nixos-rebuild switch",
    addToGroup: '{install} && {restart}    # users.users.NAME.extraGroups = [ "{group}" ];',
    addIds: "{installIdHelpers}",
    installPackages: "{install}    # environment.systemPackages = with pkgs; [ {packages} ];",
    reinstall: "sudo nix-store --verify --check-contents --repair && sudo nixos-rebuild switch",
    installPodman: "{install}    # virtualisation.podman.enable = true;",
    installIdHelpers: "{install}    # users.users.NAME.autoSubUidGidRange = true;",
    upgradePodman: "{upgradeSystem}",
    upgradeSystem:
      "sudo nixos-rebuild switch --upgrade    # after nix-channel --add of the next release",
    kernelArgument: '{install}    # boot.kernelParams = [ "{argument}" ]; then reboot',
    userManagerDropIn: '{install}    # systemd.services."user@".serviceConfig: {setting}',
    driverOfNvidia:
      '{install}    # services.xserver.videoDrivers = [ "nvidia" ]; hardware.nvidia.open = true; then reboot',
    loadNvidia: "sudo modprobe nvidia    # after nixos-rebuild with another kernel: reboot",
    openNvidiaModules: "{install}    # hardware.nvidia.open = true; then reboot",
    closedNvidiaModules: "{install}    # hardware.nvidia.open = false; then reboot",
    legacyNvidia:
      "{install}    # hardware.nvidia.package = config.boot.kernelPackages.nvidiaPackages.legacy_580; then reboot",
    installNvidiaToolkit: "{install}    # hardware.nvidia-container-toolkit.enable = true;",
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
  const [line, ...all] = fill(distributionsOf(facts), name, values ?? {});
  // `580 or newer, then reboot` says what `then reboot` of an inserted row says.
  const comments = all.filter((one) => !all.some((other) => other !== one && other.endsWith(one)));
  return { line: [line, comments.join("; ")].filter((part) => part !== "").join("    # ") };
}

/** Adds a comment to a command, which may have one already. */
export function withComment({ line }: Command, comment: Command): Command {
  return { line: `${line}${line.includes("    # ") ? "; " : "    # "}${comment.line}` };
}

/** Returns the line of a row, followed by its comments and those of inserted rows. */
function fill(
  distributions: readonly string[],
  name: Remedy,
  values: Readonly<Record<string, CommandPart>>,
): readonly string[] {
  const table: Readonly<Record<string, Partial<Readonly<Record<Remedy, string>>>>> = DISTRIBUTIONS;
  const row = distributions.flatMap((block) => table[block]?.[name] ?? [])[0] ?? ANY[name];
  const inserted: string[] = [];
  const parts = row.split("    # ").map((part) =>
    part.replace(/\{(\w+)\}/g, (_, key: string) => {
      if (!isRemedy(key)) return command`${values[key] ?? ""}`.line;
      const [line = "", ...comments] = fill(distributions, key, values);
      inserted.push(...comments);
      return line;
    })
  );
  return [...new Set([...parts, ...inserted])];
}

function isRemedy(name: string): name is Remedy {
  return Object.hasOwn(ANY, name);
}

/** Returns the command that moves the images of the user to a local disk. */
export function moveStorage(facts: Facts): Command {
  const user = userOf(facts)?.name ?? command`$USER`;
  return remedy(facts, "moveStorage", { user, folder: command`/var/lib/lychd/${user}` });
}
