/** Files that were edited, and units of somebody else, under a render. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { PROGRAM_PLACES } from "../../src/run/programs.ts";
import { exists, SAGE } from "./cli.ts";
import {
  changed,
  did,
  EYE_UNIT,
  inscribed,
  oneEye,
  OURS,
  PURGE,
  refused,
  RENDER,
  ROLLBACK,
  SAGE_UNIT,
  UNITS,
  UNKNOWN,
  VISION,
} from "./inscription.ts";

Deno.test("a file that was edited is refused with its diff, and nothing is touched", async () => {
  await using test = await inscribed();
  test.write(VISION, `${test.read(VISION)}# mine\n`).codex({ "soulstones/sage.toml": SAGE });
  const said = { stderr: /^--- .*lychd-coven-vision\.target\n\+\+\+ [^]*\n-# mine\n/ };
  await refused(test, RENDER, said);
  await refused(test, [...RENDER, "--json"], said);
  await refused(test, ROLLBACK, {
    stderr: "lychd: there is no former generation\nhint: lychd render --dry-run\n",
  });
  await refused(test, [...PURGE, "--yes"], {
    stderr:
      /\nlychd: \[DIR\]\/\S+-vision\.target was edited since it was written; nothing was changed\nhint: [^\n]+\n$/,
  });
});

Deno.test("a file that was edited and has left the Codex is refused too", async () => {
  await using test = await inscribed();
  test.write(EYE_UNIT, "# mine\n").codex({ "soulstones/eye.toml": SAGE });
  await refused(test, RENDER, { stderr: /\nlychd: \[DIR\]\/\S+-eye\.container was edited since/ });
});

Deno.test("--force takes ours and keeps each edit under a name of its own", async () => {
  await using test = await inscribed();
  const ours = test.read(EYE_UNIT);
  const kept = (path: string) => `lychd: the edit is kept as [DIR]/${path}\n`;
  const stdout = "[DIR]/home/.config: 0 created, 0 updated, 0 removed, 1 taken back, 2 unchanged\n";
  const forced = [...RENDER, "--force"];
  test.write(EYE_UNIT, "# first\n");
  Deno.chmodSync(`${test.dir}/${EYE_UNIT}`, 0o640);
  await test.expect(forced, {
    stdout,
    stderr: kept(`${EYE_UNIT}.edited`) + changed("soulstone-eye.service") + UNKNOWN,
  });
  test.write(EYE_UNIT, "# second\n");
  await test.expect(forced, {
    stdout,
    stderr: kept(`${EYE_UNIT}.edited-2`) + changed("soulstone-eye.service") + UNKNOWN,
  });
  strictEqual(test.read(EYE_UNIT), ours);
  strictEqual(test.read(`${EYE_UNIT}.edited`), "# first\n");
  strictEqual((Deno.statSync(`${test.dir}/${EYE_UNIT}.edited`).mode ?? 0) & 0o7777, 0o640);
  strictEqual(test.read(`${EYE_UNIT}.edited-2`), "# second\n");
  await test.expect(RENDER, {
    stdout: did(0, 0, 0, 3),
    stderr: changed("soulstone-eye.service") + UNKNOWN,
  });
});

Deno.test("--force keeps the edit of a file that goes, and of one that purge removes", async () => {
  await using test = await inscribed();
  test.write(EYE_UNIT, "# mine\n").codex({ "soulstones/eye.toml": SAGE });
  const said = await test.run([...RENDER, "--force"]);
  strictEqual(said.code, 0, said.stderr);
  strictEqual(test.read(`${EYE_UNIT}.edited`), "# mine\n");
  ok(!test.files("home").includes(EYE_UNIT.slice("home/".length)));
  test.write(SAGE_UNIT, "# mine, too\n");
  const purged = await test.run([...PURGE, "--yes", "--force"]);
  strictEqual(purged.code, 0, purged.stderr);
  deepStrictEqual(test.files(OURS), [
    "soulstone-eye.container.edited",
    "soulstone-sage.container.edited",
  ]);
  strictEqual(test.read(`${SAGE_UNIT}.edited`), "# mine, too\n");
});

for (const path of [EYE_UNIT, VISION]) {
  Deno.test(`a file that lychd did not write is refused, with --force too: ${path}`, async () => {
    await using test = oneEye().write(path, "# the operator's\n");
    const stderr = `lychd: [DIR]/${path} was not written by lychd; nothing was changed\n` +
      "hint: move it away, or name the Soulstone otherwise\n";
    await refused(test, RENDER, { stderr });
    await refused(test, [...RENDER, "--force"], { stderr });
  });
}

Deno.test("a file of somebody else is refused also when it is as ours would be", async () => {
  await using test = oneEye();
  await test.run(["render", "--output", "out"]);
  test.write(VISION, test.read("out/systemd/user/lychd-coven-vision.target"));
  Deno.chmodSync(`${test.dir}/${VISION}`, 0o600);
  await refused(test, RENDER, { stderr: /-vision\.target was not written by lychd; nothing/ });
});

const STRANGERS = [
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
Deno.test("a unit of the same name elsewhere is refused, with its path", async (t) => {
  for (const path of STRANGERS) {
    await t.step(path, async () => {
      await using test = oneEye().write(path, "# a stranger's\n");
      const stderr = "lychd: a unit of that name is there already; nothing was changed\n" +
        `  [DIR]/${path}\nhint: move it away, or name the Soulstone or group otherwise\n`;
      const env = { XDG_RUNTIME_DIR: `${test.dir}/runtime` };
      await refused(test, [...RENDER, "--force"], { stderr }, env);
      const own = test.files(OURS).filter((name) => name !== ".lychd-lock");
      deepStrictEqual(own, path.startsWith(`${OURS}/`) ? [path.slice(OURS.length + 1)] : []);
    });
  }
});

Deno.test("a link to a unit of the same name is refused, wherever it leads", async () => {
  await using test = oneEye();
  const link = "home/.config/systemd/user/soulstone-eye.service";
  Deno.mkdirSync(`${test.dir}/${UNITS}`, { recursive: true });
  Deno.symlinkSync("/dev/null", `${test.dir}/${link}`);
  await refused(test, RENDER, { stderr: new RegExp(`\n {2}\\[DIR\\]/${link}\n`) });
});

Deno.test("units of other names, drop-ins and what is no unit are no strangers", async () => {
  await using test = oneEye()
    .write("home/.config/containers/systemd/soulstone-eye.volume", "")
    .write("home/.config/containers/systemd/soulstone-eye.container.bak", "")
    .write("home/.config/containers/systemd/eye.container", "")
    .write("home/.config/systemd/user/soulstone-eye.service.d/mine.conf", "")
    .write("home/.config/systemd/user/soulstone-eye.timer", "")
    .write("home/.config/systemd/user/deep/soulstone-eye.service", "");
  await test.expect(RENDER, { stdout: did(3, 0, 0, 0), stderr: UNKNOWN });
});

Deno.test("what lychd itself has written is no stranger to the next render or rollback", async () => {
  await using test = await inscribed();
  test.codex({ "soulstones/sage.toml": SAGE });
  for (const args of [RENDER, ROLLBACK, ROLLBACK]) {
    const said = await test.run(args);
    strictEqual(said.code, 0, said.stderr);
  }
});

const hasGenerator = PROGRAM_PLACES.generator.some(exists);
Deno.test({
  name: "without a Quadlet generator nothing is written, and exit 6 says what helps" +
    (hasGenerator ? " (ignored: this host has one)" : ""),
  ignore: hasGenerator,
  async fn() {
    await using test = oneEye();
    const stderr =
      "lychd: there is no Quadlet generator on this host, so no unit can be tried\nhint: install " +
      "Podman 5.4 or newer, such as by: sudo dnf install podman; or say --no-verify\n";
    const before = test.listing();
    for (
      const args of [["render"], ["render", "--no-reload"], ["rollback"]]
    ) {
      await test.expect(args, { code: 6, stderr });
    }
    strictEqual(test.listing().join("\n"), before.join("\n"));
  },
});

Deno.test("without the user's systemd nothing is written, and exit 6 says what helps", async () => {
  await using test = oneEye();
  const before = test.listing();
  // No session can be reached by this, on any host.
  const env = { XDG_RUNTIME_DIR: `${test.dir}/none`, DBUS_SESSION_BUS_ADDRESS: "unix:path=/none" };
  for (const args of [["render", "--no-verify"], ["rollback", "--no-verify"], ["purge", "--yes"]]) {
    const said = await test.run(args, env);
    strictEqual(said.code, 6, said.stderr);
    strictEqual(said.stdout, "");
    match(
      said.stderr,
      /^lychd: the user's systemd does not answer: [^\n]+\nhint: sudo loginctl enable-linger \$USER, and log in anew \(not by su or sudo\); or say --no-reload\n$/,
    );
  }
  strictEqual(test.listing().join("\n"), before.join("\n"));
});
