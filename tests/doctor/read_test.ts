/**
 * The readers of doctor, on the output of real programs: captured from Podman 4.3, 5.4 and 5.8,
 * systemd 257 and 262, iproute2 and coreutils, otherwise written from their documentation.
 */
import assert from "node:assert/strict";
import { join } from "node:path/posix";
import {
  cdiFoldersOf,
  effectiveDevices,
  effectiveSpecs,
  hostPathOf,
  specsIn,
} from "../../src/core/doctor/read/cdi.ts";
import {
  gpusOf,
  kfdTargetsOf,
  nvidiaDriverOf,
  pciGpusOf,
} from "../../src/core/doctor/read/gpus.ts";
import {
  imageNamesOf,
  podmanInfoOf,
  podmanVersionOf,
  podPortsOf,
} from "../../src/core/doctor/read/podman.ts";
import { addressesClash, listenersOf, unitOfProcess } from "../../src/core/doctor/read/ports.ts";
import { filesOf, isWsl, propertiesOf, userOf } from "../../src/core/doctor/read/system.ts";
import { compareVersions, readVersion } from "../../src/core/doctor/read/version.ts";
import { areBeforeTuring } from "../../src/core/doctor/read/nvidia.ts";
import { command } from "../../src/core/report/mod.ts";
import { remedy } from "../../src/core/doctor/remedies.ts";
import type { Fact, Facts } from "../../src/core/facts.ts";

type Output = string | { exit: number; stdout?: string; stderr?: string } | { failed: string };

/** Returns facts with the output of each command. */
function factsOf(commands: Readonly<Record<string, Output>>): Facts {
  const lines = (text = "") => text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const fact = (id: string, output: Output): Fact => {
    if (typeof output === "string") {
      return { command: id, exit: 0, stdout: lines(output), stderr: [] };
    }
    if ("failed" in output) return { command: id, failed: output.failed };
    return {
      command: id,
      exit: output.exit,
      stdout: lines(output.stdout),
      stderr: lines(output.stderr),
    };
  };
  return {
    format: 1,
    lychd: "0.1.0",
    environment: { HOME: "/home/lich" },
    commands: Object.fromEntries(Object.entries(commands).map(([id, s]) => [id, fact(id, s)])),
  };
}

function captured(file: string): string {
  return Deno.readTextFileSync(join(import.meta.dirname ?? ".", "outputs", file));
}

Deno.test("readVersion() finds the first version in the output of a program", () => {
  const versions: readonly [string, readonly number[] | undefined][] = [
    ["podman version 5.4.2", [5, 4, 2]],
    ["podman version 6.0.0-dev", [6, 0, 0]],
    ["crun version 1.21\ncommit: 10269840aa07", [1, 21, 0]],
    ["runc version 1.1.15+ds1", [1, 1, 15]],
    ["580.105.08", [580, 105, 8]],
    ["5.4", [5, 4, 0]],
    ["podman", undefined],
    ["", undefined],
  ];
  for (const [text, version] of versions) assert.deepEqual(readVersion(text), version, text);
  assert.ok(compareVersions([5, 10, 0], [5, 9, 9]) > 0);
  assert.ok(compareVersions([4, 9, 3], [5, 4, 0]) < 0);
  assert.equal(compareVersions([5, 4, 2], [5, 4, 2]), 0);
});

Deno.test("packages are installed with the tool of the distribution in os-release(5)", () => {
  const rows: readonly [text: string, install: string, reinstall: string][] = [
    [
      'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\n',
      "sudo apt-get install crun",
      "sudo apt-get install --reinstall podman",
    ],
    [
      'VERSION_ID="22.1"\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
      "sudo apt-get install crun",
      "sudo apt-get install --reinstall podman",
    ],
    [
      'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="10.1"\n',
      "sudo dnf install crun",
      "sudo dnf reinstall podman",
    ],
    [
      "ID=bazzite\nID_LIKE=\"fedora\"\nOSTREE_VERSION='43.20251110.0'\n",
      "sudo rpm-ostree install crun    # then reboot",
      "sudo rpm-ostree override reset --all    # then reboot",
    ],
    [
      'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n',
      "sudo zypper install crun",
      "sudo zypper install --force podman",
    ],
    ["ID=cachyos\nID_LIKE=arch\n", "sudo pacman -S crun", "sudo pacman -S podman"],
    [
      "ID=nixos\n",
      "sudoedit /etc/nixos/configuration.nix && sudo nixos-rebuild switch    # environment.systemPackages = with pkgs; [ crun ];",
      "sudo nix-store --verify --check-contents --repair && sudo nixos-rebuild switch",
    ],
    [
      "ID=fedora\nVERSION_ID=43\nVARIANT_ID=silverblue\n",
      "sudo rpm-ostree install crun    # then reboot",
      "sudo rpm-ostree override reset --all    # then reboot",
    ],
    [
      'ID="opensuse-microos"\nID_LIKE="suse opensuse opensuse-tumbleweed microos sl-micro"\n',
      "sudo transactional-update pkg install crun    # then reboot",
      "sudo transactional-update pkg install --force podman    # then reboot",
    ],
    ["", "install the packages crun", "install the packages podman"],
  ];
  for (const [text, install, reinstall] of rows) {
    const facts = factsOf({ "os-release": text });
    assert.equal(remedy(facts, "installPackages", { packages: "crun" }).line, install);
    assert.equal(remedy(facts, "reinstall", { packages: "podman" }).line, reinstall);
  }
});

Deno.test("a command is that of the most specific distribution, with the comments of all its parts", () => {
  const rows: readonly [osRelease: string, upgrade: string, load: string][] = [
    [
      'ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.6"\n',
      "sudo dnf install leapp-upgrade && sudo leapp preupgrade    # read its report; then sudo leapp upgrade, and reboot",
      'sudo modprobe nvidia || sudo dkms autoinstall    # "Key was rejected by service": sudo mokutil --import /var/lib/dkms/mok.pub; then reboot and enroll the key',
    ],
    [
      'ID=pop\nID_LIKE="ubuntu debian"\nVERSION_ID="24.04"\n',
      "apt-cache policy podman systemd    # Pop!_OS 24.04 has no newer ones: install Debian 13 or Ubuntu 26.04",
      "sudo modprobe nvidia || sudo dkms autoinstall",
    ],
    [
      "ID=fedora\nVERSION_ID=43\n",
      "sudo dnf system-upgrade download --releasever=$(($(rpm -E %fedora) + 1)) && sudo dnf system-upgrade reboot",
      'sudo modprobe nvidia || sudo akmods --force    # "Key was rejected by service": sudo mokutil --import /etc/pki/akmods/certs/public_key.der; then reboot and enroll the key',
    ],
  ];
  for (const [text, upgrade, load] of rows) {
    const facts = factsOf({ "os-release": text });
    assert.equal(remedy(facts, "upgradeSystem").line, upgrade);
    assert.equal(remedy(facts, "loadNvidia").line, load);
  }
});

Deno.test("each distribution has its way to upgrade, to install and to add a user to a group", () => {
  const upgrade = (text: string) => remedy(factsOf({ "os-release": text }), "upgradeSystem").line;
  assert.match(
    upgrade('ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\n'),
    /leapp-data-rocky/,
  );
  assert.match(
    upgrade('ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="9"\n'),
    /leapp-data-centos/,
  );
  assert.match(upgrade('ID="sles"\nID_LIKE="suse"\nVERSION_ID="15.7"\n'), /^sudo zypper migration/);
  assert.match(
    upgrade('ID="opensuse-leap"\nID_LIKE="suse opensuse"\n'),
    /opensuse-migration-tool$/,
  );
  assert.match(upgrade('ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n'), /^sudo zypper dup$/);
  assert.match(upgrade("ID=steamos\nID_LIKE=arch\n"), /^steamos-update/);
  const added = (text: string) => {
    const restart = command`exit    # then log in again`;
    return remedy(factsOf({ "os-release": text }), "addToGroup", {
      group: "render",
      user: "lich",
      restart,
    });
  };
  assert.equal(
    added("ID=debian\n").line,
    "sudo usermod --append --groups render lich && exit    # then log in again",
  );
  assert.equal(
    added('ID=fedora\nOSTREE_VERSION="43.1"\n').line,
    "grep -q ^render: /etc/group || getent group render | sudo tee -a /etc/group; sudo usermod --append --groups render lich && exit    # then log in again",
  );
  assert.match(added("ID=nixos\n").line, /^sudoedit .*extraGroups = \[ "render" \];/);
  const suse = factsOf({ "os-release": 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n' });
  assert.match(
    remedy(suse, "upgradeNvidia", { branch: 580 }).line,
    /[^;] {4}# 580 or newer, then reboot$/,
  );
});

Deno.test("a database of Podman 5.4 is moved by an upgrade, or removed where there is none", () => {
  const moved = (text: string) => remedy(factsOf({ "os-release": text }), "moveDatabase").line;
  assert.equal(
    moved("ID=fedora\nVERSION_ID=42\n"),
    "sudo dnf upgrade podman    # to 5.8, before 6.0; then reboot",
  );
  assert.match(moved('ID=debian\nVERSION_ID="13"\n'), /^podman system reset {4}# removes all/);
});

Deno.test("areBeforeTuring() judges by the names of nvidia-smi, otherwise by PCI ids", () => {
  const named = (...names: readonly string[]) =>
    areBeforeTuring(factsOf({
      "nvidia-smi": names.map((name, i) => `${i}, GPU-1, ${name}, 8192, 580.95.05`).join("\n"),
    }));
  const old = ["Tesla V100-SXM2-16GB", "NVIDIA TITAN V", "Tesla P40", "NVIDIA GeForce GTX 1080 Ti"];
  old.push(
    "Quadro P2000",
    "Tesla M60",
    "Quadro GV100",
    "NVIDIA GeForce GTX 970",
    "Tesla P100-PCIE-16GB",
  );
  for (const name of old) assert.equal(named(name), true, name);
  const newer = [
    "NVIDIA GeForce GTX 1660",
    "Tesla T4",
    "Quadro RTX 4000",
    "NVIDIA TITAN RTX",
    "NVIDIA L4",
  ];
  newer.push(
    "NVIDIA RTX PRO 4000 Blackwell",
    "NVIDIA A40",
    "NVIDIA GeForce RTX 4090",
    "NVIDIA A100-SXM4-40GB",
  );
  for (const name of newer) assert.equal(named(name), false, name);
  assert.equal(named("Tesla P40", "NVIDIA L4"), false);
  const bus = "/sys/bus/pci/devices/0000:01:00.0/uevent:";
  const onBus = (id: string) => areBeforeTuring(factsOf({ "pci-gpus": `${bus}PCI_ID=10DE:${id}` }));
  assert.deepEqual([onBus("1B80"), onBus("2684")], [true, false]);
  assert.equal(areBeforeTuring(factsOf({})), false);
});

Deno.test("isWsl() recognizes WSL by its kernel", () => {
  const kernel = (text: string) => isWsl(factsOf({ kernel: text }));
  assert.equal(
    kernel("Linux version 6.6.87.2-microsoft-standard-WSL2 (root@439a258ad544) (gcc (GCC) 11.2.0)"),
    true,
  );
  assert.equal(kernel("Linux version 6.12.57+deb13-amd64 (debian-kernel@lists.debian.org)"), false);
});

Deno.test("podmanInfoOf() reads `podman info` of Podman 4.3 to 5.8", () => {
  const rows: readonly [file: string, version: string, runtime: string, network?: string][] = [
    ["podman-info-4.3.1.txt", "4.3.1", "crun version 1.8.1"],
    ["podman-info-4.9.3.txt", "4.9.3", "crun version 1.14.1"],
    ["podman-info-5.4.2.txt", "5.4.2", "crun version 1.21", "pasta"],
    ["podman-info-fedora-5.7.1.txt", "5.7.1", "crun version 1.25.1", "pasta"],
    ["podman-info-5.8.6.txt", "5.8.6", "crun version 1.28", "pasta"],
  ];
  for (const [file, version, runtime, network] of rows) {
    const facts = factsOf({ "podman-info": captured(file) });
    const info = podmanInfoOf(facts);
    assert.equal(podmanVersionOf(facts)?.join("."), version);
    assert.equal(info?.host?.ociRuntime?.version?.split("\n")[0], runtime);
    assert.equal(info?.host?.rootlessNetworkCmd, network);
    assert.equal(info?.host?.security?.rootless, true);
    assert.equal(info?.host?.serviceIsRemote, false);
    assert.deepEqual(info?.host?.idMappings?.uidmap?.map(({ size }) => size), [1, 65_536]);
    assert.equal(info?.store?.graphDriverName, "overlay");
    assert.equal(info?.store?.graphRoot, "/home/lich/.local/share/containers/storage");
  }
});

Deno.test("podmanVersionOf() falls back to `podman --version`", () => {
  const silent = { exit: 1, stderr: "Failed to obtain podman configuration: lstat /run/user/0" };
  const version = (info: Output, version: Output) =>
    podmanVersionOf(factsOf({ "podman-info": info, "podman-version": version }))?.join(".");
  assert.equal(version(silent, "podman version 5.4.2"), "5.4.2");
  assert.equal(version(silent, silent), undefined);
  assert.equal(version("{}", "podman version 5.4.2"), "5.4.2");
  assert.equal(version("not JSON", { failed: "no answer in 3000 ms" }), undefined);
  // As root there are no mappings.
  const root =
    '{"host": {"idMappings": {"gidmap": null, "uidmap": null}, "cgroupControllers": null},' +
    ' "version": {"Version": "5.4.2"}}';
  assert.equal(version(root, silent), "5.4.2");
});

Deno.test("imageNamesOf() returns tags and digests; an image may have neither", () => {
  const images = (text: Output) => imageNamesOf(factsOf({ "podman-images": text }));
  const captured = `[
    {
        "Id": "ae2e1dc2dbc694e65368815c373742485da942d14181d13da20edc952c43823e",
        "RepoTags": null,
        "RepoDigests": [
            "localhost/fake-engine@sha256:45152cd3e61b7092bbe9580fff93d87497f1f683f9c3ee93ecc5ce2d10470440"
        ],
        "Size": 2192542,
        "Names": [
            "localhost/fake-engine:latest"
        ],
        "CreatedAt": "2026-11-22T00:10:09Z"
    },
    { "Id": "bb46a54c", "RepoTags": null, "RepoDigests": null, "Size": 737423, "Dangling": true }
]`;
  assert.deepEqual([...images(captured) ?? []], [
    "localhost/fake-engine:latest",
    "localhost/fake-engine@sha256:45152cd3e61b7092bbe9580fff93d87497f1f683f9c3ee93ecc5ce2d10470440",
  ]);
  assert.deepEqual([...images("[]") ?? ["nothing"]], []);
  assert.equal(images({ exit: 125, stderr: "Error: database is locked" }), undefined);
});

Deno.test("podPortsOf() reads the object of Podman 4 and the list of Podman 5, only of a running pod", () => {
  const ports = (text: Output) => [...podPortsOf(factsOf({ pod: text }))];
  const pod = (state: string, bindings: string) =>
    `{"Name": "lychd", "State": "${state}", "InfraConfig": {"PortBindings": ${bindings}}}`;
  const two = '{"8780/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8780"}],' +
    ' "9000/udp": [{"HostIp": "", "HostPort": "9001"}], "1/tcp": null}';
  assert.deepEqual(ports(pod("Running", two)), [8780, 9001]);
  assert.deepEqual(ports(`[${pod("Running", two)}]`), [8780, 9001]);
  assert.deepEqual(ports(`[${pod("Degraded", two)}]`), [8780, 9001]);
  assert.deepEqual(ports(`[${pod("Exited", two)}]`), []);
  assert.deepEqual(ports(`[${pod("Created", two)}]`), []);
  assert.deepEqual(ports(`[${pod("Running", "null")}]`), []);
  assert.deepEqual(ports({ exit: 125, stdout: "[]", stderr: "Error: no such pod lychd" }), []);
});

Deno.test("listenersOf() reads `ss`; only the user's own processes are known", () => {
  const text = `
LISTEN 0      128    127.0.0.1:8780 0.0.0.0:* users:(("pasta.avx2",pid=469,fd=6))
LISTEN 0      9              *:8781       *:*
LISTEN 0      9              *:8782       *:*                                 \x20
LISTEN 0      4096   127.0.0.53%lo:53         0.0.0.0:*
LISTEN 0      511        [::1]:6379        [::]:*    users:(("redis-server",pid=902,fd=7))
LISTEN 0      511         [::]:80          [::]:*    users:(("nginx",pid=11,fd=6),("nginx",pid=10,fd=6))
LISTEN 0      5       0.0.0.0:8000      0.0.0.0:*    users:(("(python3)",pid=7,fd=3))
`;
  assert.deepEqual(listenersOf(factsOf({ ports: text.trim() })), [
    { address: "127.0.0.1", port: 8780, holder: { name: "pasta.avx2", id: 469 } },
    { address: "*", port: 8781, holder: undefined },
    { address: "*", port: 8782, holder: undefined },
    { address: "127.0.0.53", port: 53, holder: undefined },
    { address: "[::1]", port: 6379, holder: { name: "redis-server", id: 902 } },
    { address: "[::]", port: 80, holder: { name: "nginx", id: 11 } },
    { address: "0.0.0.0", port: 8000, holder: { name: "(python3)", id: 7 } },
  ]);
  assert.deepEqual(listenersOf(factsOf({ ports: "" })), []);
});

Deno.test("addressesClash() if the addresses are equal or one is a wildcard", () => {
  const rows: readonly [held: string, wanted: string, clash: boolean][] = [
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.0.2", "127.0.0.1", false],
    ["0.0.0.0", "127.0.0.1", true],
    ["*", "127.0.0.1", true],
    // `ss` writes `*` for a socket of both families; this one is IPv6 only.
    ["[::]", "127.0.0.1", false],
    ["[::]", "::1", true],
    ["[::ffff:127.0.0.1]", "127.0.0.1", true],
    ["127.0.0.1", "0.0.0.0", true],
    ["127.0.0.1", "::", false],
    ["[::1]", "127.0.0.1", false],
    ["[::1]", "::1", true],
    ["192.168.1.5", "127.0.0.1", false],
  ];
  for (const [held, wanted, clash] of rows) {
    assert.equal(addressesClash(held, wanted), clash, `${held} and ${wanted}`);
  }
});

Deno.test("unitOfProcess() returns the unit, and if it is a unit of the user", () => {
  const unit = (text: string) => unitOfProcess(factsOf({ "cgroup-of:7": text }), 7);
  const own = "/user.slice/user-1000.slice/user@1000.service";
  assert.deepEqual(unit(`0::${own}/app.slice/lychd-pod.service`), {
    unit: "lychd-pod.service",
    own: true,
  });
  // A kernel with both cgroup v1 and v2.
  assert.deepEqual(unit(`9:name=systemd:/\n1:cpu:/\n0::${own}/app.slice/squatter.service`), {
    unit: "squatter.service",
    own: true,
  });
  assert.deepEqual(
    unit(`0::${own}/app.slice/soulstone-pocket.service/libpod-payload-32e38f3e`),
    { unit: "soulstone-pocket.service", own: true },
  );
  assert.deepEqual(unit("0::/system.slice/nginx.service"), { unit: "nginx.service", own: false });
  assert.equal(unit("0::/user.slice/user-1000.slice/session-4.scope"), undefined);
  assert.equal(unit(`0::${own}/init.scope`), undefined);
  assert.equal(unit(""), undefined);
});

Deno.test("systemctl show: units in any order of properties, and the manager", () => {
  const of257 = `Result=exit-code
Id=lychd-pod.service
LoadState=loaded
ActiveState=failed
SubState=failed
LoadError=

Result=success
Id=soulstone-owl.service
LoadState=not-found
ActiveState=inactive
SubState=dead
LoadError=org.freedesktop.systemd1.NoSuchUnit "Unit soulstone-owl.service not found."

Id=lychd-coven-chat.target
LoadState=loaded
ActiveState=active
SubState=active
LoadError=`;
  const of262 = `Id=lychd-pod.service
LoadState=loaded
ActiveState=failed
SubState=failed
LoadError=
Result=exit-code

Id=lychd-coven-chat.target
LoadState=loaded
ActiveState=active
SubState=active
LoadError=`;
  for (const text of [of257, of262]) {
    const units = propertiesOf(factsOf({ units: text }), "units");
    assert.equal(units.get("lychd-pod.service")?.get("Result"), "exit-code");
    assert.equal(units.get("lychd-pod.service")?.get("ActiveState"), "failed");
    assert.equal(units.get("lychd-coven-chat.target")?.get("LoadState"), "loaded");
    assert.equal(units.get("lychd-coven-chat.target")?.get("Result"), undefined);
  }
  const owl = propertiesOf(factsOf({ units: of257 }), "units").get("soulstone-owl.service");
  assert.match(owl?.get("LoadError") ?? "", /^org.*not found\."$/);
  const manager = "Version=257.13-1~deb13u1\nSystemState=degraded\nDefaultLimitMEMLOCK=8388608";
  assert.equal(
    propertiesOf(factsOf({ m: manager }), "m").get("")?.get("Version"),
    "257.13-1~deb13u1",
  );
  const silent = { exit: 1, stderr: "Failed to connect to user scope bus via local transport" };
  assert.equal(propertiesOf(factsOf({ units: silent }), "units").size, 0);
});

Deno.test("userOf() reads `id`; names from a directory service may contain spaces", () => {
  const user = (text: string) => userOf(factsOf({ id: text }));
  assert.deepEqual(user("uid=1000(lich) gid=1000(lich) groups=1000(lich),999(systemd-journal)"), {
    id: 1000,
    name: "lich",
    groups: ["lich", "systemd-journal"],
  });
  assert.deepEqual(
    user(
      "uid=1000(lich) gid=1000(lich) groups=1000(lich),10(wheel) context=unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023",
    )?.groups,
    ["lich", "wheel"],
  );
  assert.deepEqual(
    user(
      "uid=1104600513(lich@crypt.example) gid=1104600513(domain users@crypt.example) groups=1104600513(domain users@crypt.example),105(render)",
    ),
    {
      id: 1104600513,
      name: "lich@crypt.example",
      groups: ["domain users@crypt.example", "render"],
    },
  );
  assert.equal(user("uid=0(root) gid=0(root) groups=0(root)")?.id, 0);
});

Deno.test("filesOf() reads `stat`; the numbers of devices are hexadecimal", () => {
  const text = `character special file|666|0|root|c3|ff|/dev/nvidiactl
character special file|666|0|root|1fb|1|/dev/nvidia-uvm-tools
socket|666|1000|lich|0|0|/run/user/1000/bus
directory|755|1000|lich|0|0|/home/lich/my models|old`;
  const stderr = "stat: cannot statx '/dev/nvidia1': No such file or directory";
  const files = filesOf(factsOf({ s: { exit: 1, stdout: text, stderr } }), "s");
  assert.deepEqual([...files.keys()], [
    "/dev/nvidiactl",
    "/dev/nvidia-uvm-tools",
    "/run/user/1000/bus",
    "/home/lich/my models|old",
  ]);
  assert.deepEqual(files.get("/dev/nvidia-uvm-tools"), {
    kind: "character special file",
    mode: 0o666,
    owner: 0,
    group: "root",
    major: 507,
    minor: 1,
  });
  assert.equal(files.get("/dev/nvidiactl")?.minor, 255);
  assert.equal(filesOf(factsOf({ s: { failed: "no answer" } }), "s").size, 0);
});

Deno.test("gpusOf() reads the GPUs of nvidia-smi; the memory may be missing", () => {
  const gpus = (text: Output) => gpusOf(factsOf({ "nvidia-smi": text }));
  assert.deepEqual(
    gpus(`0, GPU-eabaa66e-31c1-4a3d-9a58-8f0e4c0d6b17, NVIDIA GeForce RTX 4060 Ti, 16380, 595.71.05
1, GPU-0d7be2f5-7c8e-4b62-a1c4-52b9d3f0e688, NVIDIA GB10, [N/A], 595.71.05`),
    [
      {
        vendor: "NVIDIA",
        name: "NVIDIA GeForce RTX 4060 Ti",
        index: 0,
        uuid: "GPU-eabaa66e-31c1-4a3d-9a58-8f0e4c0d6b17",
        memoryMib: 16380,
      },
      {
        vendor: "NVIDIA",
        name: "NVIDIA GB10",
        index: 1,
        uuid: "GPU-0d7be2f5-7c8e-4b62-a1c4-52b9d3f0e688",
      },
    ],
  );
  assert.deepEqual(gpus({ exit: 6, stdout: "No devices were found" }), []);
  assert.deepEqual(gpus("No devices were found"), []);
  assert.deepEqual(
    gpus({ exit: 18, stdout: "Failed to initialize NVML: Driver/library version mismatch" }),
    [],
  );
});

Deno.test("nvidiaDriverOf() reads the closed and open modules, and nvidia-smi on WSL", () => {
  const driver = (text: Output, smi: Output = { failed: "there is no such program" }) =>
    nvidiaDriverOf(factsOf({ "nvidia-driver": text, "nvidia-smi": smi }));
  const gcc = "\nGCC version:  gcc version 14.2.0 (Debian 14.2.0-19) ";
  const rows: readonly [line: string, version: string][] = [
    ["NVIDIA UNIX x86_64 Kernel Module  550.163.01  Tue Apr  8 12:41:17 UTC 2025", "550.163.01"],
    ["NVIDIA UNIX x86_64 Kernel Module  555.58  Tue Jun 25 01:39:15 UTC 2024", "555.58"],
    [
      "NVIDIA UNIX Open Kernel Module for x86_64  595.71.05  Release Build  (root@crypt)  ",
      "595.71.05",
    ],
    [
      "NVIDIA UNIX Open Kernel Module for aarch64  35.3.1  Release Build  (buildbrain@mobile-u64)  Sun Mar 19 08:09:33 PDT 2023",
      "35.3.1",
    ],
  ];
  for (const [line, version] of rows) {
    assert.equal(driver(`NVRM version: ${line}${gcc}`), version);
  }
  const none = { exit: 1, stderr: "cat: /proc/driver/nvidia/version: No such file or directory" };
  assert.equal(driver(none), undefined);
  assert.equal(driver(none, "0, GPU-b5e386b4, NVIDIA GeForce RTX 4090, 24564, 591.44"), "591.44");
  assert.equal(driver(none, "No devices were found"), undefined);
});

Deno.test("the GPUs of AMD and Intel are read from /sys/class/drm, the PCI bus and KFD", () => {
  const drm = `/sys/class/drm/card0/device/uevent:DRIVER=amdgpu
/sys/class/drm/card0/device/uevent:PCI_ID=1002:744C
/sys/class/drm/card0/device/uevent:PCI_SLOT_NAME=0000:03:00.0
/sys/class/drm/card0/device/mem_info_vram_total:25753026560
/sys/class/drm/card1/device/uevent:DRIVER=xe
/sys/class/drm/card1/device/uevent:PCI_ID=8086:E20B
/sys/class/drm/card2/device/uevent:DRIVER=nvidia
/sys/class/drm/card2/device/uevent:PCI_ID=10DE:2204
/sys/class/drm/card3/device/uevent:DRIVER=ast`;
  // grep exits with 2 if a file does not exist.
  assert.deepEqual(gpusOf(factsOf({ drm: { exit: 2, stdout: drm } })), [
    { vendor: "AMD", name: "1002:744C (amdgpu)", memoryMib: 24_560 },
    { vendor: "Intel", name: "8086:E20B (xe)" },
  ]);
  const pci = `/sys/bus/pci/devices/0000:01:00.0/uevent:DRIVER=nouveau
/sys/bus/pci/devices/0000:01:00.0/uevent:PCI_ID=10DE:2805
/sys/bus/pci/devices/0000:02:00.0/uevent:PCI_ID=8086:4680
/sys/bus/pci/devices/0000:05:00.0/uevent:PCI_ID=1A03:2000
/sys/bus/pci/devices/5582:00:00.0/uevent:PCI_ID=1414:008E`;
  assert.deepEqual(pciGpusOf(factsOf({ "pci-gpus": pci })), [
    { vendor: "NVIDIA", id: "10DE:2805", address: "0000:01:00.0", driver: "nouveau" },
    { vendor: "Intel", id: "8086:4680", address: "0000:02:00.0", driver: undefined },
  ]);
  const nodes = "/sys/devices/virtual/kfd/kfd/topology/nodes";
  const kfd = `${nodes}/0/properties:gfx_target_version 0
${nodes}/1/properties:gfx_target_version 110000
${nodes}/2/properties:gfx_target_version 90010`;
  assert.deepEqual(kfdTargetsOf(factsOf({ kfd })), [110_000, 90_010]);
});

Deno.test("specsIn() reads the specifications of all toolkits, YAML and JSON", () => {
  const rows: readonly [file: string, kind: string, names: string, nodes: number, paths: number][] =
    [
      ["cdi-nvidia-1.14.txt", "nvidia.com/gpu", "0 all", 7, 9],
      [
        "cdi-nvidia-1.17.txt",
        "nvidia.com/gpu",
        "0 GPU-5c1f1c3e-2b0f-4d1b-8a7e-6f1f9a0c7d21 all",
        7,
        10,
      ],
      [
        "cdi-nvidia-1.18.txt",
        "nvidia.com/gpu",
        "0 GPU-9f2c7b64-0a53-4f0e-b6a1-3d5e8c1f7a90 all",
        7,
        10,
      ],
      [
        "cdi-nvidia-1.19.txt",
        "nvidia.com/gpu",
        "0 1 GPU-eabaa66e-31c1-4a3d-9a58-8f0e4c0d6b17 GPU-0d7be2f5-7c8e-4b62-a1c4-52b9d3f0e688 all",
        10,
        9,
      ],
      ["cdi-nvidia-json.txt", "nvidia.com/gpu", "0 all", 7, 7],
      ["cdi-nvidia-wsl.txt", "nvidia.com/gpu", "all", 1, 9],
      ["cdi-amd.txt", "amd.com/gpu", "0 all", 3, 0],
      ["cdi-intel.txt", "intel.com/gpu", "card1", 2, 0],
      ["cdi-operator-management.txt", "management.nvidia.com/gpu", "all", 5, 2],
      [
        "cdi-operator-plugin.txt",
        "k8s.device-plugin.nvidia.com/gpu",
        "GPU-5c1f1c3e-2b0f-4d1b-8a7e-6f1f9a0c7d21",
        5,
        1,
      ],
    ];
  for (const [file, kind, names, nodes, paths] of rows) {
    const facts = factsOf({
      "cdi-folder:/etc/cdi": "x.yaml",
      "cdi-spec:/etc/cdi/x.yaml": captured(file),
    });
    const [read] = specsIn(facts, ["/etc/cdi"]);
    assert.equal(read?.problem, undefined, file);
    assert.equal(read?.spec?.kind, kind);
    assert.deepEqual(read?.spec?.devices, names.split(" ").map((name) => `${kind}=${name}`), file);
    const edits = read?.spec?.editsOf(read.spec.devices);
    assert.equal(edits?.nodes.length, nodes, file);
    assert.equal(edits?.paths.length, paths, file);
  }
  const newest = factsOf({
    "cdi-folder:/etc/cdi": "x.yaml",
    "cdi-spec:/etc/cdi/x.yaml": captured("cdi-nvidia-1.19.txt"),
  });
  const { spec } = specsIn(newest, ["/etc/cdi"])[0] ?? {};
  const { nodes } = spec?.editsOf(spec.devices) ?? { nodes: [] };
  const numbers = (path: string) => {
    const node = nodes.find((node) => hostPathOf(node) === path);
    return [node?.major, node?.minor];
  };
  // A minor number of 0 is omitted.
  assert.deepEqual(numbers("/dev/nvidia-uvm"), [507, undefined]);
  assert.deepEqual(numbers("/dev/nvidiactl"), [195, 255]);
});

Deno.test("specsIn() reports a problem for each invalid specification", () => {
  const problem = (text: Output) =>
    specsIn(
      factsOf({ "cdi-folder:/etc/cdi": "x.yaml", "cdi-spec:/etc/cdi/x.yaml": text }),
      ["/etc/cdi"],
    )[0];
  const rows: readonly Output[] = [
    "",
    "cdiVersion: 0.5.0\nkind: [",
    "cdiVersion: 0.5.0\ndevices: []\n",
    "cdiVersion: 0.5.0\nkind: nvidia\ndevices: []\n",
    '{"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"nam',
    { exit: 1, stderr: "cat: /etc/cdi/x.yaml: Permission denied" },
    { failed: "it printed more than 4000000 bytes" },
  ];
  for (const text of rows) {
    const read = problem(text);
    assert.equal(read?.spec, undefined, JSON.stringify(text));
    assert.match(read?.problem ?? "", /^\S.*[^\s:]$/, JSON.stringify(text));
  }
});

Deno.test("cdiFoldersOf() depends on the version of Podman, and on containers.conf since 5.5", () => {
  const both = ["/etc/cdi", "/var/run/cdi"];
  const conf = '/home/lich/.config/containers/containers.conf:cdi_spec_dirs = ["/srv/cdi"]';
  const rows: readonly [version: string, conf: string, folders: readonly string[]][] = [
    ["4.9.3", "", both],
    ["5.4.2", "", both],
    ["5.4.2", conf, both],
    ["5.5.0", "", ["/etc/cdi"]],
    ["5.5.2", "", ["/etc/cdi"]],
    ["5.5.2", conf, ["/srv/cdi"]],
    ["5.6.0", "", both],
    ["5.8.6", conf, ["/srv/cdi"]],
    // On several lines, with a trailing comma.
    [
      "5.8.6",
      '/etc/containers/containers.conf:cdi_spec_dirs = [\n/etc/containers/containers.conf:  "/etc/cdi",\n/etc/containers/containers.conf:  "/run/cdi",\n/etc/containers/containers.conf:]',
      ["/etc/cdi", "/run/cdi"],
    ],
    // The ends of other settings match too; the last file wins.
    [
      "5.8.6",
      `/usr/share/containers/containers.conf:]\n/etc/containers/containers.conf:cdi_spec_dirs = ["/a"]\n${conf}`,
      ["/srv/cdi"],
    ],
    // Drop-ins are sorted by name, whatever order grep prints them in; the user's own file is last.
    [
      "5.8.6",
      `${conf}\n/etc/containers/containers.conf.d/20-b.conf:cdi_spec_dirs = ['/b']\n/etc/containers/containers.conf.d/10-a.conf:cdi_spec_dirs = ["/a"]`,
      ["/srv/cdi"],
    ],
    [
      "5.8.6",
      "/etc/containers/containers.conf.d/20-b.conf:cdi_spec_dirs = ['/b'] # ]\n/etc/containers/containers.conf.d/10-a.conf:cdi_spec_dirs = [\"/a\"]",
      ["/b"],
    ],
    // containers.conf(5), “append”: adds to the previous list.
    [
      "5.8.6",
      '/etc/containers/containers.conf:cdi_spec_dirs = ["/srv/cdi", {append=true}]',
      [...both, "/srv/cdi"],
    ],
    // Podman 6 reads no other file beside the user's own, and then the drop-ins of all folders by name.
    [
      "6.0.1",
      `/etc/containers/containers.conf:cdi_spec_dirs = ["/a", {append=true}]\n${conf}`,
      ["/srv/cdi"],
    ],
    [
      "6.0.1",
      `${conf}\n/home/lich/.config/containers/containers.conf.d/10.conf:cdi_spec_dirs = ["/b"]\n/etc/containers/containers.conf.d/20.conf:cdi_spec_dirs = ["/a"]`,
      ["/a"],
    ],
    [
      "6.0.1",
      '/home/lich/.config/containers/containers.conf.d/20.conf:cdi_spec_dirs = ["/b"]\n/etc/containers/containers.conf.d/20.conf:cdi_spec_dirs = ["/a"]',
      ["/b"],
    ],
  ];
  for (const [version, text, folders] of rows) {
    const facts = factsOf({
      "podman-version": `podman version ${version}`,
      "containers-conf": { exit: text === "" ? 1 : 2, stdout: text },
    });
    assert.deepEqual(cdiFoldersOf(facts).read, folders, `${version} ${text}`);
  }
});

/** Returns a specification that only defines `names`. */
function specOf(...names: string[]): string {
  const devices = names.map((name) => ({ name, containerEdits: { env: ["A=b"] } }));
  return JSON.stringify({ cdiVersion: "0.5.0", kind: "nvidia.com/gpu", devices });
}

Deno.test("the later of two folders wins, and two files in one folder cancel each other", () => {
  const definers = (files: Readonly<Record<string, string>>) => {
    const of = (folder: string) =>
      Object.keys(files).filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)).sort().join("\n");
    const facts = factsOf({
      "podman-version": "podman version 5.8.6",
      "cdi-folder:/etc/cdi": of("/etc/cdi"),
      "cdi-folder:/var/run/cdi": of("/var/run/cdi"),
      ...Object.fromEntries(
        Object.entries(files).map(([path, text]) => [`cdi-spec:${path}`, text]),
      ),
    });
    const { devices, clashes } = effectiveDevices(facts);
    return {
      devices: [...devices].map(([name, { path }]) => `${name} ${path}`).sort(),
      clashes: [...clashes.keys()],
      specs: effectiveSpecs(facts).map(({ path }) => path),
    };
  };
  assert.deepEqual(
    definers({ "/etc/cdi/a.json": specOf("0", "all"), "/var/run/cdi/a.json": specOf("all") }),
    {
      devices: ["nvidia.com/gpu=0 /etc/cdi/a.json", "nvidia.com/gpu=all /var/run/cdi/a.json"],
      clashes: [],
      specs: ["/etc/cdi/a.json", "/var/run/cdi/a.json"],
    },
  );
  assert.deepEqual(
    definers({ "/etc/cdi/a.json": specOf("0", "all"), "/etc/cdi/b.json": specOf("all") }),
    {
      devices: ["nvidia.com/gpu=0 /etc/cdi/a.json"],
      clashes: ["nvidia.com/gpu=all"],
      specs: ["/etc/cdi/a.json"],
    },
  );
  // cache.go of container-device-interface: a later folder does not resolve the conflict.
  assert.deepEqual(
    definers({
      "/etc/cdi/a.json": specOf("all"),
      "/etc/cdi/b.json": specOf("all"),
      "/var/run/cdi/c.json": specOf("all"),
    }),
    { devices: [], clashes: ["nvidia.com/gpu=all"], specs: [] },
  );
});
