/**
 * A user who is not root, and folders that are not theirs.
 */
import { match, strictEqual } from "node:assert/strict";
import { join } from "node:path/posix";
import {
  ALONE,
  BINARY,
  binaryTest,
  Home,
  household,
  lacking,
  notRoot,
  type Said,
} from "./binary.ts";

const USER = 65534;
const MISSING = notRoot() ?? lacking("setpriv");

/** A home of that user, with the binary in it, since they may not reach where it was made. */
async function userHome(): Promise<{ home: Home; run: (...args: string[]) => Promise<Said> }> {
  const home = new Home();
  const codex = home.codex("a", household("a"));
  const binary = join(home.dir, "lychd");
  await Deno.copyFile(BINARY, binary);
  await Deno.chmod(binary, 0o755);
  await home.run(["-R", `${USER}:${USER}`, home.dir], "chown");
  const as = [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", binary];
  const run = (...args: string[]) =>
    home.run(
      [...as, ...args, ...args[0] === "render" ? ["--codex", codex] : [], ...ALONE],
      "setpriv",
    );
  return { home, run };
}

binaryTest("a user who is not root renders, rolls back and purges", async () => {
  const { home, run } = await userHome();
  await using _ = home;
  for (const args of [["render"], ["render"], ["purge", "--yes"]]) {
    const { code, stderr } = await run(...args);
    strictEqual(code, 0, stderr);
  }
}, MISSING);

binaryTest("folders of root are refused with what helps, and not touched", async () => {
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

binaryTest("a ~/.config or a folder that may not be written is told without a trace", async () => {
  const { home, run } = await userHome();
  await using _ = home;
  const denied = /^lychd: \S+: this user has no permission for it; nothing was changed\n$/;
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
    household("b")["soulstones/all.toml"] ?? "",
  );
  for (const folder of [home.ours, home.units]) {
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

binaryTest("units of another user are none of this one's", async () => {
  const { home } = await userHome();
  await using _ = home;
  const users = "/etc/containers/systemd/users";
  const script = `mount -t tmpfs tmpfs /etc && mkdir -p ${users}/4242 && \
: > ${users}/4242/soulstone-eye.container && \
exec setpriv --reuid=${USER} --regid=${USER} --clear-groups ${home.dir}/lychd render \\
--codex ${home.dir}/a ${ALONE.join(" ")}`;
  const { code, stderr } = await home.run(["-m", "sh", "-c", script], "unshare");
  strictEqual(code, 0, stderr);
}, MISSING ?? lacking("unshare"));

binaryTest("a user whom the host does not know, without HOME, is told what to set", async () => {
  await using home = new Home();
  const binary = join(home.dir, "lychd");
  await Deno.copyFile(BINARY, binary);
  await Deno.chmod(binary, 0o755);
  await Deno.chmod(home.dir, 0o755);
  const nobody = ["-u", "HOME", "setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"];
  const { code, stderr } = await home.run([...nobody, binary, "check"], "env");
  strictEqual(stderr, "lychd: HOME names no absolute folder; set HOME or XDG_CONFIG_HOME\n");
  strictEqual(code, 1);
}, MISSING);
