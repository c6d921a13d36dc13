/** The inscription of a render: what it writes, changes, keeps and tells. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { EYE, SAGE } from "./cli.ts";
import {
  changed,
  CODEX_EYE,
  contents,
  CURRENT,
  did,
  EYE_UNIT,
  FORMER,
  inscribed,
  LOCK,
  NOTES,
  oneEye,
  OURS,
  POD,
  RECEIPT,
  refused,
  RENDER,
  ROLLBACK,
  SETTINGS,
  state,
  UNITS,
  UNKNOWN,
  VISION,
} from "./inscription.ts";

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
