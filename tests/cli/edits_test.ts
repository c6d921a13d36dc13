/** Tests of files that were edited by hand, and of units that lychd did not write. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { PROGRAM_PLACES } from "../../src/run/programs.ts";
import { exists, SAGE } from "./cli.ts";
import {
  expectRefusal,
  EYE_UNIT,
  homeWithCodex,
  LYCHD_FOLDER,
  PURGE,
  RENDER,
  renderedHome,
  ROLLBACK,
  SAGE_UNIT,
  SKIP_REMARKS,
  summary,
  takesEffectLater,
  UNITS,
  VISION,
} from "./inscription.ts";

Deno.test("a file that was edited by hand is refused with its diff, and nothing is changed", async () => {
  await using test = await renderedHome();
  test.write(VISION, `${test.read(VISION)}# mine\n`).codex({ "soulstones/sage.toml": SAGE });
  const expected = { stderr: /^--- .*lychd-coven-vision\.target\n\+\+\+ [^]*\n-# mine\n/ };
  await expectRefusal(test, RENDER, expected);
  await expectRefusal(test, [...RENDER, "--json"], expected);
  await expectRefusal(test, ROLLBACK, {
    stderr: "lychd: nothing to roll back to: no previous render is kept\n",
  });
  await expectRefusal(test, [...PURGE, "--yes"], {
    stderr:
      /\nlychd: \[DIR\]\/\S+-vision\.target was edited by hand; nothing was changed\nhint: [^\n]+\n$/,
  });
});

Deno.test("an edited file is refused too if the Codex no longer defines it", async () => {
  await using test = await renderedHome();
  test.write(EYE_UNIT, "# mine\n").codex({ "soulstones/eye.toml": SAGE });
  await expectRefusal(test, RENDER, {
    stderr: /\nlychd: \[DIR\]\/\S+-eye\.container was edited by hand/,
  });
});

Deno.test("--force overwrites an edited file and keeps each edit under a new name", async () => {
  await using test = await renderedHome();
  const rendered = test.read(EYE_UNIT);
  const kept = (path: string) => `lychd: the edited file is kept as [DIR]/${path}\n`;
  const stdout =
    "[DIR]/home/.config: 0 created, 0 updated, 0 removed, 1 overwritten, 2 unchanged\n";
  const forced = [...RENDER, "--force"];
  test.write(EYE_UNIT, "# first\n");
  Deno.chmodSync(`${test.dir}/${EYE_UNIT}`, 0o640);
  await test.expect(forced, {
    stdout,
    stderr: kept(`${EYE_UNIT}.edited`) + takesEffectLater("soulstone-eye.service") + SKIP_REMARKS,
  });
  test.write(EYE_UNIT, "# second\n");
  await test.expect(forced, {
    stdout,
    stderr: kept(`${EYE_UNIT}.edited-2`) + takesEffectLater("soulstone-eye.service") + SKIP_REMARKS,
  });
  strictEqual(test.read(EYE_UNIT), rendered);
  strictEqual(test.read(`${EYE_UNIT}.edited`), "# first\n");
  strictEqual((Deno.statSync(`${test.dir}/${EYE_UNIT}.edited`).mode ?? 0) & 0o7777, 0o640);
  strictEqual(test.read(`${EYE_UNIT}.edited-2`), "# second\n");
  await test.expect(RENDER, {
    stdout: summary(0, 0, 0, 3),
    stderr: takesEffectLater("soulstone-eye.service") + SKIP_REMARKS,
  });
});

Deno.test("--force keeps the edit of a file that render or purge removes", async () => {
  await using test = await renderedHome();
  test.write(EYE_UNIT, "# mine\n").codex({ "soulstones/eye.toml": SAGE });
  const result = await test.run([...RENDER, "--force"]);
  strictEqual(result.code, 0, result.stderr);
  strictEqual(test.read(`${EYE_UNIT}.edited`), "# mine\n");
  ok(!test.files("home").includes(EYE_UNIT.slice("home/".length)));
  test.write(SAGE_UNIT, "# mine, too\n");
  const purged = await test.run([...PURGE, "--yes", "--force"]);
  strictEqual(purged.code, 0, purged.stderr);
  deepStrictEqual(test.files(LYCHD_FOLDER), [
    "soulstone-eye.container.edited",
    "soulstone-sage.container.edited",
  ]);
  strictEqual(test.read(`${SAGE_UNIT}.edited`), "# mine, too\n");
});

for (const path of [EYE_UNIT, VISION]) {
  Deno.test(`a file that lychd did not write is refused, with --force too: ${path}`, async () => {
    await using test = homeWithCodex().write(path, "# the operator's\n");
    const stderr = `lychd: [DIR]/${path} was not written by lychd; nothing was changed\n` +
      "hint: move it away, or rename the Soulstone\n";
    await expectRefusal(test, RENDER, { stderr });
    await expectRefusal(test, [...RENDER, "--force"], { stderr });
  });
}

Deno.test("a file that lychd did not write is refused even if its content is the same", async () => {
  await using test = homeWithCodex();
  await test.run(["render", "--output", "out"]);
  test.write(VISION, test.read("out/systemd/user/lychd-coven-vision.target"));
  Deno.chmodSync(`${test.dir}/${VISION}`, 0o600);
  await expectRefusal(test, RENDER, {
    stderr: /-vision\.target was not written by lychd; nothing/,
  });
});

const CLASHES = [
  "home/.config/containers/systemd/soulstone-eye.container",
  "home/.config/containers/systemd/other/soulstone-eye.container",
  "home/.config/containers/systemd/other/deep/soulstone-eye.kube",
  "home/.config/containers/systemd/other/lychd.pod",
  "home/.config/containers/systemd/lychd-pod.kube",
  "home/.config/containers/systemd/lychd-pod.container",
  "home/.config/containers/systemd/lychd/soulstone-eye.kube",
  "home/.config/systemd/user/soulstone-eye.service",
  "home/.config/systemd/user/lychd-pod.service",
  "home/.config/systemd/user.control/soulstone-eye.service",
  "home/.local/share/systemd/user/soulstone-eye.service",
  "home/.local/share/systemd/user/lychd-coven-vision.target",
  "runtime/containers/systemd/soulstone-eye.container",
  "runtime/systemd/user/lychd-coven-vision.target",
];
Deno.test("a unit of the same name in another folder is refused, with its path", async (t) => {
  for (const path of CLASHES) {
    await t.step(path, async () => {
      await using test = homeWithCodex().write(path, "# not written by lychd\n");
      const stderr = "lychd: a unit of the same name already exists; nothing was changed\n" +
        `  [DIR]/${path}\nhint: move it away, or rename the Soulstone or group\n`;
      const env = { XDG_RUNTIME_DIR: `${test.dir}/runtime` };
      await expectRefusal(test, [...RENDER, "--force"], { stderr }, env);
      const own = test.files(LYCHD_FOLDER).filter((name) => name !== ".lychd-lock");
      deepStrictEqual(
        own,
        path.startsWith(`${LYCHD_FOLDER}/`) ? [path.slice(LYCHD_FOLDER.length + 1)] : [],
      );
    });
  }
});

Deno.test("a symlink with the name of a unit is refused, unless it masks the unit", async () => {
  await using test = homeWithCodex();
  const link = "home/.config/systemd/user/soulstone-eye.service";
  Deno.mkdirSync(`${test.dir}/${UNITS}`, { recursive: true });
  Deno.symlinkSync("/nowhere", `${test.dir}/${link}`);
  await expectRefusal(test, RENDER, { stderr: new RegExp(`\n {2}\\[DIR\\]/${link}\n`) });
  Deno.removeSync(`${test.dir}/${link}`);
  Deno.symlinkSync("/dev/null", `${test.dir}/${link}`);
  await test.expect(RENDER, { stdout: summary(3, 0, 0, 0), stderr: SKIP_REMARKS });
});

Deno.test("units of other names, drop-ins and files that are not units are accepted", async () => {
  await using test = homeWithCodex()
    .write("home/.config/containers/systemd/soulstone-eye.volume", "")
    .write("home/.config/containers/systemd/soulstone-eye.container.bak", "")
    .write("home/.config/containers/systemd/eye.container", "")
    .write("home/.config/systemd/user/soulstone-eye.service.d/mine.conf", "")
    .write("home/.config/systemd/user/soulstone-eye.timer", "")
    .write("home/.config/systemd/user/deep/soulstone-eye.service", "");
  await test.expect(RENDER, { stdout: summary(3, 0, 0, 0), stderr: SKIP_REMARKS });
});

Deno.test("files that lychd wrote do not stop the next render or rollback", async () => {
  await using test = await renderedHome();
  test.codex({ "soulstones/sage.toml": SAGE });
  for (const args of [RENDER, ROLLBACK, ROLLBACK]) {
    const result = await test.run(args);
    strictEqual(result.code, 0, result.stderr);
  }
});

const hasGenerator = PROGRAM_PLACES.generator.some(exists);
Deno.test({
  name: "without a Quadlet generator nothing is written, and the exit code is 6" +
    (hasGenerator ? " (ignored: this host has one)" : ""),
  ignore: hasGenerator,
  async fn() {
    await using test = homeWithCodex();
    const stderr =
      "lychd: this host has no Quadlet generator to verify the units\nhint: install Podman 5.4 or " +
      "newer, for example: sudo dnf install podman; or use --no-verify\n";
    const before = test.listing();
    for (
      const args of [["render"], ["render", "--no-reload"], ["rollback"]]
    ) {
      await test.expect(args, { code: 6, stderr });
    }
    strictEqual(test.listing().join("\n"), before.join("\n"));
  },
});

Deno.test("without the systemd of the user nothing is written, and the exit code is 6", async () => {
  await using test = homeWithCodex();
  const before = test.listing();
  // No host has a session at these addresses.
  const env = { XDG_RUNTIME_DIR: `${test.dir}/none`, DBUS_SESSION_BUS_ADDRESS: "unix:path=/none" };
  for (const args of [["render", "--no-verify"], ["rollback", "--no-verify"], ["purge", "--yes"]]) {
    const result = await test.run(args, env);
    strictEqual(result.code, 6, result.stderr);
    strictEqual(result.stdout, "");
    match(
      result.stderr,
      /^lychd: the user's systemd does not answer: [^\n]+\nhint: sudo loginctl enable-linger \$USER, then log in again \(not with su or sudo\); or use --no-reload\n$/,
    );
  }
  strictEqual(test.listing().join("\n"), before.join("\n"));
});
