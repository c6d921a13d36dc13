/** Tests of `lychd render`: the files that it writes, changes and removes, and its messages. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { EYE, SAGE } from "./cli.ts";
import {
  CODEX_EYE,
  contentsOf,
  CURRENT,
  expectRefusal,
  EYE_UNIT,
  FORMER,
  homeWithCodex,
  listingOf,
  LOCK,
  LYCHD_FOLDER,
  NOTES,
  POD,
  RECEIPT,
  RENDER,
  renderedHome,
  ROLLBACK,
  SETTINGS,
  SKIP_REMARKS,
  summary,
  takesEffectLater,
  UNITS,
  VISION,
} from "./inscription.ts";

Deno.test("render writes every Rune and a receipt, readable only by their owner", async () => {
  await using test = await renderedHome();
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
    const result = await test.shell(`sha256sum home/.config/${path}`);
    strictEqual(result.stdout.slice(0, 64), sha256, path);
    strictEqual(mode, 0o600);
  }
});

Deno.test("render writes the same files as render --output", async () => {
  await using test = await renderedHome();
  await test.run(["render", "--output", "out"]);
  for (const path of test.files("out")) {
    strictEqual(test.read(`home/.config/${path}`), test.read(`out/${path}`), path);
  }
});

Deno.test("the receipt has the digest of the Codex, but not after a rollback", async () => {
  await using test = await renderedHome();
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

Deno.test("the umask does not change the mode of a Rune", async () => {
  for (const umask of ["000", "0777"]) {
    await using test = homeWithCodex();
    // The test itself must be able to enter the folders.
    for (const folder of [LYCHD_FOLDER, UNITS]) {
      Deno.mkdirSync(`${test.dir}/${folder}`, { recursive: true });
    }
    const result = await test.shell(`umask ${umask}; $LYCHD ${RENDER.join(" ")}`);
    strictEqual(result.code, 0, result.stderr);
    for (const path of [RECEIPT, POD, EYE_UNIT, VISION]) {
      strictEqual((Deno.statSync(`${test.dir}/${path}`).mode ?? 0) & 0o7777, 0o600, path);
    }
  }
});

Deno.test("a second render changes nothing", async () => {
  await using test = await renderedHome();
  const before = listingOf(test);
  await test.expect(RENDER, { stdout: summary(0, 0, 0, 3), stderr: SKIP_REMARKS });
  deepStrictEqual(listingOf(test), before);
});

Deno.test("render creates, updates and removes files, and keeps the previous generation", async () => {
  await using test = await renderedHome();
  const old = test.read(EYE_UNIT);
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.expect(RENDER, {
    stdout: summary(2, 3, 0, 0),
    stderr: takesEffectLater("lychd-pod.service") + SKIP_REMARKS,
  });
  const previous = JSON.parse(test.read(FORMER));
  strictEqual(previous.files[EYE_UNIT.slice("home/.config/".length)].text, old);
  strictEqual(Object.keys(previous.files).length, 3);
  strictEqual((Deno.statSync(`${test.dir}/${FORMER}`).mode ?? 0) & 0o7777, 0o600);
  Deno.removeSync(`${test.dir}/${CODEX_EYE}`);
  await test.expect(RENDER, {
    stdout: summary(0, 3, 2, 0),
    stderr: takesEffectLater("lychd-pod.service", "soulstone-eye.service") + SKIP_REMARKS,
  });
  deepStrictEqual(test.files(UNITS), ["lychd-coven-think.target"]);
  deepStrictEqual(test.files(LYCHD_FOLDER), [
    ".lychd-current.json",
    ".lychd-former.json",
    ".lychd-lock",
    ".lychd-notes.json",
    ".lychd-receipt.json",
    "lychd.pod",
    "soulstone-sage.container",
  ]);
});

Deno.test("render restores the mode of a file, and a missing file", async () => {
  await using test = await renderedHome();
  const before = contentsOf(test);
  Deno.chmodSync(`${test.dir}/${POD}`, 0o644);
  Deno.removeSync(`${test.dir}/${VISION}`);
  await test.expect(RENDER, { stdout: summary(1, 1, 0, 1), stderr: SKIP_REMARKS });
  strictEqual((Deno.statSync(`${test.dir}/${POD}`).mode ?? 0) & 0o7777, 0o600);
  deepStrictEqual(contentsOf(test).filter((file) => !file.includes("former")), before);
});

Deno.test("render --json reports files, restarts, and skipped checks", async () => {
  await using test = await renderedHome();
  test.codex({ "soulstones/eye.toml": EYE.replace("8B", "4B") });
  const result = await test.run([...RENDER, "--json"]);
  strictEqual(result.stderr, takesEffectLater("soulstone-eye.service") + SKIP_REMARKS);
  deepStrictEqual(JSON.parse(result.stdout), {
    changes: [
      { path: "containers/systemd/lychd/lychd.pod", action: "unchanged" },
      { path: "containers/systemd/lychd/soulstone-eye.container", action: "update" },
      { path: "systemd/user/lychd-coven-vision.target", action: "unchanged" },
    ],
    summary: "0 to create, 1 to update, 0 to remove, 2 unchanged",
    restart_needed: ["soulstone-eye.service"],
    stop_needed: [],
    restarted: [],
    restarting: [],
    stopped: [],
    stopping: [],
    started: [],
    reread: [],
    masked: [],
    verified: false,
    reloaded: false,
  });
});

Deno.test("an invalid Codex changes no unit", async () => {
  await using test = await renderedHome();
  test.codex({ "soulstones/eye.toml": "[eye]\n" });
  await expectRefusal(test, RENDER, { code: 3, stderr: /^error\[field-missing\]/ });
});

Deno.test("a dry run after a render has no changes", async () => {
  await using test = await renderedHome();
  await test.expect(["render", "--exit-code"], {
    stdout: "0 to create, 0 to update, 0 to remove, 3 unchanged\n",
  });
});
