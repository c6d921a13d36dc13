/** Tests of the pod, which runs independently of its engines. */
import assert from "node:assert/strict";
import { active, engine, install, must, request, show, start, waitUntil } from "./host_codex.ts";
import { labStatus, labTest, labUp, lichExec, lichShell } from "./lab.ts";

const POD = "lychd-pod.service";
const TWO_COVENS = {
  a: engine(8780, { groups: ["one"] }, ["--model", "a"]),
  b: engine(8781, { groups: ["one"] }, ["--model", "b"]),
  c: engine(8782, { groups: ["two"] }, ["--model", "c"]),
};
const ENGINES = ["soulstone-a.service", "soulstone-b.service", "soulstone-c.service"];

labTest("starting the pod starts no engine", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, TWO_COVENS);
  assert.equal((await start(shell, POD)).code, 0);
  await must(shell, "sleep 1");
  const states = await show(shell, ENGINES, ["ActiveState"]);
  assert.deepEqual([...states.values()].map((s) => s["ActiveState"]), [
    "inactive",
    "inactive",
    "inactive",
  ]);
  assert.deepEqual(await active(shell, [POD]), [POD]);
});

labTest("the pod survives a swap and a stop of all engines", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, TWO_COVENS);
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
  const pod = await must(shell, "podman pod inspect lychd --format '{{.InfraContainerID}}'");
  assert.equal((await start(shell, "soulstone-c.service")).code, 0);
  await must(shell, "systemctl --user stop soulstone-c.service; sleep 0.5");
  assert.deepEqual(await active(shell, [POD, ...ENGINES]), [POD]);
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
  assert.equal(await must(shell, "podman pod inspect lychd --format '{{.InfraContainerID}}'"), pod);
});

labTest("a killed engine restarts, and the pod and the other engine keep running", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, TWO_COVENS);
  assert.equal((await start(shell, "lychd-coven-one.target")).code, 0);
  const pids = async () => {
    const states = await show(shell, [POD, "soulstone-b.service"], ["MainPID", "ActiveState"]);
    return [...states.values()];
  };
  const before = await pids();
  await must(shell, "podman kill --signal KILL soulstone-a");
  await waitUntil(
    "the engine is down",
    5,
    async () => (await active(shell, ["soulstone-a.service"])).length === 0,
  );
  assert.deepEqual(await pids(), before);
  await waitUntil(
    "the engine is back",
    15,
    async () => (await active(shell, ["soulstone-a.service"])).length === 1,
  );
  assert.deepEqual(await pids(), before);
});

labTest("ports are reachable on 127.0.0.1 and on no other address", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    ...TWO_COVENS,
    hidden: engine(8783, { groups: ["one"], port_expose: false }),
  });
  assert.equal((await start(shell, "lychd-coven-one.target")).code, 0);
  const answer = new TextDecoder().decode(await request(shell, 8780, "/v1/models"));
  assert.match(answer, /"id": ?"a"/);
  const { address } = await labStatus();
  assert.ok(address !== undefined);
  for (const other of [address, "[::1]"]) {
    assert.equal(await request(shell, 8780, "/health", other), undefined, other);
  }
  const fromHost = await new Deno.Command("curl", {
    args: ["-sf", "-m", "5", `http://${address}:8780/health`],
    stdout: "null",
    stderr: "null",
  }).output();
  assert.notEqual(fromHost.code, 0);
  const listening = await must(shell, "ss -Hltn | awk '{ print $4 }' | grep ':878' | sort");
  assert.deepEqual(listening.trim().split("\n"), [
    "127.0.0.1:8780",
    "127.0.0.1:8781",
    "127.0.0.1:8782",
  ]);
});

labTest("a new Soulstone within the reserved ports needs no new pod", async () => {
  await labUp();
  await using shell = lichShell();
  const settings = { sepulcher: { reserve_ports: "8780-8789" } };
  await install(shell, { a: TWO_COVENS.a }, settings);
  const unit = "cat ~/.config/containers/systemd/lychd/lychd.pod";
  const before = await must(shell, unit);
  await install(shell, TWO_COVENS, settings);
  assert.equal(await must(shell, unit), before);
  assert.equal((await start(shell, "soulstone-c.service")).code, 0);
  assert.ok(await request(shell, 8782, "/health"));
});

labTest("an engine has shm_size_mib of shared memory", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, { a: TWO_COVENS.a }, { sepulcher: { shm_size_mib: 12_345 } });
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
  const free = await must(shell, "podman exec soulstone-a df -m /dev/shm | awk 'END { print $2 }'");
  assert.equal(free.trim(), "12345");
});

labTest("a broken unit of the user does not break the units of lychd", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, TWO_COVENS);
  await must(
    shell,
    `printf 'this is not a unit\\n' > ~/.config/containers/systemd/broken.container
     systemctl --user daemon-reload`,
  );
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
});

labTest("every service is loaded, and systemd and Quadlet log no complaint", async () => {
  await labUp();
  await using shell = lichShell();
  const cursor = await must(
    shell,
    "journalctl --user -n 0 --show-cursor | sed -n 's/^-- cursor: //p'",
  );
  await install(shell, TWO_COVENS, { boot_coven: "one" });
  const units = [POD, ...ENGINES, "lychd-coven-one.target", "lychd-coven-two.target"];
  const states = await show(shell, units, ["LoadState", "NeedDaemonReload"]);
  for (const unit of units) {
    assert.equal(states.get(unit)?.["LoadState"], "loaded", unit);
    assert.equal(states.get(unit)?.["NeedDaemonReload"], "no", unit);
  }
  const { stdout } = await lichExec([
    "journalctl",
    `--after-cursor=${cursor.trim()}`,
    "--output=cat",
    "--identifier=systemd",
    "--identifier=quadlet-generator",
    "--identifier=podman-user-generator",
  ], { root: true });
  // Only lines about lychd's units: a newer systemd also reports cgroup files that the lab lacks.
  const complaints = stdout.split("\n").filter((line) => /soulstone|lychd/.test(line))
    .filter((line) => !line.includes("for control group"))
    .filter((line) => /ignoring|Unknown key|unsupported|Failed to add|Invalid|refus/i.test(line));
  assert.deepEqual(complaints, []);
});
