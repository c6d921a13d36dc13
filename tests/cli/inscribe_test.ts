import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { PROGRAM_PLACES } from "../../src/programs.ts";
import { type Cli, cli, exists, EYE, NO_WATCHERS, SAGE } from "./cli.ts";

const OURS = "home/.config/containers/systemd/lychd";
const UNITS = "home/.config/systemd/user";
const POD = `${OURS}/lychd.pod`;
const EYE_UNIT = `${OURS}/soulstone-eye.container`;
const SAGE_UNIT = `${OURS}/soulstone-sage.container`;
const VISION = `${UNITS}/lychd-coven-vision.target`;
const RECEIPT = `${OURS}/.lychd-receipt.json`;
const FORMER = `${OURS}/.lychd-former.json`;
const CURRENT = `${OURS}/.lychd-current.json`;
const NOTES = `${OURS}/.lychd-notes.json`;
const JOURNAL = `${OURS}/.lychd-journal.json`;
const LOCK = `${OURS}/.lychd-lock`;
const SETTINGS = "home/.config/lychd/lychd.toml";
const CODEX_EYE = "home/.config/lychd/soulstones/eye.toml";

/** What these tests do without: most machines that run them have neither Podman nor a session. */
const ALONE = ["--no-verify", "--no-reload"];
const RENDER = ["render", ...ALONE];
const ROLLBACK = ["rollback", ...ALONE];
const PURGE = ["purge", ...ALONE];

const NOT_VERIFIED = "lychd: not verified: whether Quadlet takes these units is not known\n";
const NOT_RELOADED =
  "lychd: not reloaded: systemd still has the former units, and whether it loads these is not " +
  "known\nhint: systemctl --user daemon-reload\n";
const UNKNOWN = NOT_VERIFIED + NOT_RELOADED;
const PURGED =
  "lychd: not reloaded: engines that run were not stopped, and systemd still has their units\n" +
  "hint: systemctl --user stop 'soulstone-*' lychd-pod; systemctl --user daemon-reload\n" +
  "lychd: not verified: there is nothing to try in a purge\n";

const did = (created: number, updated: number, removed: number, unchanged: number) =>
  `[DIR]/home/.config: ${created} created, ${updated} updated, ${removed} removed, ` +
  `${unchanged} unchanged\n`;
const changed = (...services: string[]) =>
  `lychd: these changed and count from their next start on: ${services.join(" ")}\n`;

/** A home with the Codex of one Soulstone. */
function oneEye(): Cli {
  return cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
}

/** The same, rendered. */
async function inscribed(): Promise<Cli> {
  const test = oneEye();
  await test.expect(RENDER, { stdout: did(3, 0, 0, 0), stderr: UNKNOWN });
  return test;
}

/** Everything in the home but the lock, which tells who held it last. */
function state(test: Cli): string[] {
  return test.listing("home").filter((line) => !line.includes("/.lychd-lock "));
}

/** What the home holds, without the times at which it was written. */
function contents(test: Cli): string[] {
  return test.files("home").filter((path) => !path.endsWith("/.lychd-lock"))
    .map((path) => `${path}\n${test.read(`home/${path}`)}`);
}

/** Runs a command that must be refused, and leave everything as it is. */
async function refused(
  test: Cli,
  args: readonly string[],
  said: { code?: number; stderr: string | RegExp },
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const before = contents(test);
  const real = await test.run(args, env);
  if (typeof said.stderr === "string") strictEqual(real.stderr, said.stderr);
  else match(real.stderr, said.stderr);
  if (!args.includes("--json")) strictEqual(real.stdout, "");
  else strictEqual(typeof JSON.parse(real.stdout).error, "string");
  strictEqual(real.code, said.code ?? 1);
  deepStrictEqual(contents(test), before);
}

Deno.test("render writes every Rune and a receipt, for their owner alone", async () => {
  await using test = await inscribed();
  deepStrictEqual(test.files("home").map((path) => `home/${path}`), [
    CURRENT,
    LOCK,
    NOTES,
    RECEIPT,
    POD,
    EYE_UNIT,
    SETTINGS,
    CODEX_EYE,
    VISION,
  ]);
  for (const path of [CURRENT, LOCK, NOTES, RECEIPT, POD, EYE_UNIT, VISION]) {
    strictEqual((Deno.statSync(`${test.dir}/${path}`).mode ?? 0) & 0o7777, 0o600, path);
  }
  const receipt = JSON.parse(test.read(RECEIPT));
  strictEqual(receipt.lychd, 1);
  deepStrictEqual(
    Object.keys(receipt.files),
    [POD, EYE_UNIT, VISION].map((path) => path.slice("home/.config/".length)),
  );
  for (
    const [path, { sha256, mode }] of Object.entries<{ sha256: string; mode: number }>(
      receipt.files,
    )
  ) {
    const said = await test.shell(`sha256sum home/.config/${path}`);
    strictEqual(said.stdout.slice(0, 64), sha256, path);
    strictEqual(mode, 0o600);
  }
});

Deno.test("render writes what render --output writes", async () => {
  await using test = await inscribed();
  await test.run(["render", "--output", "out"]);
  for (const path of test.files("out")) {
    strictEqual(test.read(`home/.config/${path}`), test.read(`out/${path}`), path);
  }
});

Deno.test("the receipt knows the Codex that its files were made from, but not after a rollback", async () => {
  await using test = await inscribed();
  const digest = (): unknown => JSON.parse(test.read(RECEIPT)).codex;
  const first = digest();
  match(String(first), /^[0-9a-f]{64}$/);
  test.codex({ "soulstones/eye.toml": `# a comment\n${EYE}` });
  strictEqual((await test.run(RENDER)).code, 0);
  const commented = digest();
  match(String(commented), /^[0-9a-f]{64}$/);
  strictEqual(commented === first, false);
  test.codex({ "soulstones/eye.toml": EYE.replace("8780", "8790") });
  strictEqual((await test.run(RENDER)).code, 0);
  strictEqual((await test.run(ROLLBACK)).code, 0);
  strictEqual(digest(), undefined);
  test.codex({ "soulstones/eye.toml": EYE });
  strictEqual((await test.run(RENDER)).code, 0);
  strictEqual(digest(), first);
});

Deno.test("a umask takes no bit from a Rune and gives none", async () => {
  for (const umask of ["000", "0777"]) {
    await using test = oneEye();
    // The folders must stay passable for the test itself.
    for (const folder of [OURS, UNITS]) {
      Deno.mkdirSync(`${test.dir}/${folder}`, { recursive: true });
    }
    const said = await test.shell(`umask ${umask}; $LYCHD ${RENDER.join(" ")}`);
    strictEqual(said.code, 0, said.stderr);
    for (const path of [RECEIPT, POD, EYE_UNIT, VISION]) {
      strictEqual((Deno.statSync(`${test.dir}/${path}`).mode ?? 0) & 0o7777, 0o600, path);
    }
  }
});

Deno.test("render again changes nothing at all", async () => {
  await using test = await inscribed();
  const before = state(test);
  await test.expect(RENDER, { stdout: did(0, 0, 0, 3), stderr: UNKNOWN });
  deepStrictEqual(state(test), before);
});

Deno.test("render creates, updates and removes what the Codex changes, and keeps what was", async () => {
  await using test = await inscribed();
  const old = test.read(EYE_UNIT);
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.expect(RENDER, {
    stdout: did(2, 3, 0, 0),
    stderr: changed("lychd-pod.service") + UNKNOWN,
  });
  const former = JSON.parse(test.read(FORMER));
  strictEqual(former.files[EYE_UNIT.slice("home/.config/".length)].text, old);
  strictEqual(Object.keys(former.files).length, 3);
  strictEqual((Deno.statSync(`${test.dir}/${FORMER}`).mode ?? 0) & 0o7777, 0o600);
  Deno.removeSync(`${test.dir}/${CODEX_EYE}`);
  await test.expect(RENDER, {
    stdout: did(0, 3, 2, 0),
    stderr: changed("lychd-pod.service", "soulstone-eye.service") + UNKNOWN,
  });
  deepStrictEqual(test.files(UNITS), ["lychd-coven-think.target"]);
  deepStrictEqual(test.files(OURS), [
    ".lychd-current.json",
    ".lychd-former.json",
    ".lychd-lock",
    ".lychd-notes.json",
    ".lychd-receipt.json",
    "lychd.pod",
    "soulstone-sage.container",
  ]);
});

Deno.test("a mode that was changed is put right, and a file that is gone comes back", async () => {
  await using test = await inscribed();
  const whole = contents(test);
  Deno.chmodSync(`${test.dir}/${POD}`, 0o644);
  Deno.removeSync(`${test.dir}/${VISION}`);
  await test.expect(RENDER, { stdout: did(1, 1, 0, 1), stderr: UNKNOWN });
  strictEqual((Deno.statSync(`${test.dir}/${POD}`).mode ?? 0) & 0o7777, 0o600);
  deepStrictEqual(contents(test).filter((file) => !file.includes("former")), whole);
});

Deno.test("render --json tells each file, what to restart, and what is not known", async () => {
  await using test = await inscribed();
  test.codex({ "soulstones/eye.toml": EYE.replace("8B", "4B") });
  const said = await test.run([...RENDER, "--json"]);
  strictEqual(said.stderr, changed("soulstone-eye.service") + UNKNOWN);
  deepStrictEqual(JSON.parse(said.stdout), {
    changes: [
      { path: "containers/systemd/lychd/lychd.pod", action: "unchanged" },
      { path: "containers/systemd/lychd/soulstone-eye.container", action: "update" },
      { path: "systemd/user/lychd-coven-vision.target", action: "unchanged" },
    ],
    summary: "0 to create, 1 to update, 0 to remove, 2 unchanged",
    restart_needed: ["soulstone-eye.service"],
    restarted: [],
    reread: [],
    verified: false,
    reloaded: false,
  });
});

Deno.test("an invalid Codex leaves the units of before", async () => {
  await using test = await inscribed();
  test.codex({ "soulstones/eye.toml": "[eye]\n" });
  await refused(test, RENDER, { code: 3, stderr: /^error\[field-missing\]/ });
});

Deno.test("a dry run after a render has nothing to do", async () => {
  await using test = await inscribed();
  await test.expect(["render", "--exit-code"], {
    stdout: "0 to create, 0 to update, 0 to remove, 3 unchanged\n",
  });
});

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

Deno.test("rollback goes back and forth", async () => {
  await using test = await inscribed();
  const runes = () =>
    contents(test).filter((file) => !/^\S+\/(?:\.lychd-|lychd\/soulstones\/)/.test(file));
  const first = runes();
  test.codex({ "soulstones/sage.toml": SAGE, "soulstones/eye.toml": EYE.replace("8B", "4B") });
  await test.run(RENDER);
  const second = runes();
  strictEqual(second.length, first.length + 2);
  await test.expect(ROLLBACK, {
    stdout: did(0, 3, 2, 0),
    stderr: changed("lychd-pod.service", "soulstone-eye.service", "soulstone-sage.service") +
      UNKNOWN,
  });
  deepStrictEqual(runes(), first);
  const said = await test.run([...ROLLBACK, "--json"]);
  deepStrictEqual(
    JSON.parse(said.stdout).summary,
    "2 to create, 3 to update, 0 to remove, 0 unchanged",
  );
  deepStrictEqual(runes(), second);
  await test.run(ROLLBACK);
  deepStrictEqual(runes(), first);
});

Deno.test("a render that changes nothing keeps the former generation", async () => {
  await using test = await inscribed();
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.run(RENDER);
  const former = test.read(FORMER);
  await test.run(RENDER);
  strictEqual(test.read(FORMER), former);
});

Deno.test("rollback needs no Codex", async () => {
  await using test = await inscribed();
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.run(RENDER);
  Deno.removeSync(`${test.config}/lychd`, { recursive: true });
  const said = await test.run(ROLLBACK);
  strictEqual(said.code, 0, said.stderr);
  deepStrictEqual(test.files(UNITS), ["lychd-coven-vision.target"]);
});

Deno.test("rollback without a former generation says so", async () => {
  await using never = cli();
  await using once = await inscribed();
  const stderr = "lychd: there is no former generation\nhint: lychd render --dry-run\n";
  await refused(never, ROLLBACK, { stderr });
  await refused(once, ROLLBACK, { stderr });
});

Deno.test("rollback refuses an edited file with its diff, and --force keeps the edit", async () => {
  await using test = await inscribed();
  const first = test.read(EYE_UNIT);
  test.codex({ "soulstones/eye.toml": EYE.replace("8B", "4B") });
  await test.run(RENDER);
  test.write(EYE_UNIT, "# mine\n");
  await refused(test, ROLLBACK, { stderr: /\n-# mine\n[^]*was edited since it was written/ });
  const said = await test.run([...ROLLBACK, "--force"]);
  strictEqual(said.code, 0, said.stderr);
  strictEqual(test.read(EYE_UNIT), first);
  strictEqual(test.read(`${EYE_UNIT}.edited`), "# mine\n");
});

const HOSTILE_FORMERS = {
  "no JSON": "{",
  "empty": "",
  "null": "null",
  "a newer version": '{"lychd": 2, "files": {}}',
  "a path that leads out": former("containers/systemd/lychd/../../../.bashrc"),
  "an absolute path": former("/etc/passwd"),
  "a path elsewhere": former("lychd/soulstones/eye.toml"),
  "a text that is none":
    '{"lychd": 1, "files": {"systemd/user/x.target": {"text": 5, "mode": 384}}}',
};
Deno.test("rollback refuses a former generation that is not lychd's own", async (t) => {
  await using test = await inscribed();
  for (const [name, text] of Object.entries(HOSTILE_FORMERS)) {
    await t.step(name, async () => {
      test.write(FORMER, text);
      await refused(test, ROLLBACK, { stderr: /^lychd: \[DIR\]\/\S+ cannot be used: [^\n]+\n$/ });
    });
  }
});

Deno.test("purge asks first; where nobody can be asked it is wrong usage", async () => {
  await using test = await inscribed();
  await refused(test, PURGE, {
    code: 2,
    stderr: "lychd: purge asks first, and there is nobody to ask\nhint: lychd purge --yes\n",
  });
});

const hasScript = exists("/usr/bin/script");
Deno.test({
  name: "purge on a terminal lists the files, and only a yes removes them" +
    (hasScript ? "" : " (ignored: this host has no script)"),
  ignore: !hasScript,
  async fn() {
    await using test = await inscribed();
    const answer = (text: string) =>
      test.shell(`printf '${text}' | script -qec "$LYCHD ${PURGE.join(" ")}" /dev/null`);
    const before = contents(test);
    for (const text of ["n\\n", "\\n", "yesterday\\n", "\\004"]) {
      const said = await answer(text);
      strictEqual(said.code, 1, said.stdout);
      match(
        said.stdout,
        /\/lychd\.pod\r?\n[^]*remove these 3 files\? \[y\/N\] [^]*nothing was removed/,
      );
      deepStrictEqual(contents(test), before);
    }
    const said = await answer("y\\n");
    strictEqual(said.code, 0, said.stdout);
    deepStrictEqual(test.files("home").map((path) => `home/${path}`), [SETTINGS, CODEX_EYE]);
  },
});

Deno.test("purge --yes removes every file of ours, lets go of our folder, and leaves the rest", async () => {
  const own = [`${UNITS}/own.service`, "home/.config/containers/systemd/own.container"];
  await using test = oneEye().codex({ "lychd.toml": `boot_coven = "vision"\n${NO_WATCHERS}` });
  for (const path of own) test.write(path, "# mine\n");
  await test.expect(RENDER, { stdout: did(4, 0, 0, 0), stderr: UNKNOWN });
  ok(test.files(UNITS).includes("default.target.d/lychd.conf"));
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.run(RENDER);
  await test.expect([...PURGE, "--yes"], {
    stdout: "[DIR]/home/.config: 6 removed\n",
    stderr: PURGED,
  });
  deepStrictEqual(test.files("home/.config/containers"), ["systemd/own.container"]);
  deepStrictEqual(test.files("home/.config/systemd"), ["user/own.service"]);
  strictEqual(exists(`${test.dir}/${OURS}`), false);
  strictEqual(exists(`${test.dir}/${UNITS}/default.target.d`), false);
});

Deno.test("purge leaves an operator's file in our folders, and a drop-in of theirs", async () => {
  await using test = oneEye().codex({ "lychd.toml": `boot_coven = "vision"\n${NO_WATCHERS}` })
    .write(`${OURS}/soulstone-mine.container`, "# mine\n")
    .write(`${UNITS}/default.target.d/mine.conf`, "# mine\n");
  await test.run(RENDER);
  const said = await test.run([...PURGE, "--yes"]);
  strictEqual(said.code, 0, said.stderr);
  deepStrictEqual(test.files(OURS), ["soulstone-mine.container"]);
  deepStrictEqual(test.files(UNITS), ["default.target.d/mine.conf"]);
});

Deno.test("purge --json tells what is removed; after it there is nothing to purge or roll back", async () => {
  await using test = await inscribed();
  const said = await test.run([...PURGE, "--yes", "--json"]);
  strictEqual(said.stderr, PURGED);
  deepStrictEqual(JSON.parse(said.stdout), {
    removed: [POD, EYE_UNIT, VISION].map((path) => path.slice("home/.config/".length)),
    reloaded: false,
  });
  await test.expect([...PURGE, "--yes"], {
    stdout: "[DIR]/home/.config: 0 removed\n",
    stderr: PURGED,
  });
  await refused(test, ROLLBACK, { stderr: /^lychd: there is no former generation\n/ });
  await test.expect(RENDER, { stdout: did(3, 0, 0, 0), stderr: UNKNOWN });
});

const COMMANDS = [RENDER, ROLLBACK, [...PURGE, "--yes"]];

Deno.test("folders that lead elsewhere are not written through", async (t) => {
  for (
    const link of [
      "containers",
      "containers/systemd",
      "containers/systemd/lychd",
      "systemd",
      "systemd/user",
      "systemd/user/default.target.d",
    ]
  ) {
    await t.step(link, async () => {
      await using test = oneEye();
      Deno.mkdirSync(`${test.dir}/elsewhere`);
      const path = `home/.config/${link}`;
      test.write(`${path}/../.keep`, "");
      Deno.symlinkSync(`${test.dir}/elsewhere`, `${test.dir}/${path}`);
      const before = test.listing();
      for (const args of COMMANDS) {
        await refused(test, args, {
          stderr: `lychd: [DIR]/${path} is a link, and lychd writes through none; nothing was ` +
            "changed\nhint: make it a folder of its own (a link in the place of ~/.config itself is fine)\n",
        });
      }
      strictEqual(test.listing().join("\n"), before.join("\n"));
    });
  }
});

Deno.test("a home or a ~/.config that leads elsewhere is fine", async () => {
  await using test = cli().write("dotfiles/lychd/soulstones/eye.toml", EYE)
    .write("dotfiles/lychd/lychd.toml", NO_WATCHERS);
  Deno.symlinkSync("../dotfiles", test.config);
  const stdout = did(3, 0, 0, 0).replace("home/.config", "dotfiles");
  await test.expect(RENDER, { stdout, stderr: UNKNOWN });
  deepStrictEqual(test.files("dotfiles/systemd"), ["user/lychd-coven-vision.target"]);
  Deno.symlinkSync("home", `${test.dir}/link`);
  const said = await test.run(RENDER, { HOME: `${test.dir}/link` });
  strictEqual(said.stdout, "[DIR]/dotfiles: 0 created, 0 updated, 0 removed, 3 unchanged\n");
});

Deno.test("a file in the place of a folder is refused", async () => {
  for (const path of ["home/.config/containers", OURS, UNITS]) {
    await using test = oneEye().write(path, "# mine\n");
    await refused(test, RENDER, {
      stderr:
        /^lychd: \[DIR\]\/\S+ is a file, and lychd writes through none; nothing was changed\nhint: /,
    });
  }
});

Deno.test("a folder or a link in the place of a file is refused", async (t) => {
  for (const path of [EYE_UNIT, VISION, RECEIPT]) {
    await t.step(`folder ${path}`, async () => {
      await using test = oneEye().write(`${path}/x`, "");
      await refused(test, RENDER, {
        stderr: /^lychd: [^\n]*there is a folder where lychd keeps a file\n$/,
      });
    });
    await t.step(`link ${path}`, async () => {
      await using test = await inscribed();
      Deno.renameSync(`${test.dir}/${path}`, `${test.dir}/moved`);
      Deno.symlinkSync(`${test.dir}/moved`, `${test.dir}/${path}`);
      const moved = test.read("moved");
      for (const args of [RENDER, [...RENDER, "--force"], [...PURGE, "--yes", "--force"]]) {
        await refused(test, args, {
          stderr: /^lychd: [^\n]*there is a link where lychd keeps a file\n$/,
        });
      }
      strictEqual(test.read("moved"), moved);
    });
  }
});

const isRoot = Deno.uid() === 0;
Deno.test({
  name: "a folder of another user is refused" +
    (isRoot ? "" : " (ignored: only root can make one)"),
  ignore: !isRoot,
  async fn() {
    for (const path of ["home/.config/containers", OURS, "home/.config/systemd", UNITS]) {
      await using test = await inscribed();
      Deno.chownSync(`${test.dir}/${path}`, 65534, 65534);
      for (const args of COMMANDS) {
        await refused(test, args, {
          stderr: `lychd: [DIR]/${path} belongs to user 65534, not to 0; nothing was changed\n` +
            `hint: sudo chown -R 0 [DIR]/${path}\n`,
        });
      }
    }
  },
});

function receipt(path: string, sha256 = "0".repeat(64)): string {
  return JSON.stringify({ lychd: 1, files: { [path]: { sha256, mode: 0o600 } } });
}

function former(path: string): string {
  return JSON.stringify({ lychd: 1, files: { [path]: { text: "x", mode: 0o600 } } });
}

const BAD_RECEIPTS: Readonly<Record<string, string>> = {
  "empty": "",
  "no JSON": "{",
  "null": "null",
  "a list": "[]",
  "of another program": '{"version": 3, "units": []}',
  "a newer version": '{"lychd": 2, "files": {}}',
  "files that are a list": '{"lychd": 1, "files": []}',
  "a path that leads out": receipt("containers/systemd/lychd/../../../precious"),
  "a path that leads out of the home": receipt("systemd/user/../../../../precious"),
  "an absolute path": receipt("/etc/passwd"),
  "a path to the Codex": receipt("lychd/soulstones/eye.toml"),
  "a path with a dot": receipt("systemd/user/./x"),
  "a path with an empty part": receipt("systemd/user//x"),
  "a folder": receipt("systemd/user/"),
  "a path with NUL": receipt("systemd/user/x\0y"),
  "an entry without a digest": '{"lychd": 1, "files": {"systemd/user/x": {"mode": 384}}}',
  "an entry that is null": '{"lychd": 1, "files": {"systemd/user/x": null}}',
};
Deno.test("a receipt that is broken, newer, or hostile stops every command that writes", async (t) => {
  await using test = oneEye().write("home/.config/precious", "x").write("home/precious", "x");
  for (const [name, text] of Object.entries(BAD_RECEIPTS)) {
    await t.step(name, async () => {
      test.write(RECEIPT, text);
      const said = { stderr: /^lychd: the receipt \[DIR\]\/\S+ cannot be used: [^\n]+\n$/ };
      await refused(test, [...RENDER, "--force"], said);
      await refused(test, [...PURGE, "--yes", "--force"], said);
    });
  }
});

Deno.test("a receipt that names an operator's file with another digest does not get it removed", async () => {
  await using test = await inscribed();
  test.write(`${UNITS}/own.service`, "# mine\n");
  const value = JSON.parse(test.read(RECEIPT));
  value.files["systemd/user/own.service"] = { sha256: "0".repeat(64), mode: 0o600 };
  test.write(RECEIPT, JSON.stringify(value));
  await refused(test, [...PURGE, "--yes"], { stderr: /own\.service was edited since/ });
  await refused(test, RENDER, { stderr: /own\.service was edited since/ });
});

/** The digest of "x": such a journal would have the file removed, were it believed. */
const PRECIOUS = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";

const BAD_JOURNALS: Readonly<Record<string, string>> = {
  "empty": "",
  "no JSON": "{",
  "null": "null",
  "a newer version": '{"lychd": 2, "entries": []}',
  "entries that are none": '{"lychd": 1, "entries": {}}',
  "a path that leads out": journal("containers/systemd/lychd/../../../precious"),
  "an absolute path": journal("/etc/passwd"),
  "a path to the Codex": journal("lychd/soulstones/eye.toml"),
};
Deno.test("a journal that is broken or hostile stops every command that writes", async (t) => {
  await using test = oneEye().write("home/.config/precious", "x");
  for (const [name, text] of Object.entries(BAD_JOURNALS)) {
    await t.step(name, async () => {
      test.write(JOURNAL, text);
      for (const args of COMMANDS) {
        await refused(test, args, {
          stderr: `lychd: [DIR]/${JOURNAL}: the journal of a former run is not lychd's own; ` +
            "nothing was changed\n",
        });
      }
    });
  }
});

function journal(path: string): string {
  return JSON.stringify({ lychd: 1, entries: [{ path, hadBefore: false, sha256: PRECIOUS }] });
}

Deno.test("what a run that was cut off began is undone, and said so", async () => {
  await using test = await inscribed();
  const whole = contents(test);
  test.write(
    JOURNAL,
    JSON.stringify({
      lychd: 1,
      entries: [{ path: "systemd/user/new.target", hadBefore: false, sha256: PRECIOUS }],
    }),
  ).write(`${UNITS}/new.target`, "x");
  await test.expect(RENDER, {
    stdout: did(0, 0, 0, 3),
    stderr: "lychd: a run before this one was cut off; what it had begun is undone\n" + UNKNOWN,
  });
  deepStrictEqual(contents(test), whole);
});

Deno.test("a lock that leads elsewhere is not written through", async () => {
  await using test = oneEye().write("precious", "precious\n");
  Deno.mkdirSync(`${test.dir}/${OURS}`, { recursive: true });
  Deno.symlinkSync(`${test.dir}/precious`, `${test.dir}/${LOCK}`);
  await test.run(RENDER);
  strictEqual(test.read("precious"), "precious\n");
});

Deno.test("notes that are broken stop nothing", async (t) => {
  for (const text of ["", "{", "null", "5", "[]", '["x"]', '{"x": 5}']) {
    await t.step(text, async () => {
      await using test = oneEye().write(`${OURS}/.lychd-notes.json`, text);
      await test.expect(RENDER, { stdout: did(3, 0, 0, 0), stderr: UNKNOWN });
    });
  }
});

Deno.test("homes and names that are hostile to a shell or a terminal are no fault", async () => {
  const name = "a b'\"$(x)\n\u001b[2Jä";
  await using test = cli().write(`${name}/lychd/soulstones/eye.toml`, EYE);
  const env = { XDG_CONFIG_HOME: `${test.dir}/${name}` };
  for (const args of [RENDER, RENDER, [...PURGE, "--yes"]]) {
    const said = await test.run(args, env);
    strictEqual(said.code, 0, said.stderr);
    strictEqual(said.stdout.includes("\u001b"), false);
    strictEqual(said.stdout.split("\n").length, 2);
  }
  deepStrictEqual(test.files(), [`${name}/lychd/soulstones/eye.toml`]);
});

Deno.test("an edit cannot steer the terminal on which its diff is shown", async () => {
  await using test = await inscribed();
  test.write(EYE_UNIT, "# \u001b[2J\u001b]0;mine\u0007\n");
  const said = await test.run(RENDER);
  strictEqual(said.code, 1);
  ok(said.stderr.includes("# \\x1b[2J"), said.stderr);
  strictEqual(said.stderr.includes("\u001b"), false);
});
