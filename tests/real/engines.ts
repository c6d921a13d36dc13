/** A Codex of real engines on the lab's host: llama-server of Debian sid, with tiny models. */
import { createHash } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path/posix";
import { DOOR, installDoor } from "../lab/door.ts";
import { type Fields, waitUntil } from "../lab/host_codex.ts";
import { labEnvironment, type LichShell } from "../lab/lab.ts";
import { tinyGguf } from "./tiny_gguf.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The image has the names of the official one, so its Soulstones get the profile of llama.cpp. */
const IMAGE = "localhost/llama.cpp:server";

/** The models of the image: the names of the files, and the seeds. */
const MODELS = { one: 1, two: 2 } as const;

/** A Soulstone of a real engine. It uses one processor, so that others can run beside it. */
function llama(port: number, model: keyof typeof MODELS, fields: Fields, flags: string[]): Fields {
  return {
    image: IMAGE,
    port,
    model: `/models/${model}.gguf`,
    exec: ["--ctx-size", "4096", "--parallel", "2", "--threads", "1", "--no-webui", ...flags],
    ...fields,
  };
}

/**
 * Two Covens that exclude each other, `chat` and `think`, and an engine that always runs. `one` never ends an
 * answer, and `plain` calls tools.
 */
export const ENGINES: Readonly<Record<string, Fields>> = {
  one: llama(8780, "one", {
    groups: ["chat"],
    aliases: ["gpt-4o-mini"],
    capabilities: ["text-generation"],
  }, ["--alias", "tiny-one", "--context-shift", "--ignore-eos"]),
  two: llama(8781, "two", {
    groups: ["think"],
    request: { set: { temperature: 0, max_tokens: 5 }, strip: ["stop"] },
  }, ["--alias", "tiny-two", "--ignore-eos"]),
  plain: llama(8784, "two", { groups: ["think"] }, []),
  judge: llama(8782, "two", { groups: ["think"], capabilities: ["rerank"] }, ["--reranking"]),
  embed: llama(8783, "one", { resident: true, capabilities: ["embeddings"] }, [
    "--embeddings",
    "--pooling",
    "mean",
  ]),
};

/** Makes the image from Debian's packages and our models, unless lich has it already. */
async function makeImage(shell: LichShell): Promise<void> {
  const cache = Deno.env.get("LAB_DIR") ?? "/var/tmp/lychd-tests-lab";
  const script = join(ROOT, ".ci/fetch-llama-cpp");
  const root = (await output(script, [join(cache, "llama.cpp")])).trim();
  const folder = await mkdtemp("/tmp/lychd-real-");
  try {
    await Deno.mkdir(join(folder, "models"));
    const digest = createHash("sha256").update(String((await Deno.stat(root)).mtime?.getTime()));
    for (const [name, seed] of Object.entries(MODELS)) {
      const model = await tinyGguf(name, seed);
      digest.update(model);
      await Deno.writeFile(join(folder, `models/${name}.gguf`), model);
    }
    const source = digest.digest("hex");
    const label = `podman image inspect --format '{{index .Labels "source"}}' ${IMAGE}`;
    if ((await shell.run(label)).stdout.trim() === source) return;
    await Deno.mkdir(join(folder, "app"));
    await Deno.symlink("/usr/bin/llama-server", join(folder, "app/llama-server"));
    await output("bash", [
      "-c",
      `set -euo pipefail
       tar --owner=0 --group=0 -c -C "$1" . -C "$2" app models |
         "$3" exec --user lich -- podman import -q --change 'ENTRYPOINT ["/app/llama-server"]' \
           --change "LABEL source=$4" - "$5"`,
      "make-image",
      root,
      folder,
      join(ROOT, "tests/lab/lab"),
      source,
      IMAGE,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function output(program: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, env: labEnvironment() })
    .output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`${program}: exit ${code}\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** Renders the real engines with a front door on an empty host, and starts the door. */
export async function installEngines(
  shell: LichShell,
  vessel: Fields = {},
  settings: Fields = {},
): Promise<void> {
  await makeImage(shell);
  await installDoor(shell, ENGINES, vessel, settings);
  await waitUntil("the front door listens", 60, async () => {
    return (await shell.run(`curl -sf -m 2 ${DOOR}/health`)).code === 0;
  });
}
