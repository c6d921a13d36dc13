/** Tests of the Vessel's units: the stop of an engine waits for its requests, and the service starts. */
import assert from "node:assert/strict";
import {
  engine,
  freshHost,
  must,
  reboot,
  run,
  show,
  start,
  waitUntil,
  writeCodex,
} from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell, shellQuote } from "./lab.ts";

const VESSEL = { vessel: { enabled: true } };
const STOP = { stop_timeout_seconds: 1 };
const ENGINES = {
  a: engine(8780, { groups: ["one"], ...STOP }),
  b: engine(8781, { groups: ["two"], ...STOP }),
};

/** The folder of the Vessel, which the tests make by hand in place of a Vessel. */
const FOLDER = "$XDG_RUNTIME_DIR/lychd-vessel";
const LEASE = `mkdir -p ${FOLDER} && touch ${FOLDER}/lease-a`;

/** Renders two engines that exclude each other with a Vessel, stops the Vessel, and starts `a`. */
async function startA(shell: LichShell): Promise<void> {
  await must(shell, `rm -rf ${FOLDER}`);
  await freshHost(shell);
  await writeCodex(ENGINES, VESSEL);
  const rendered = await run(shell, "render");
  assert.equal(rendered.code, 0, rendered.stderr);
  await must(shell, "systemctl --user stop lychd-vessel.service");
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
}

async function stateOf(shell: LichShell, name: string): Promise<string> {
  const unit = `soulstone-${name}.service`;
  const state = (await show(shell, [unit], ["SubState", "Result"])).get(unit);
  return `${state?.["SubState"]} ${state?.["Result"]}`;
}

async function isThere(shell: LichShell, file: string): Promise<boolean> {
  return (await shell.run(`test -e ${FOLDER}/${file}`)).code === 0;
}

/** Starts `b`, which `a` excludes, and shows that `b` waits until the lease of `a` is removed. */
async function swapWithLease(shell: LichShell): Promise<void> {
  await must(shell, `${LEASE}; systemctl --user start --no-block soulstone-b.service`);
  await waitUntil("the stop asks the Vessel", 10, () => isThere(shell, "stop-a"));
  assert.equal(await stateOf(shell, "a"), "stop success");
  await must(shell, "sleep 1.5; curl -sf http://127.0.0.1:8780/health");
  assert.equal(await stateOf(shell, "b"), "dead success");
  await must(shell, `rm ${FOLDER}/lease-a`);
  await waitUntil("the swap", 20, async () => await stateOf(shell, "b") === "running success");
  assert.equal(await stateOf(shell, "a"), "dead success");
  assert.equal(await isThere(shell, "stop-a"), false);
}

labTest(
  "a start by anybody waits until the rival has no request under way, and then swaps",
  async () => {
    await labUp();
    await using shell = lichShell();
    await startA(shell);
    const commands = await must(shell, "systemctl --user show -P ExecStop soulstone-a.service");
    assert.deepEqual(commands.match(/(?<=path=)\S+/g), ["/bin/sh", "/usr/bin/podman"]);
    await swapWithLease(shell);
  },
);

labTest("without a Vessel, or without a lease, a stop waits for nothing", async () => {
  await labUp();
  await using shell = lichShell();
  await startA(shell);
  for (const [from, to] of [["a", "b"], ["b", "a"]]) {
    assert.equal((await start(shell, `soulstone-${to}.service`)).code, 0);
    assert.equal(await stateOf(shell, `${from}`), "dead success");
    assert.equal(await isThere(shell, ""), false);
  }
  // This lease is never removed.
  await must(shell, `mkdir ${FOLDER}; touch ${FOLDER}/lease-b`);
  const before = await must(shell, `stat -c %y ${FOLDER}`);
  assert.equal((await start(shell, "soulstone-b.service")).code, 0);
  assert.equal(await must(shell, `stat -c %y ${FOLDER}`), before);
});

labTest("an engine that ends by itself waits for nothing", async () => {
  await labUp();
  await using shell = lichShell();
  await startA(shell);
  await must(shell, LEASE);
  const before = await must(shell, `stat -c %y ${FOLDER}`);
  await must(shell, "podman kill --signal TERM soulstone-a");
  await waitUntil("its end", 20, async () => (await stateOf(shell, "a")).startsWith("dead"));
  assert.equal(await must(shell, `stat -c %y ${FOLDER}`), before);
});

labTest("a shutdown waits for no request", async () => {
  await labUp();
  await using shell = lichShell();
  await startA(shell);
  // The folder in the runtime directory would be gone afterwards.
  await must(shell, `rm -rf ~/door; mkdir ~/door; ln -s ~/door ${FOLDER}; ${LEASE}`);
  const before = await must(shell, "stat -c %y ~/door");
  await reboot();
  assert.equal(await must(shell, "stat -c %y ~/door"), before);
  await must(shell, `rm -rf ~/door ${FOLDER}`);
});

labTest(
  "a Vessel that is enabled later restarts no engine, and their next stop waits",
  async () => {
    await labUp();
    await using shell = lichShell();
    await freshHost(shell);
    await must(shell, `rm -rf ${FOLDER}`);
    await writeCodex(ENGINES);
    assert.equal((await run(shell, "render")).code, 0);
    assert.equal((await start(shell, "soulstone-a.service")).code, 0);
    await writeCodex(ENGINES, VESSEL);
    const rendered = await run(shell, "render");
    assert.match(rendered.stdout, /^started: vessel$/m);
    assert.equal(rendered.stderr, "");
    await must(shell, "systemctl --user stop lychd-vessel.service");
    await swapWithLease(shell);
  },
);

labTest("a render or an apply names why the front door does not start, and the fix", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await must(
    shell,
    `systemd-run --user --collect --unit=squatter busybox nc -ll -p 8081 -e true
     until ss -Hltn 'sport = :8081' | grep -q .; do sleep 0.05; done`,
  );
  await writeCodex(ENGINES, VESSEL);
  const why =
    /lychd: the front door does not start: the front door cannot listen on 127\.0\.0\.1:8081: port 8081 is used by busybox \(PID \d+\): lychd doctor --only codex\.ports\n/;
  const rendered = await run(shell, "render");
  assert.match(rendered.stderr, why);
  assert.equal(rendered.code, 6);
  await must(shell, "systemctl --user stop lychd-vessel");
  const applied = await run(shell, "apply");
  assert.match(applied.stderr, why);
  assert.equal(applied.code, 6);
  await must(shell, "systemctl --user stop squatter lychd-vessel");
  assert.equal((await run(shell, "apply")).stdout, "started: vessel\n");
  await must(shell, "curl -sf http://127.0.0.1:8081/health");
});

labTest(
  "a binary that was replaced is reported, and apply restarts the front door with it",
  async () => {
    await labUp();
    await using shell = lichShell();
    await freshHost(shell);
    // Not the file that other tests use.
    const copy = "install -D -m 755 /usr/local/bin/lychd ~/bin/new && mv ~/bin/new ~/bin/lychd";
    await must(shell, copy);
    await writeCodex(ENGINES, VESSEL);
    const dropIn = "~/.config/systemd/user/lychd-vessel.service.d";
    await must(
      shell,
      `mkdir -p ${dropIn}
     printf '[Service]\\nExecStart=\\nExecStart=%%h/bin/lychd serve --accept-weak-runtime\\n' >${dropIn}/1.conf
     ~/bin/lychd render`,
    );
    assert.equal(
      await must(shell, "~/bin/lychd apply"),
      "nothing to apply: what runs is what is rendered\n",
    );
    await must(shell, copy);
    const status = await shell.run("~/bin/lychd status");
    assert.match(status.stderr, /vessel runs an older program than this one\nhint: lychd apply\n/);
    const doctor = await shell.run("~/bin/lychd doctor --only vessel.binary");
    assert.match(doctor.stdout, /the front door still runs the program that was at/);
    assert.equal(await must(shell, "~/bin/lychd apply"), "restarting: vessel\n");
    await waitUntil("the restart", 30, async () => {
      const { stdout, stderr } = await shell.run("~/bin/lychd status --json");
      const { front_door: door } = JSON.parse(stdout);
      return door !== null && !stderr.includes("older program");
    });
    await must(shell, "rm -r ~/bin");
  },
);

/** Runs the same programs as the Vessel, and reports to systemd that it is ready if all of them work. */
const PROBE = `set -e
systemctl --user list-units >/dev/null
journalctl --user -n 1 >/dev/null
podman ps
podman image exists localhost/fake-engine:latest
ss -ltnp | grep -q pasta
flock -n "$XDG_RUNTIME_DIR/systemd" true
ls "$XDG_RUNTIME_DIR/systemd/units" >/dev/null
touch "$RUNTIME_DIRECTORY/lease-a"
systemd-notify --ready --status=probed
exec sleep infinity`;

labTest(
  "the Vessel starts with the session, and everything that it runs works within its limits",
  async () => {
    await labUp();
    await using shell = lichShell();
    await startA(shell);
    const dropIn = "~/.config/systemd/user/lychd-vessel.service.d";
    const lines = "[Service]\nExecStart=\nExecStart=/bin/sh %h/probe.sh\nRestart=no\n";
    await must(
      shell,
      `mkdir ${dropIn}
     printf %s ${shellQuote(lines)} >${dropIn}/probe.conf
     printf %s ${shellQuote(PROBE)} >~/probe.sh
     systemctl --user daemon-reload`,
    );
    const started = await start(shell, "lychd-vessel.service");
    const log = await must(shell, "journalctl --user -o cat -n 20 -u lychd-vessel.service");
    assert.equal(started.code, 0, log);
    const status = await must(shell, "systemctl --user show -P StatusText lychd-vessel.service");
    assert.equal(status.trim(), "probed");
    await reboot();
    const id = await must(shell, "systemctl --user show -P InvocationID lychd-vessel.service");
    assert.notEqual(id.trim(), "");
    await must(shell, "systemctl --user stop lychd-vessel.service");
    assert.equal(await isThere(shell, ""), false);
  },
);
