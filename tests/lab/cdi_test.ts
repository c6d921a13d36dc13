/** Tests of CDI devices, with and without a specification. */
import assert from "node:assert/strict";
import { engine, install, must, request, start } from "./host_codex.ts";
import { labTest, labUp, lichExec, lichShell } from "./lab.ts";

const SPECIFICATION = `cdiVersion: "0.5.0"
kind: lychd.test/gpu
devices:
  - name: "0"
    containerEdits:
      deviceNodes:
        - path: /dev/fakegpu0
      env:
        - LYCHD_TEST_GPU=fakegpu0
`;
const FOLDER = "/etc/cdi";
const CODEX = { a: engine(8780, { devices: ["lychd.test/gpu=0"] }) };

labTest("an engine gets a CDI device and its variables", async () => {
  await labUp();
  await writeSpecification(SPECIFICATION);
  try {
    await using shell = lichShell();
    await install(shell, CODEX);
    const { code, stderr } = await start(shell, "soulstone-a.service");
    assert.equal(code, 0, stderr);
    const env = new TextDecoder().decode(await request(shell, 8780, "/env"));
    assert.ok(env.split("\0").includes("LYCHD_TEST_GPU=fakegpu0"));
    await must(shell, "podman exec soulstone-a test -c /dev/fakegpu0");
  } finally {
    await writeSpecification(undefined);
  }
});

labTest("without a CDI specification the error names the device", async () => {
  await labUp();
  await writeSpecification(undefined);
  await using shell = lichShell();
  await install(shell, CODEX);
  assert.equal((await start(shell, "soulstone-a.service")).code, 1);
  const journal = await must(shell, "journalctl --user -u soulstone-a.service -n 20 --output=cat");
  assert.match(journal, /unresolvable CDI devices lychd\.test\/gpu=0/);
  await must(shell, "systemctl --user stop soulstone-a.service");
});

async function writeSpecification(text: string | undefined): Promise<void> {
  const file = `${FOLDER}/lychd-test.yaml`;
  const script = text === undefined
    ? `rm -f ${file}`
    : `mkdir -p ${FOLDER} && cat > ${file} && { test -e /dev/fakegpu0 || mknod -m 666 /dev/fakegpu0 c 1 5; }`;
  const { code, stderr } = await lichExec(["sh", "-c", script], { root: true, stdin: text ?? "" });
  assert.equal(code, 0, stderr);
}
