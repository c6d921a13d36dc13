/** Tests of `lychd render`, `rollback` and `purge` on a real host, with the binary. */
import assert from "node:assert/strict";
import {
  active,
  engine,
  type Fields,
  freshHost,
  must,
  run,
  show,
  writeCodex,
} from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell } from "./lab.ts";

const CODEX: Readonly<Record<string, Fields>> = {
  a: engine(8780, { groups: ["one"] }, ["--model", "a"]),
  b: engine(8781, { groups: ["one", "two"] }, ["--model", "b"]),
  c: engine(8782, { groups: ["two"] }, ["--model", "c"]),
  home: engine(8783, { resident: true }),
};
const SETTINGS = { sepulcher: { reserve_ports: "8780-8799" } };

function putCodex(soulstones: Readonly<Record<string, Fields>>): Promise<void> {
  return writeCodex(soulstones, SETTINGS);
}

async function pids(shell: LichShell): Promise<Record<string, string>> {
  const units = Object.keys(CODEX).map((name) => `soulstone-${name}.service`);
  const states = await show(shell, [...units, "lychd-pod.service"], ["MainPID"]);
  return Object.fromEntries([...states].map(([unit, { MainPID = "" }]) => [unit, MainPID]));
}

/** Returns the units whose process changed. */
function changedPids(before: Record<string, string>, after: Record<string, string>): string[] {
  return Object.keys(before).filter((unit) => before[unit] !== after[unit]).sort();
}

labTest("render writes units that run, and a second render changes nothing", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await putCodex(CODEX);
  const first = await run(shell, "render");
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /7 created, 0 updated, 0 removed, 0 unchanged/);
  assert.equal((await run(shell, "render", "--exit-code")).code, 0);
  await must(shell, "systemctl --user start lychd-coven-one.target");
  assert.deepEqual(
    await active(shell, ["soulstone-a.service", "soulstone-b.service", "soulstone-c.service"]),
    ["soulstone-a.service", "soulstone-b.service"],
  );
  const second = await run(shell, "render", "--restart");
  assert.match(second.stdout, /0 created, 0 updated, 0 removed, 7 unchanged/);
});

labTest("an edited Soulstone is the only one that restarts, and only with --restart", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await putCodex(CODEX);
  assert.equal((await run(shell, "render")).code, 0);
  await must(shell, "systemctl --user start lychd-coven-one.target");
  const before = await pids(shell);
  const edited = { ...CODEX, a: engine(8780, { groups: ["one"] }, ["--model", "other"]) };
  await putCodex(edited);
  const rendered = await run(shell, "render");
  assert.equal(rendered.code, 0, rendered.stderr);
  assert.match(rendered.stderr, /not applied yet: a must restart\nhint: lychd apply\n/);
  assert.deepEqual(changedPids(before, await pids(shell)), []);
  const result = await run(shell, "render", "--restart");
  assert.match(result.stdout, /restarted: a\n/, result.stderr);
  const after = await pids(shell);
  assert.deepEqual(changedPids(before, after), ["soulstone-a.service"]);
  assert.doesNotMatch((await run(shell, "render", "--restart")).stdout, /restarted/);
  assert.deepEqual(changedPids(after, await pids(shell)), []);
});

labTest("adding or removing a Soulstone does not affect the others", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  const { c: _, ...without } = CODEX;
  await putCodex(without);
  assert.equal((await run(shell, "render")).code, 0);
  await must(shell, "systemctl --user start lychd-coven-one.target");
  const before = await pids(shell);
  await putCodex(CODEX);
  assert.equal((await run(shell, "render", "--restart")).code, 0);
  assert.deepEqual(changedPids(before, await pids(shell)), []);
  // The exclusivity rule applies immediately: `c` stops `a`, and the shared `b` keeps running.
  await must(shell, "systemctl --user start lychd-coven-two.target");
  assert.deepEqual(changedPids(before, await pids(shell)), [
    "soulstone-a.service",
    "soulstone-c.service",
  ]);
  await putCodex(without);
  const result = await run(shell, "render", "--restart");
  assert.match(result.stdout, /stopped: c\n/, result.stderr);
  assert.equal((await must(shell, "podman ps -q --filter name=soulstone-c")).trim(), "");
});

labTest("if the generator drops a unit, render names it and changes nothing", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await putCodex(CODEX);
  assert.equal((await run(shell, "render")).code, 0);
  const listing =
    "cd ~/.config && find containers systemd -type f ! -name .lychd-lock | sort | xargs sha256sum";
  const before = await must(shell, listing);
  // The key is new in Podman 5.8: check warns about it, and the generator of 5.4 drops the unit.
  const newKey = { quadlet: { Container: { AppArmor: "unconfined" } } };
  await putCodex({ ...CODEX, c: engine(8782, { groups: ["two"], ...newKey }) });
  const result = await run(shell, "render");
  if (result.code === 0) {
    // A newer Podman supports the key.
    assert.ok(
      Number(await must(shell, "podman --version | grep -oE '[0-9]+' | head -1")) > 5 ||
        Number(await must(shell, "podman --version | grep -oE '[0-9]+' | sed -n 2p")) >= 8,
    );
    return;
  }
  assert.equal(result.code, 6, result.stderr);
  assert.match(result.stderr, /soulstone-c\.container: .*AppArmor/);
  assert.equal(await must(shell, listing), before);
});

labTest("rollback undoes and redoes a render, and purge leaves no file and no unit", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await putCodex(CODEX);
  assert.equal((await run(shell, "render")).code, 0);
  await putCodex({ ...CODEX, a: engine(8780, { groups: ["one"] }, ["--model", "other"]) });
  assert.equal((await run(shell, "render")).code, 0);
  const unit =
    "grep -c 'model other' ~/.config/containers/systemd/lychd/soulstone-a.container || true";
  for (const expected of ["0", "1", "0"]) {
    const result = await run(shell, "rollback");
    assert.equal(result.code, 0, result.stderr);
    assert.equal((await must(shell, unit)).trim(), expected);
  }
  await must(shell, "systemctl --user start lychd-coven-one.target");
  await must(
    shell,
    "mkdir -p ~/.config/systemd/user && echo '[Unit]' > ~/.config/systemd/user/own.target",
  );
  const result = await run(shell, "purge", "--yes");
  assert.equal(result.code, 0, result.stderr);
  const left = await must(shell, "cd ~/.config && find containers systemd -type f");
  assert.equal(left.trim(), "systemd/user/own.target");
  const units = await must(
    shell,
    "systemctl --user list-units --all --plain --no-legend 'soulstone-*' 'lychd-*' | grep -v not-found || true",
  );
  assert.equal(units.trim(), "");
  assert.equal((await must(shell, "podman ps -aq")).trim(), "");
});

labTest("without a user session render writes nothing and prints a hint", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await putCodex(CODEX);
  const result = await shell.run(
    "XDG_RUNTIME_DIR=/run/user/4711 DBUS_SESSION_BUS_ADDRESS= lychd render",
  );
  assert.equal(result.code, 6, result.stderr);
  assert.match(result.stderr, /hint: /);
  assert.equal(
    (await must(shell, "find ~/.config/containers ~/.config/systemd -type f 2>/dev/null || true"))
      .trim(),
    "",
  );
});
