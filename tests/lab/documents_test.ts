/**
 * What README.md and docs/tutorial.md show, on the lab's host: every command but those that need
 * another one, with the stand-in engine under the names of the images. What lychd said then stands in
 * blocks with the word `captured`; `deno task captures` writes it anew.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Block, blocksOf, commandsOf, isSaid } from "../docs/markdown.ts";
import { SPECIFICATION, writeSpecification } from "./cdi.ts";
import { clear, ENGINE_IMAGE, must, putBinary } from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell, shellQuote } from "./lab.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Images that the documents name. */
const IMAGES = ["docker.io/vllm/vllm-openai:v0.33.0", "ghcr.io/ggml-org/llama.cpp:server-cuda"];

/** As after an update of the driver: it names a file that is gone. */
const STALE = SPECIFICATION.replace(
  "containerEdits:\n",
  "$&      mounts:\n        - hostPath: /usr/lib64/libcuda.so.580.65.06\n" +
    "          containerPath: /usr/lib64/libcuda.so.580.65.06\n",
);

/** Commands and files of others, TOML and what the lab can do: all that is told in its order. */
function isFollowed({ language, words }: Block): boolean {
  return language === "console" && !words.includes("host") && !words.includes("repository") ||
    ["toml", "yaml", "ini"].includes(language) && words.length === 1;
}

/** Does what a block shows, and tells what was said to each command. */
async function follow(shell: LichShell, document: string, block: Block): Promise<string> {
  const { language, words: [path = ""], text } = block;
  if (language !== "console") {
    const place = language === "toml" ? `.config/lychd/${path}` : path;
    await must(shell, `printf %s ${shellQuote(text)} > ~/${place}`);
    return text;
  }
  const shown: string[] = [];
  for (const { line, says } of commandsOf(text)) {
    const { code, stdout } = await shell.run(`{ ${line}\n} 2>&1`, { timeoutSeconds: 120 });
    const said = stdout === ""
      ? []
      : stdout.replace(/\n$/, "").split("\n").map((line) => line.trimEnd());
    const about = `${document}:${block.line}: $ ${line}\n${stdout}`;
    shown.push(`$ ${line}`, ...said);
    if (block.words.includes("captured")) {
      if (IS_COMPARED) assert.deepEqual(said.map(steady), says.map(steady), about);
    } else {
      assert.equal(code, 0, about);
      assert.ok(says.length === 0 || isSaid(says, said), about);
    }
  }
  return `${shown.join("\n")}\n`;
}

/** Whether the captured blocks are written, and not compared. */
const IS_WRITTEN = Deno.env.get("LYCHD_CAPTURES") === "write";

/** Other versions of Podman and systemd have other words. */
const IS_COMPARED = !IS_WRITTEN && (Deno.env.get("LAB_SUITE") ?? "trixie") === "trixie";

/** A line without what is another in each run: times, sizes and versions, and the room for them. */
function steady(line: string): string {
  return line.replaceAll(/\d+(?:\.\d+)*(?: ?(?:ms|s|m|h|MiB|GiB)\b)?/g, "0").replaceAll(/ +/g, " ");
}

for (const document of ["README.md", "docs/tutorial.md"]) {
  labTest(`${document}: what it shows can be done, and is said`, async () => {
    await labUp();
    await using shell = lichShell();
    await putBinary();
    await clear(shell);
    await must(shell, "rm -rf ~/.config/lychd");
    for (const image of IMAGES) await must(shell, `podman tag ${ENGINE_IMAGE} ${image}`);
    let text = await Deno.readTextFile(`${ROOT}${document}`);
    try {
      for (const block of blocksOf(text).filter(isFollowed)) {
        const isDoctor = /^\$ lychd doctor/.test(block.text);
        await writeSpecification(isDoctor ? STALE : SPECIFICATION);
        const now = await follow(shell, document, block);
        if (block.words.includes("captured")) text = text.replace(block.text, () => now);
      }
      if (IS_WRITTEN) await Deno.writeTextFile(`${ROOT}${document}`, text);
    } finally {
      await shell.run(`podman untag ${IMAGES.join(" ")}; rm -f ~/*.yaml ~/*.toml`);
      await clear(shell);
      await must(shell, "rm -rf ~/.config/lychd");
      await writeSpecification(undefined);
    }
  });
}
