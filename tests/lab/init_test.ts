/** Tests the way from an empty home to loaded units, with flags and with prompts. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runAtTerminal, type Step } from "../cli/pty.ts";
import { clear, ENGINE_IMAGE, must, putBinary, request, show } from "./host_codex.ts";
import { SPECIFICATION, writeSpecification } from "./cdi.ts";
import { labEnvironment, labTest, labUp, type LichShell, lichShell } from "./lab.ts";

const LAB = fileURLToPath(new URL("./lab", import.meta.url));

/** Every kind of engine, with its flags and with its step in the prompts. */
const ENGINES: readonly {
  readonly engine: string;
  readonly flags: string;
  readonly model: Step;
}[] = [
  { engine: "vllm", flags: "--model Qwen/Qwen3-8B", model: ["Model (", "Qwen/Qwen3-8B\r"] },
  { engine: "sglang", flags: "--model Qwen/Qwen3-8B", model: ["Model (", "Qwen/Qwen3-8B\r"] },
  {
    engine: "llamacpp",
    flags: "--model ~/models/x.gguf",
    model: ["Model (", "~/models/x.gguf\r"],
  },
  { engine: "tabbyapi", flags: "--model /srv/exl3/x", model: ["Model (", "/srv/exl3/x\r"] },
  { engine: "ollama", flags: "--model qwen3:8b", model: ["Model (", "qwen3:8b\r"] },
  {
    engine: "generic",
    flags: `--image ${ENGINE_IMAGE}`,
    model: ["Container image:", `${ENGINE_IMAGE}\r`],
  },
];

async function emptyHome(shell: LichShell): Promise<void> {
  await putBinary();
  await clear(shell);
  await must(shell, "rm -rf ~/.config/lychd");
}

/** Checks and renders the Codex that an init wrote. */
async function checkAndRender(shell: LichShell): Promise<void> {
  await must(shell, "lychd check");
  const before = await must(shell, "find ~/.config -type f | sort");
  const shown = await must(shell, "lychd render --dry-run");
  assert.match(shown, /^\+Exec=|^\+Image=/m);
  assert.equal(await must(shell, "find ~/.config -type f | sort"), before);
  await must(shell, "lychd render");
  assert.equal((await shell.run("lychd render --exit-code")).code, 0);
  const units = await show(shell, [
    "soulstone-mine.service",
    "lychd-coven-chat.target",
    "scribe.service",
  ], [
    "LoadState",
    "NeedDaemonReload",
  ]);
  const dashboards = await must(shell, "ls ~/.config/containers/systemd/lychd/scribe/dashboards");
  assert.match(dashboards, /^lychd-covens\.json$/m);
  for (const [unit, state] of units) {
    assert.deepEqual(state, { Id: unit, LoadState: "loaded", NeedDaemonReload: "no" });
  }
}

for (const { engine, flags, model } of ENGINES) {
  labTest(`init with flags, then check and render: ${engine}`, async () => {
    await labUp();
    await using shell = lichShell();
    await emptyHome(shell);
    await must(shell, `lychd init --engine ${engine} ${flags} --name mine --coven chat`);
    await checkAndRender(shell);
  });

  labTest(`init with prompts, then check and render: ${engine}`, async () => {
    await labUp();
    await using shell = lichShell();
    await emptyHome(shell);
    const down = "\u001b[B".repeat(ENGINES.findIndex((other) => other.engine === engine));
    const { code, shown } = await runAtLabTerminal("lychd init", [
      ["Which engine?", `${down}\r`],
      model,
      ["Name:", "mine\r"],
      ["Covens (", "chat\r"],
      ["Capabilities,", "text-generation\r"],
      ["Port:", "\r"],
      ["Add another Soulstone?", "\r"],
      ["Which Coven starts at boot?", "\r"],
      ["Run the front door", "\r"],
    ]);
    assert.equal(code, 0, shown);
    await checkAndRender(shell);
    assert.match(
      await must(shell, "cat ~/.config/lychd/soulstones/mine.toml"),
      /"text-generation"/,
    );
  });
}

labTest("init uses an existing device and a free port, and add uses the next port", async () => {
  await labUp();
  await writeSpecification(SPECIFICATION);
  await using shell = lichShell();
  await emptyHome(shell);
  // Other containers use the first port and the port of the Harvester.
  await must(
    shell,
    `for port in 8780 9090; do podman run -d --rm --replace --name held-$port --network host \\
       ${ENGINE_IMAGE} --port $port; done
     until curl -s -o /dev/null http://127.0.0.1:8780/v1/models &&
       curl -s -o /dev/null http://127.0.0.1:9090/v1/models; do sleep 0.1; done`,
  );
  try {
    const engine = `--image ${ENGINE_IMAGE}`;
    const result = JSON.parse(
      await must(shell, `lychd init --engine generic ${engine} --name a --coven one --json`),
    );
    assert.deepEqual(result.notes, []);
    assert.equal(result.next, "lychd render --dry-run");
    assert.equal(result.soulstones[0].port, 8781);
    const settings = await must(shell, "cat ~/.config/lychd/lychd.toml");
    assert.match(settings, /^default_devices = \["nvidia\.com\/gpu=all"\]$/m);
    assert.match(settings, /^\[harvester\]\n.*\nport = 9091$/m);
    await must(shell, `lychd add generic ${engine} --name b --coven two`);
    // Uncomment the proposed lines, which set the ports and health checks of both engines.
    await must(
      shell,
      "sed -i 's/^# \\(exec\\|health\\) =/\\1 =/' ~/.config/lychd/soulstones/*.toml",
    );
    await must(shell, "lychd check && lychd render");
    for (const [wish, port] of [["one", 8781], ["two", 8782]] as const) {
      await must(shell, `lychd summon ${wish}`);
      assert.equal(
        new TextDecoder().decode((await request(shell, port, "/health")) ?? new Uint8Array())
          .trim(),
        "ok",
      );
    }
    const states = await show(shell, ["soulstone-a.service", "soulstone-b.service"], [
      "ActiveState",
    ]);
    assert.deepEqual([...states.values()].map((state) => state["ActiveState"]), [
      "inactive",
      "active",
    ]);
  } finally {
    await shell.run("podman rm -f -t 0 held-8780 held-9090");
    await clear(shell);
    await writeSpecification(undefined);
  }
});

/** Runs a shell command as lich, at a terminal. */
function runAtLabTerminal(line: string, steps: readonly Step[]) {
  const env = { ...labEnvironment(), PATH: Deno.env.get("PATH") ?? "", TERM: "xterm-256color" };
  const words = `'${LAB}' exec --user lich -- bash -lc '${line}'`;
  return runAtTerminal(words, steps, { cwd: "/", env });
}
