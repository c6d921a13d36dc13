/** `lychd pull` with the real Podman, from a registry on the host. */
import assert from "node:assert/strict";
import {
  engine,
  ENGINE_IMAGE,
  type Fields,
  freshHost,
  must,
  run,
  waitUntil,
  writeCodex,
} from "./host_codex.ts";
import { getTree, labTest, labUp, type LichShell, lichShell } from "./lab.ts";
import { hostAddress, type OciImage, readLayout, Registry } from "./registry.ts";

const MODEL = "Qwen/Qwen3";
const MODEL_FILE = `/${MODEL}/model`;
const MODEL_BYTES = new Uint8Array(4_000_000).map((_, i) => (i * i) >> 7);

/** A stand-in for `hf`: it downloads one file, and continues one that was interrupted. */
const HF = `#!/bin/sh
[ "$1 $HF_TOKEN" = "download s3cret" ] || exit 2
folder=\${HF_HOME:-/root/.cache/huggingface}/hub/$2
mkdir -p "$folder" || exit 1
exec wget -q -c -O "$folder/model" "$HF_ENDPOINT/$2/model"
`;

const secrets = ["hub-token,type=env,target=HF_TOKEN"];

let built: OciImage | undefined;

/** Builds an image of the engine with `hf`, a small layer and a large one, and removes it from the lab. */
async function buildImage(shell: LichShell): Promise<OciImage> {
  await must(
    shell,
    `rm -rf ~/build ~/layout && mkdir ~/build && cd ~/build
     head -c 300000 /dev/urandom >small && head -c 8000000 /dev/urandom >large
     printf %s '${HF}' >hf && chmod 755 hf
     printf 'FROM ${ENGINE_IMAGE}\\nCOPY hf /bin/hf\\nCOPY small /\\nCOPY large /\\n' >Containerfile
     podman build -q -t localhost/vllm:1 . && podman save -q --format oci-dir -o ~/layout localhost/vllm:1
     podman rmi localhost/vllm:1 && rm -rf ~/build`,
  );
  const folder = await Deno.makeTempDir({ prefix: "lychd-lab-" });
  try {
    await getTree("/home/lich/layout", `${folder}/layout`);
    return readLayout(`${folder}/layout`);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await must(shell, "rm -rf ~/layout");
  }
}

/** Registers a test on an empty host, with an engine whose image and model a registry has. */
function registryTest(
  name: string,
  more: Readonly<Record<string, Fields>>,
  test: (host: RegistryHost) => Promise<void>,
): void {
  labTest(name, () => withRegistry(more, test));
}

interface RegistryHost {
  readonly shell: LichShell;
  readonly registry: Registry;
  /** The image of the engine `eye`. */
  readonly image: string;
}

async function withRegistry(
  more: Readonly<Record<string, Fields>>,
  test: (host: RegistryHost) => Promise<void>,
): Promise<void> {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  built ??= await buildImage(shell);
  await using registry = new Registry(await hostAddress(), {
    images: { vllm: built },
    files: { [MODEL_FILE]: MODEL_BYTES },
  });
  const image = `${registry.address}/vllm:1`;
  await must(
    shell,
    `mkdir -p ~/.config/containers/registries.conf.d
     printf '[[registry]]\\nlocation = "${registry.address}"\\ninsecure = true\\n' \
       >~/.config/containers/registries.conf.d/lab.conf`,
  );
  await must(shell, "printf s3cret | podman secret create --replace hub-token -");
  const env = { HF_ENDPOINT: `http://${registry.address}` };
  const eye = { image, port: 8780, groups: ["vision"], model: MODEL, devices: [], env, secrets };
  await writeCodex({ eye, ...more });
  try {
    await test({ shell, registry, image });
  } finally {
    await must(shell, `podman rmi --force --ignore ${image}; podman secret rm hub-token`);
  }
}

/** Returns every file of lich outside of Podman's storage, with its time. */
async function filesOutside(shell: LichShell): Promise<string> {
  return await must(
    shell,
    `find ~ /tmp /var/tmp -path ~/.local/share/containers -prune -o \
       -user lich -not -type d -printf '%p %T@ %s\\n' | sort`,
  );
}

async function digestOfModel(shell: LichShell): Promise<string> {
  const path = `huggingface/hub${MODEL_FILE}`;
  const script = `podman run --rm --entrypoint sha256sum -v lychd-huggingface:/huggingface \
    ${ENGINE_IMAGE} /${path}`;
  return (await must(shell, script)).split(" ")[0] ?? "";
}

registryTest(
  "pull downloads an image and a model once, and writes only to Podman's storage and the volumes",
  { owl: engine(8781, { groups: ["vision"] }) },
  async ({ shell, registry, image }) => {
    const preview = await run(shell, "pull", "--dry-run");
    assert.match(preview.stdout, new RegExp(`\\n${image} +missing +eye\\n`));
    assert.deepEqual(registry.requests, []);
    const before = await filesOutside(shell);
    const first = await run(shell, "pull");
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, new RegExp(`\\n${image} +pulled +10\\.\\d MB +eye\\n`));
    assert.match(
      first.stdout,
      new RegExp(`\\n${ENGINE_IMAGE} +already there +\\d\\.\\d MB +owl\\n`),
    );
    assert.match(first.stdout, new RegExp(`\\n${MODEL} +complete +eye\\n`));
    assert.equal(
      first.stderr.split("\n").at(-2),
      "lychd: owl: no model is downloaded: lychd does not know how its engine downloads models",
    );
    assert.equal(await filesOutside(shell), before);
    const digest = await digestOfModel(shell);
    registry.resume();
    const second = await run(shell, "pull", "vision");
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, new RegExp(`\\n${image} +already there `));
    // The stand-in asks for the bytes after the last one.
    assert.deepEqual(registry.requests, [`${MODEL_FILE} 4000000`]);
    assert.equal(registry.sentBytes, 0);
    assert.equal(await digestOfModel(shell), digest);
    assert.equal(await must(shell, "podman ps --all --quiet --filter name=^lychd-pull"), "");
    // The engine finds the model where it was downloaded.
    assert.equal((await run(shell, "render")).code, 0);
    const summoned = await run(shell, "summon", "eye");
    assert.equal(summoned.code, 0, summoned.stderr);
    const found = `podman exec soulstone-eye sha256sum /root/.cache/huggingface/hub${MODEL_FILE}`;
    assert.equal((await must(shell, found)).split(" ")[0], digest);
    assert.equal((await run(shell, "banish")).code, 0);
  },
);

/** Presses Ctrl-C on the terminal of `lychd pull eye` when the registry stalls. */
async function interruptAtStall(
  shell: LichShell,
  registry: Registry,
  isReady: () => Promise<boolean>,
): Promise<{ code: number; text: string }> {
  await must(shell, "rm -f ~/keys && mkfifo ~/keys");
  const stalled = registry.stall();
  const running = shell.run(
    "exec 3<>~/keys; script -qefc 'exec lychd pull eye' /dev/null <&3 2>&1",
    { timeoutSeconds: 120 },
  );
  await stalled;
  await using other = lichShell();
  await waitUntil("the finished layer is in Podman's storage", 30, isReady);
  await must(other, "printf '\\003' >~/keys");
  const { code, stdout } = await running;
  await must(other, "rm ~/keys");
  return { code, text: stdout };
}

registryTest(
  "an interrupted pull continues: finished layers stay, and so does a part of a model",
  {},
  async ({ shell, registry, image }) => {
    await using other = lichShell();
    const layers = async () =>
      Number(
        await must(other, "ls ~/.local/share/containers/storage/overlay-layers/*.gz | wc -l"),
      );
    const before = await layers();
    const stopped = await interruptAtStall(
      shell,
      registry,
      async () => await layers() >= before + 2,
    );
    assert.equal(stopped.code, 130, stopped.text);
    assert.match(stopped.text, new RegExp(`\\n${image} +not finished +eye\\r\\n`));
    assert.match(
      stopped.text,
      /lychd: interrupted; what is finished stays\r\nhint: lychd pull eye continues\r\n/,
    );
    assert.equal(await must(other, "pgrep -x podman || true"), "");

    // Of the image only the large layer is left to download. Then the model stalls.
    const blobs = new Set(registry.requests.filter((request) => request.includes("/blobs/")));
    registry.resume();
    assert.equal((await run(shell, "pull", "owl")).code, 2);
    await must(other, `podman pull -q ${image}`);
    const again = registry.requests.filter((request) => request.includes("/blobs/"));
    // The large layer, and the configuration.
    assert.equal(again.length, 2, again.join());
    assert.ok(blobs.size > again.length, [...blobs].join());

    registry.resume();
    const stalled = registry.stall();
    const running = shell.run("lychd pull eye", { timeoutSeconds: 120 });
    await stalled;
    const volume = "$(podman volume inspect --format {{.Mountpoint}} lychd-huggingface)";
    const size = async () =>
      await must(other, `podman unshare stat -c %s ${volume}/hub${MODEL_FILE} || true`);
    await waitUntil("half of the model is there", 30, async () => await size() === "2000000\n");
    await must(other, "pkill -TERM -x lychd");
    const { code, stdout, stderr } = await running;
    assert.equal(code, 130, stderr);
    assert.match(stdout, new RegExp(`\\n${MODEL} +not finished +eye\\n$`));
    assert.equal(await must(other, "podman ps --all --quiet --filter name=^lychd-pull"), "");
    registry.resume();
    assert.equal((await run(shell, "pull", "eye")).code, 0);
    assert.deepEqual(registry.requests, [`${MODEL_FILE} 2000000`]);
  },
);

registryTest(
  "pull continues after a failure, and reports every one with its cause",
  {},
  async ({ shell, registry, image }) => {
    const nothing = `${registry.address}/nothing:1`;
    await writeCodex({
      absent: engine(8790, { image: "localhost/absent:1" }),
      // Its image has no hf.
      bare: { image: ENGINE_IMAGE, port: 8791, engine: "vllm", model: MODEL, devices: [] },
      // Its cache is in no volume, so the model would be deleted with the container.
      lost: {
        ...{ image, port: 8792, engine: "vllm", model: "a/lost", devices: [], secrets },
        env: { HF_HOME: "/elsewhere" },
      },
      nothing: engine(8793, { image: nothing }),
    });
    const { code, stdout, stderr } = await run(shell, "pull");
    assert.equal(code, 6, stderr);
    assert.match(stdout, new RegExp(`\\n${image} +pulled `));
    // The messages of Podman and of the program.
    const hfError = /^mkdir: .*'\/elsewhere.*: Read-only file system$/m.exec(stderr)?.[0];
    const podmanError = new RegExp(`^Error: .*${nothing}.*404.*$`, "m").exec(stderr)?.[0];
    const failures = stderr.split("\n").filter((line) => line.includes("not downloaded"));
    assert.deepEqual(failures, [
      "lychd: localhost/absent:1 was not downloaded: no registry has it; " +
      "podman build --tag localhost/absent:1 . makes it",
      `lychd: ${nothing} was not downloaded: podman pull ended with status 125: ${podmanError}`,
      `lychd: ${MODEL} was not downloaded: ` +
      "its image has no hf; the engine downloads it at its first start",
      `lychd: a/lost was not downloaded: hf ended with status 1: ${hfError}`,
    ]);
  },
);

registryTest(
  "plan and summon name the command that pulls a missing image",
  {},
  async ({ shell, image }) => {
    assert.equal((await run(shell, "render")).code, 0);
    const warning = `warning: Podman does not have the image of eye: ${image}\n` +
      "hint: lychd pull eye\n";
    for (const args of [["plan", "vision"], ["summon", "vision", "--dry-run"]]) {
      const { code, stderr } = await run(shell, ...args);
      assert.equal(code, 0, stderr);
      assert.ok(stderr.includes(warning), stderr);
    }
    const { stdout } = await run(shell, "doctor", "--only", "codex.images");
    assert.match(stdout, /fix: lychd pull eye --codex \/home\/lich\/\.config\/lychd\n/);
    // The hint works as it is printed.
    const fix = /hint: (lychd pull eye)\n/.exec(warning)?.[1] ?? "";
    await must(shell, fix);
    assert.equal((await run(shell, "plan", "vision")).stderr.includes("does not have"), false);
    // With errors in the Codex, the units of the last render are used.
    await must(shell, "echo '[eye' >~/.config/lychd/soulstones/broken.toml");
    const { code, stdout: preview, stderr } = await run(shell, "pull", "vision", "--dry-run");
    assert.equal(code, 0, stderr);
    assert.match(preview, new RegExp(`\\n${image} +already there `));
    assert.match(stderr, /^warning: the Codex has errors; the units of the last render are used\n/);
  },
);
