import assert from "node:assert/strict";
import type { Facts } from "../../facts.ts";
import { podmanErrorOf } from "../read/podman.ts";
import { explainFailure } from "./podman_failures.ts";

const DEBIAN = "ID=debian";
const FEDORA = "ID=fedora";

function factsOf(os: string, stderr: readonly string[]): Facts {
  const ran = (command: string, stdout: readonly string[], exit = 0) => ({
    command,
    exit,
    stdout: [...stdout],
    stderr: exit === 0 ? [] : [...stderr],
  });
  return {
    format: 1,
    lychd: "0.1.0",
    environment: { HOME: "/home/lich" },
    commands: {
      "os-release": ran("cat", [os]),
      "id": ran("id", ["uid=1000(lich) gid=1000(lich) groups=1000(lich)"]),
      "podman-info": ran("/usr/local/bin/podman info --format json", [], 125),
    },
  };
}

Deno.test("each reason why podman info fails has its command", () => {
  const rows: readonly (readonly [os: string, stderr: readonly string[], fix: RegExp])[] = [
    [
      FEDORA,
      [
        'time="2026-08-01T10:00:00+02:00" level=error msg="running `/usr/bin/newuidmap 9 0 1000 1 1 100000 65536`: newuidmap: write to uid_map failed: Operation not permitted\\n"',
        'Error: cannot set up namespace using "/usr/bin/newuidmap": should have setuid or have filecaps setuid: exit status 1',
      ],
      /^sudo dnf reinstall shadow-utils$/,
    ],
    [
      DEBIAN,
      [
        'time="2024-02-19T10:27:57+01:00" level=error msg="running `/usr/bin/newgidmap 9 0 1001 1`: newgidmap: open of gid_map failed: Permission denied\\n"',
        'time="2024-02-19T10:27:57+01:00" level=error msg="invalid internal status, try resetting the pause process with \\"/usr/bin/podman system migrate\\": cannot set up namespace using \\"/usr/bin/newgidmap\\": exit status 1"',
      ],
      /^sudo apt-get install --reinstall uidmap$/,
    ],
    [
      DEBIAN,
      [
        'time="2024-02-19T10:27:57+01:00" level=error msg="invalid internal status, try resetting the pause process with \\"/usr/bin/podman system migrate\\": could not find any running process: no such process"',
      ],
      /podman system migrate/,
    ],
    [
      FEDORA,
      [
        "cannot clone: No space left on device",
        "user namespaces are not enabled in /proc/sys/user/max_user_namespaces",
        "Error: cannot re-exec process",
      ],
      /^printf '%s\\n' user\.max_user_namespaces=15000 \| sudo tee \/etc\/sysctl\.d\//,
    ],
    [
      FEDORA,
      ["cannot clone: No space left on device", "Error: cannot re-exec process"],
      /^printf '%s\\n' user\.max_user_namespaces=15000 \| /,
    ],
    [
      DEBIAN,
      [
        "cannot clone: Operation not permitted",
        "user namespaces are not enabled in /proc/sys/kernel/unprivileged_userns_clone",
        "Error: cannot re-exec process",
      ],
      /kernel\.unprivileged_userns_clone=1 /,
    ],
    [
      "ID=ubuntu\nID_LIKE=debian",
      ["failed to reexec: Permission denied"],
      /profile lychd-podman %s flags=\(unconfined\) .* \/usr\/local\/bin\/podman \|/,
    ],
    [
      FEDORA,
      [
        "Error: the BoltDB database backend was removed in Podman 6.0 - please comment out the `database_backend` line in containers.conf and migrate to SQLite by rebooting",
      ],
      /database_backend.* && sudo reboot/,
    ],
    [
      FEDORA,
      [
        "Error: configure storage: 'overlay' is not supported over ecryptfs, a mount_program is required: backing file system is unsupported for this graph driver",
      ],
      /\/var\/lib\/lychd\/lich .*semanage/,
    ],
    [
      DEBIAN,
      [
        "Error: configure storage: a network file system with user namespaces is not supported.  Please use a mount_program: backing file system is unsupported for this graph driver",
      ],
      /\/var\/lib\/lychd\/lich /,
    ],
    [
      DEBIAN,
      [
        'Error: database graph driver "vfs" does not match our graph driver "overlay": database configuration mismatch',
      ],
      /^podman system reset /,
    ],
    [
      DEBIAN,
      ['Error: default OCI runtime "crun" not found: invalid argument'],
      /^sudo apt-get install crun$/,
    ],
    [
      FEDORA,
      [
        'Error: could not find "netavark" in one of {[/usr/libexec/podman]}.  To resolve this error, set the helper_binaries_dir key in the `[engine]` section of containers.conf',
      ],
      /^sudo dnf install netavark$/,
    ],
    [
      DEBIAN,
      ["Error: could not find a working conmon binary (configured options: []): invalid argument"],
      /^sudo apt-get install conmon$/,
    ],
    [
      DEBIAN,
      ["Error: failed to create new watcher too many open files"],
      /fs\.inotify\.max_user_instances=/,
    ],
    [
      DEBIAN,
      ["Error: mkdir /home/lich/.local/share/containers: permission denied"],
      /^sudo chown lich: \/home\/lich\/\.local\/share$/,
    ],
    [
      DEBIAN,
      ["Error: open /home/lich/.config/containers/storage.conf: permission denied"],
      /^sudo chown lich: \/home\/lich\/\.config\/containers\/storage\.conf$/,
    ],
    [
      DEBIAN,
      [
        'time="2026-08-01T10:00:00+02:00" level=warning msg="Failed to read /home/lich/.config/containers/storage.conf toml: line 3: expected value but found \\"x\\" instead\\n"',
        'Error: toml: line 3: expected value but found "x" instead',
      ],
      /^cat --number \/home\/lich\/\.config\/containers\/storage\.conf /,
    ],
    [
      DEBIAN,
      ['Error: loading registries configuration "/etc/containers/registries.conf": toml: line 2'],
      /^cat --number \/etc\/containers\/registries\.conf /,
    ],
    [
      DEBIAN,
      ["Error: toml: line 3: expected value"],
      /^podman --log-level=debug info 2>&1 \| grep -i configuration /,
    ],
    [DEBIAN, ["Error: something else"], /^podman --log-level=debug info /],
  ];
  for (const [os, stderr, fix] of rows) {
    const facts = factsOf(os, stderr);
    assert.match(explainFailure(facts, podmanErrorOf(facts)).fix.line, fix);
  }
});

Deno.test("the words of a failed podman info are its errors, without its warnings", () => {
  const facts = factsOf(DEBIAN, [
    'time="2026-08-01T10:00:00+02:00" level=warning msg="\\"/\\" is not a shared mount"',
    'time="2026-08-01T10:00:00+02:00" level=error msg="running \\"x\\": no\\n"',
    "Error: it failed",
  ]);
  assert.equal(podmanErrorOf(facts), 'running "x": no; it failed');
  assert.equal(
    explainFailure(facts, podmanErrorOf(facts)).what,
    '`podman info` fails: running "x": no; it failed',
  );
  assert.equal(podmanErrorOf(factsOf(DEBIAN, [])), "podman: exit code 125");
});

Deno.test("a file is only given to the user at home, and a missing program is installed", () => {
  const rows: readonly (readonly [words: string, fix: RegExp])[] = [
    [
      "mkdir /home/lich/.local/share/containers: permission denied",
      /^sudo chown lich: \/home\/lich\/.local\/share$/,
    ],
    [
      "open /home/lich/.config/containers/storage.conf: permission denied",
      /^sudo chown lich: .*conf$/,
    ],
    ["mkdir /var/lib/containers: permission denied", /^grep -rs graphroot/],
    ["mkdir /containers: permission denied", /^grep -rs graphroot/],
    [
      "open /etc/containers/registries.conf: permission denied",
      /^sudo chmod a\+r \/etc\/containers\/registries.conf$/,
    ],
    ["open /dev/fuse: permission denied", /^ls -l \/dev\/fuse$/],
    ["newuidmap: uid range [1-65537) -> [100000-165536) not allowed", /^podman system migrate/],
    ['exec: "newuidmap": executable file not found in $PATH', /^sudo apt-get install uidmap$/],
    ["open /etc/containers/policy.json: no such file or directory", /force-confmiss/],
    ['can\'t stat program "/usr/bin/fuse-overlayfs": no such file or directory', /mount_program/],
    ["unable to connect to Podman socket: connection refused", /^unset CONTAINER_HOST/],
  ];
  for (const [words, fix] of rows) {
    assert.match(explainFailure(factsOf(DEBIAN, []), words).fix.line, fix, words);
  }
});
