/** Tests as a user other than root, with folders of that user and of others. */
import { match, strictEqual } from "node:assert/strict";
import { join } from "node:path/posix";
import {
  BINARY,
  binaryTest,
  exampleCodex,
  Home,
  missingProgram,
  missingRoot,
  type Output,
  WITHOUT_SYSTEMD,
} from "./binary.ts";

const USER = 65534;
const MISSING = missingRoot() ?? missingProgram("setpriv");

/** Creates a home of the user with a copy of the binary, because the original may not be accessible. */
async function userHome(): Promise<{ home: Home; run: (...args: string[]) => Promise<Output> }> {
  const home = new Home();
  const codex = home.codex("a", exampleCodex("a"));
  const binary = join(home.dir, "lychd");
  await Deno.copyFile(BINARY, binary);
  await Deno.chmod(binary, 0o755);
  await home.run(["-R", `${USER}:${USER}`, home.dir], "chown");
  const as = [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", binary];
  const run = (...args: string[]) =>
    home.run(
      [...as, ...args, ...args[0] === "render" ? ["--codex", codex] : [], ...WITHOUT_SYSTEMD],
      "setpriv",
    );
  return { home, run };
}

binaryTest("a user other than root can render twice and purge", async () => {
  const { home, run } = await userHome();
  await using _ = home;
  for (const args of [["render"], ["render"], ["purge", "--yes"]]) {
    const { code, stderr } = await run(...args);
    strictEqual(code, 0, stderr);
  }
}, MISSING);

binaryTest("folders of root are refused with a hint and not changed", async () => {
  for (const path of ["containers", "containers/systemd/lychd", "systemd", "systemd/user"]) {
    const { home, run } = await userHome();
    await using _ = home;
    strictEqual((await run("render")).code, 0);
    const folder = join(home.config, path);
    Deno.chownSync(folder, 0, 0);
    Deno.chmodSync(folder, 0o777);
    const before = JSON.stringify(home.generation());
    for (const args of [["render"], ["rollback"], ["purge", "--yes"]]) {
      const { code, stdout, stderr } = await run(...args);
      strictEqual(code, 1);
      strictEqual(stdout, "");
      strictEqual(
        stderr,
        `lychd: ${folder} belongs to user 0, not to ${USER}; nothing was changed\n` +
          `hint: sudo chown -R ${USER} ${folder}\n`,
      );
    }
    strictEqual(JSON.stringify(home.generation()), before);
  }
}, MISSING);

binaryTest("a ~/.config or folder without write permission is reported, not changed", async () => {
  const { home, run } = await userHome();
  await using _ = home;
  const denied = /^lychd: \S+: permission denied; nothing was changed\n$/;
  Deno.mkdirSync(home.config, { mode: 0o555 });
  Deno.chownSync(home.config, USER, USER);
  const none = await run("render");
  match(none.stderr, denied);
  strictEqual(none.code, 1);
  Deno.chmodSync(home.config, 0o755);
  strictEqual((await run("render")).code, 0);
  const before = JSON.stringify(home.generation());
  Deno.writeTextFileSync(
    join(home.dir, "a/soulstones/all.toml"),
    exampleCodex("b")["soulstones/all.toml"] ?? "",
  );
  for (const folder of [home.quadlets, home.units]) {
    Deno.chmodSync(folder, 0o555);
    const { code, stderr } = await run("render");
    strictEqual(code, 1, stderr);
    match(stderr, denied);
    strictEqual(JSON.stringify(home.generation()), before);
    strictEqual(home.leftovers().length, 0);
    Deno.chmodSync(folder, 0o755);
  }
  const unreadable = join(home.config, "containers/systemd/other");
  Deno.mkdirSync(unreadable, { mode: 0o700 });
  const { code, stderr } = await run("render");
  strictEqual(code, 0, stderr);
}, MISSING);

binaryTest("units of another user are ignored", async () => {
  const { home } = await userHome();
  await using _ = home;
  const users = "/etc/containers/systemd/users";
  const script = `mount -t tmpfs tmpfs /etc && mkdir -p ${users}/4242 && \
: > ${users}/4242/soulstone-eye.container && \
exec setpriv --reuid=${USER} --regid=${USER} --clear-groups ${home.dir}/lychd render \\
--codex ${home.dir}/a ${WITHOUT_SYSTEMD.join(" ")}`;
  const { code, stderr } = await home.run(["-m", "sh", "-c", script], "unshare");
  strictEqual(code, 0, stderr);
}, MISSING ?? missingProgram("unshare"));

binaryTest("without HOME, an unknown user gets a message that names HOME", async () => {
  await using home = new Home();
  const binary = join(home.dir, "lychd");
  await Deno.copyFile(BINARY, binary);
  await Deno.chmod(binary, 0o755);
  await Deno.chmod(home.dir, 0o755);
  const unknownUser = ["-u", "HOME", "setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"];
  const { code, stderr } = await home.run([...unknownUser, binary, "check"], "env");
  strictEqual(stderr, "lychd: HOME is not an absolute folder; set HOME or XDG_CONFIG_HOME\n");
  strictEqual(code, 1);
}, MISSING);
