/** Tests of `lychd rollback` and `lychd purge`. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { cli, exists, EYE, NO_WATCHERS, SAGE } from "./cli.ts";
import {
  CODEX_EYE,
  contentsOf,
  CURRENT,
  expectRefusal,
  EYE_UNIT,
  FORMER,
  generation,
  homeWithCodex,
  LYCHD_FOLDER,
  POD,
  PURGE,
  PURGE_REMARKS,
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

Deno.test("rollback restores the previous render; a second rollback restores the later one", async () => {
  await using test = await renderedHome();
  const runes = () =>
    contentsOf(test).filter((file) => !/^\S+\/(?:\.lychd-|lychd\/soulstones\/)/.test(file));
  const first = runes();
  test.codex({ "soulstones/sage.toml": SAGE, "soulstones/eye.toml": EYE.replace("8B", "4B") });
  await test.run(RENDER);
  const second = runes();
  strictEqual(second.length, first.length + 2);
  await test.expect(ROLLBACK, {
    stdout: summary(0, 3, 2, 0),
    stderr:
      takesEffectLater("lychd-pod.service", "soulstone-eye.service", "soulstone-sage.service") +
      SKIP_REMARKS +
      "warning: the units are those of a rollback; the Codex still has the edit: sage is not " +
      "rendered, Coven think is not rendered, the pod changed, eye changed, Coven vision changed\n" +
      "hint: lychd edit corrects the Codex, lychd rollback restores the edit\n",
  });
  deepStrictEqual(runes(), first);
  const result = await test.run([...ROLLBACK, "--json"]);
  deepStrictEqual(
    JSON.parse(result.stdout).summary,
    "2 to create, 3 to update, 0 to remove, 0 unchanged",
  );
  // These are the units of the Codex again.
  strictEqual(result.stderr.includes("the Codex"), false);
  deepStrictEqual(JSON.parse(result.stdout).differences, []);
  deepStrictEqual(runes(), second);
  await test.run(ROLLBACK);
  deepStrictEqual(runes(), first);
});

Deno.test("a render that changes nothing keeps the previous generation", async () => {
  await using test = await renderedHome();
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.run(RENDER);
  const previous = test.read(FORMER);
  await test.run(RENDER);
  strictEqual(test.read(FORMER), previous);
});

const BROKEN: readonly (readonly [text: string | undefined, problem: string])[] = [
  [undefined, "it does not exist"],
  ["{", "it is not JSON"],
  ["null", "it is not a generation of lychd"],
  ['{"lychd": 2, "files": {}}', "it has version 2; this version of lychd reads 1"],
  ['{"lychd": 1, "files": {"/etc/x": {}}}', 'its entry for "/etc/x" is broken'],
];

Deno.test("a generation that cannot be used is reported by the next run, and written again", async () => {
  for (const [text, problem] of BROKEN) {
    await using test = await renderedHome();
    const good = test.read(CURRENT);
    const spoil = () =>
      text === undefined ? Deno.removeSync(`${test.dir}/${CURRENT}`) : test.write(CURRENT, text);
    const words = `[DIR]/${CURRENT} cannot be used: ${problem}`;
    spoil();
    await test.expect(["render", "--dry-run"], {
      stdout: "0 to create, 0 to update, 0 to remove, 3 unchanged\n",
      stderr: `lychd: ${words}; render writes it again\n`,
    });
    await test.expect(RENDER, {
      stdout: summary(0, 0, 0, 3),
      stderr: `warning: ${words}; lychd writes it again\n${SKIP_REMARKS}`,
    });
    strictEqual(test.read(CURRENT), good);
    test.codex({ "soulstones/sage.toml": SAGE });
    await test.run(RENDER);
    ok(exists(`${test.dir}/${FORMER}`));
    // A rollback would otherwise restore the generation before the one that is lost.
    spoil();
    Deno.removeSync(`${test.config}/lychd/soulstones/sage.toml`);
    const { stderr } = await test.run(RENDER);
    const loss = "but a rollback cannot restore the units before this run";
    ok(stderr.startsWith(`warning: ${words}; lychd writes it again, ${loss}\n`), stderr);
    await expectRefusal(test, ROLLBACK, {
      stderr: "lychd: nothing to roll back to: no previous render is kept\n",
    });
  }
});

Deno.test("rollback needs no Codex", async () => {
  await using test = await renderedHome();
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.run(RENDER);
  Deno.removeSync(`${test.config}/lychd`, { recursive: true });
  const result = await test.run(ROLLBACK);
  strictEqual(result.code, 0, result.stderr);
  deepStrictEqual(test.files(UNITS), ["lychd-coven-vision.target"]);
});

Deno.test("after a rollback, no command hints at rendering the edit again", async () => {
  await using test = await renderedHome();
  test.codex({ "soulstones/eye.toml": EYE.replace("8B", "4B") });
  await test.run(RENDER);
  await test.run(ROLLBACK);
  for (const args of [["list"], ["plan", "eye"], ["apply"], ["summon", "eye"]]) {
    const { stderr } = await test.run(args);
    doesNotMatch(stderr, /lychd render/);
    if (args[0] !== "summon") match(stderr, /the Codex still has the edit: eye changed\n/);
  }
  // Another edit is not what the rollback undid.
  test.codex({ "soulstones/eye.toml": EYE.replace("8B", "2B") });
  match(
    (await test.run(["list"])).stderr,
    /differs from the last render: eye changed\nhint: lychd render/,
  );
});

Deno.test("rollback without a previous generation is refused", async () => {
  await using never = cli();
  await using once = await renderedHome();
  const stderr = "lychd: nothing to roll back to: no previous render is kept\n";
  await expectRefusal(never, ROLLBACK, { stderr });
  await expectRefusal(once, ROLLBACK, { stderr });
});

Deno.test("rollback refuses an edited file with its diff, and --force keeps the edit", async () => {
  await using test = await renderedHome();
  const first = test.read(EYE_UNIT);
  test.codex({ "soulstones/eye.toml": EYE.replace("8B", "4B") });
  await test.run(RENDER);
  test.write(EYE_UNIT, "# mine\n");
  await expectRefusal(test, ROLLBACK, { stderr: /\n-# mine\n[^]*was edited by hand/ });
  const result = await test.run([...ROLLBACK, "--force"]);
  strictEqual(result.code, 0, result.stderr);
  strictEqual(test.read(EYE_UNIT), first);
  strictEqual(test.read(`${EYE_UNIT}.edited`), "# mine\n");
});

const HOSTILE_GENERATIONS = {
  "not JSON": "{",
  "empty": "",
  "null": "null",
  "a newer version": '{"lychd": 2, "files": {}}',
  "a path outside the folder": generation("containers/systemd/lychd/../../../.bashrc"),
  "an absolute path": generation("/etc/passwd"),
  "a path in the Codex": generation("lychd/soulstones/eye.toml"),
  "a text that is not a string":
    '{"lychd": 1, "files": {"systemd/user/x.target": {"text": 5, "mode": 384}}}',
};
Deno.test("rollback refuses a previous generation that lychd did not write", async (t) => {
  await using test = await renderedHome();
  for (const [name, text] of Object.entries(HOSTILE_GENERATIONS)) {
    await t.step(name, async () => {
      test.write(FORMER, text);
      await expectRefusal(test, ROLLBACK, {
        stderr: /^lychd: \[DIR\]\/\S+ cannot be used: [^\n]+\n$/,
      });
    });
  }
});

/** The stderr of a purge of `EYE`: what it does not remove. */
const KEPT = "lychd: kept: the Codex [DIR]/home/.config/lychd\n" +
  "lychd: kept: the volumes lychd-huggingface lychd-vllm\n" +
  "hint: podman volume rm lychd-huggingface lychd-vllm\n" +
  "lychd: kept: the images docker.io/vllm/vllm-openai:v0.33.0\n" +
  "hint: podman image rm docker.io/vllm/vllm-openai:v0.33.0\n";

Deno.test("purge without a terminal and without --yes is refused", async () => {
  await using test = await renderedHome();
  await expectRefusal(test, PURGE, {
    code: 2,
    stderr:
      "lychd: purge needs confirmation, but stdin is not a terminal\nhint: lychd purge --yes\n",
  });
});

const hasScript = exists("/usr/bin/script");
Deno.test({
  name: "purge on a terminal lists the files, and only `y` or `yes` removes them" +
    (hasScript ? "" : " (ignored: this host does not have script)"),
  ignore: !hasScript,
  async fn() {
    await using test = await renderedHome();
    const answer = (text: string) =>
      test.shell(`printf '${text}' | script -qec "$LYCHD ${PURGE.join(" ")}" /dev/null`);
    const before = contentsOf(test);
    for (const text of ["n\\n", "\\n", "yesterday\\n", "\\004"]) {
      const result = await answer(text);
      strictEqual(result.code, 1, result.stdout);
      match(
        result.stdout,
        /\/lychd\.pod\r?\n[^]*remove these 3 files\? \[y\/N\] [^]*nothing was removed/,
      );
      deepStrictEqual(contentsOf(test), before);
    }
    const result = await answer("y\\n");
    strictEqual(result.code, 0, result.stdout);
    deepStrictEqual(test.files("home").map((path) => `home/${path}`), [SETTINGS, CODEX_EYE]);
  },
});

Deno.test("purge --yes removes the files and folders of lychd, and no others", async () => {
  const own = [`${UNITS}/own.service`, "home/.config/containers/systemd/own.container"];
  await using test = homeWithCodex().codex({
    "lychd.toml": `boot_coven = "vision"\n${NO_WATCHERS}`,
  });
  for (const path of own) test.write(path, "# mine\n");
  await test.expect(RENDER, { stdout: summary(4, 0, 0, 0), stderr: SKIP_REMARKS });
  ok(test.files(UNITS).includes("default.target.d/lychd.conf"));
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.run(RENDER);
  await test.expect([...PURGE, "--yes"], {
    stdout: "[DIR]/home/.config: 6 removed\n",
    stderr: KEPT + PURGE_REMARKS,
  });
  deepStrictEqual(test.files("home/.config/containers"), ["systemd/own.container"]);
  deepStrictEqual(test.files("home/.config/systemd"), ["user/own.service"]);
  strictEqual(exists(`${test.dir}/${LYCHD_FOLDER}`), false);
  strictEqual(exists(`${test.dir}/${UNITS}/default.target.d`), false);
});

Deno.test("purge keeps files of the operator in the folders of lychd and of drop-ins", async () => {
  await using test = homeWithCodex().codex({
    "lychd.toml": `boot_coven = "vision"\n${NO_WATCHERS}`,
  })
    .write(`${LYCHD_FOLDER}/soulstone-mine.container`, "# mine\n")
    .write(`${UNITS}/default.target.d/mine.conf`, "# mine\n");
  await test.run(RENDER);
  const result = await test.run([...PURGE, "--yes"]);
  strictEqual(result.code, 0, result.stderr);
  deepStrictEqual(test.files(LYCHD_FOLDER), ["soulstone-mine.container"]);
  deepStrictEqual(test.files(UNITS), ["default.target.d/mine.conf"]);
});

Deno.test("purge --json lists the removed files; then there is nothing to purge or roll back", async () => {
  await using test = await renderedHome();
  const result = await test.run([...PURGE, "--yes", "--json"]);
  strictEqual(result.stderr, KEPT + PURGE_REMARKS);
  deepStrictEqual(JSON.parse(result.stdout), {
    removed: [POD, EYE_UNIT, VISION].map((path) => path.slice("home/.config/".length)),
    kept: {
      volumes: ["lychd-huggingface", "lychd-vllm"],
      images: ["docker.io/vllm/vllm-openai:v0.33.0"],
    },
    reloaded: false,
  });
  await test.expect([...PURGE, "--yes"], {
    stdout: "nothing to remove: lychd has written no units\n",
    stderr: PURGE_REMARKS,
  });
  await expectRefusal(test, ROLLBACK, {
    stderr: /^lychd: nothing to roll back to: no previous render is kept\n/,
  });
  await test.expect(RENDER, { stdout: summary(3, 0, 0, 0), stderr: SKIP_REMARKS });
});
