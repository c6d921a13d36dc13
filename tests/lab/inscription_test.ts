/** Inscription on a real host: the binary, as a user runs it, writes into the live folders. */
import assert from "node:assert/strict";
import { active, engine, type Fields, must, show } from "./host_codex.ts";
import { freshHost, run, writeCodex } from "./host_program.ts";
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

/** The units whose process is another one than before. */
function changedPids(before: Record<string, string>, after: Record<string, string>): string[] {
  return Object.keys(before).filter((unit) => before[unit] !== after[unit]).sort();
}

labTest("render puts units in place that run, and a second one changes nothing", async () => {
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

labTest("an edit of one Soulstone restarts that one, and only with --restart", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await putCodex(CODEX);
  assert.equal((await run(shell, "render")).code, 0);
  await must(shell, "systemctl --user start lychd-coven-one.target");
  const before = await pids(shell);
  const edited = { ...CODEX, a: engine(8780, { groups: ["one"] }, ["--model", "other"]) };
  await putCodex(edited);
  const told = await run(shell, "render");
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stderr, /still running as they were before: soulstone-a\.service\n/);
  assert.deepEqual(changedPids(before, await pids(shell)), []);
  const said = await run(shell, "render", "--restart");
  assert.match(said.stdout, /restarted: soulstone-a\.service\n/, said.stderr);
  const after = await pids(shell);
  assert.deepEqual(changedPids(before, after), ["soulstone-a.service"]);
  assert.doesNotMatch((await run(shell, "render", "--restart")).stdout, /restarted/);
  assert.deepEqual(changedPids(after, await pids(shell)), []);
});

labTest("a new Soulstone and one that goes leave the others alone", async () => {
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
  // The law holds at once: the newcomer ends its rival and leaves the shared one alone.
  await must(shell, "systemctl --user start lychd-coven-two.target");
  assert.deepEqual(changedPids(before, await pids(shell)), [
    "soulstone-a.service",
    "soulstone-c.service",
  ]);
  await putCodex(without);
  const said = await run(shell, "render", "--restart");
  assert.match(said.stdout, /restarted: soulstone-c\.service\n/, said.stderr);
  assert.equal((await must(shell, "podman ps -q --filter name=soulstone-c")).trim(), "");
});

labTest("a unit that the generator drops changes nothing, and is named", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await putCodex(CODEX);
  assert.equal((await run(shell, "render")).code, 0);
  const listing =
    "cd ~/.config && find containers systemd -type f ! -name .lychd-lock | sort | xargs sha256sum";
  const before = await must(shell, listing);
  // The key came with Podman 5.8: check warns of it, and 5.4's generator drops the unit.
  const newKey = { quadlet: { Container: { AppArmor: "unconfined" } } };
  await putCodex({ ...CODEX, c: engine(8782, { groups: ["two"], ...newKey }) });
  const said = await run(shell, "render");
  if (said.code === 0) {
    // A newer Podman knows the key.
    assert.ok(
      Number(await must(shell, "podman --version | grep -oE '[0-9]+' | head -1")) > 5 ||
        Number(await must(shell, "podman --version | grep -oE '[0-9]+' | sed -n 2p")) >= 8,
    );
    return;
  }
  assert.equal(said.code, 6, said.stderr);
  assert.match(said.stderr, /soulstone-c\.container: .*AppArmor/);
  assert.equal(await must(shell, listing), before);
});

labTest("rollback goes back and forth, and purge leaves no file and no unit", async () => {
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
    const said = await run(shell, "rollback");
    assert.equal(said.code, 0, said.stderr);
    assert.equal((await must(shell, unit)).trim(), expected);
  }
  await must(shell, "systemctl --user start lychd-coven-one.target");
  await must(
    shell,
    "mkdir -p ~/.config/systemd/user && echo '[Unit]' > ~/.config/systemd/user/own.target",
  );
  const said = await run(shell, "purge", "--yes");
  assert.equal(said.code, 0, said.stderr);
  const left = await must(shell, "cd ~/.config && find containers systemd -type f");
  assert.equal(left.trim(), "systemd/user/own.target");
  const units = await must(
    shell,
    "systemctl --user list-units --all --plain --no-legend 'soulstone-*' 'lychd-*' | grep -v not-found || true",
  );
  assert.equal(units.trim(), "");
  assert.equal((await must(shell, "podman ps -aq")).trim(), "");
});

labTest("without a session of the user nothing is written, and the hint helps", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await putCodex(CODEX);
  const said = await shell.run(
    "XDG_RUNTIME_DIR=/run/user/4711 DBUS_SESSION_BUS_ADDRESS= lychd render",
  );
  assert.equal(said.code, 6, said.stderr);
  assert.match(said.stderr, /hint: /);
  assert.equal(
    (await must(shell, "find ~/.config/containers ~/.config/systemd -type f 2>/dev/null || true"))
      .trim(),
    "",
  );
});
