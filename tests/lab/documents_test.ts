/**
 * Runs the commands of README.md and docs/tutorial.md on the lab's host, except those that need
 * another host. The stand-in engine replaces the images. Blocks with the word `captured` hold the
 * output of lychd; `deno task captures` rewrites them.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Block, blocksOf, commandsOf, isSaid } from "../docs/markdown.ts";
import { SPECIFICATION, writeSpecification } from "./cdi.ts";
import { clear, ENGINE_IMAGE, must, putBinary } from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell, shellQuote } from "./lab.ts";
import { makeImages, WATCHERS } from "./watchers.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The images of the documents, and those that replace them. */
const IMAGES: Readonly<Record<string, string>> = {
  "docker.io/vllm/vllm-openai:v0.33.0": ENGINE_IMAGE,
  "ghcr.io/ggml-org/llama.cpp:server-cuda": ENGINE_IMAGE,
  "docker.io/prom/prometheus:v3.13.2": WATCHERS.harvester.image,
  "docker.io/grafana/grafana:13.2.3": WATCHERS.scribe.image,
};

/** Waits while the Watchers start: a summon does not wait for them. */
const UNTIL_WATCHERS_RUN = `until [ -z "$(systemctl --user list-units --state=activating --plain \
  --no-legend harvester.service scribe.service)" ]; do sleep 0.1; done`;

/** A specification that names a missing file, as after an update of the driver. */
const STALE = SPECIFICATION.replaceAll(
  "containerEdits:\n",
  "$&      mounts:\n        - hostPath: /usr/lib64/libcuda.so.580.65.06\n" +
    "          containerPath: /usr/lib64/libcuda.so.580.65.06\n",
);

/** Returns true for commands that the lab can run, and for files of lychd and of other programs. */
function isTested({ language, words }: Block): boolean {
  return language === "console" && !words.includes("host") && !words.includes("repository") ||
    ["toml", "yaml", "ini"].includes(language) && words.length === 1;
}

/** Writes the file of a block or runs its commands. Returns the new text of the block. */
async function runBlock(shell: LichShell, document: string, block: Block): Promise<string> {
  const { language, words: [path = ""], text } = block;
  if (language !== "console") {
    const place = language === "toml" ? `.config/lychd/${path}` : path;
    await must(shell, `printf %s ${shellQuote(text)} > ~/${place}`);
    return text;
  }
  const shown: string[] = [];
  if (block.words.includes("captured")) await must(shell, UNTIL_WATCHERS_RUN);
  for (const { line, says } of commandsOf(text)) {
    const { code, stdout } = await shell.run(`{ ${line}\n} 2>&1`, { timeoutSeconds: 120 });
    const output = stdout === ""
      ? []
      : stdout.replace(/\n$/, "").split("\n").map((line) => line.trimEnd());
    const about = `${document}:${block.line}: $ ${line}\n${stdout}`;
    shown.push(`$ ${line}`, ...output);
    if (block.words.includes("captured")) {
      if (IS_COMPARED) {
        assert.deepEqual(output.map(withoutFigures), says.map(withoutFigures), about);
      }
    } else {
      assert.equal(code, 0, about);
      assert.ok(says.length === 0 || isSaid(says, output), about);
    }
  }
  return `${shown.join("\n")}\n`;
}

/** True if the captured blocks are rewritten instead of compared. */
const IS_WRITTEN = Deno.env.get("LYCHD_CAPTURES") === "write";

/** True on trixie only, because other versions of Podman and systemd print other words. */
const IS_COMPARED = !IS_WRITTEN && (Deno.env.get("LAB_SUITE") ?? "trixie") === "trixie";

/** Replaces times, sizes, versions and their padding in a line, because they vary between runs. */
function withoutFigures(line: string): string {
  return line.replaceAll(/\d+(?:\.\d+)*(?: ?(?:ms|s|m|h|MiB|GiB)\b)?/g, "0").replaceAll(/ +/g, " ");
}

for (const document of ["README.md", "docs/tutorial.md"]) {
  labTest(`${document}: its commands work and print the output that it shows`, async () => {
    await labUp();
    await using shell = lichShell();
    await putBinary();
    await clear(shell);
    await must(shell, "rm -rf ~/.config/lychd");
    await makeImages(shell);
    for (const [image, standIn] of Object.entries(IMAGES)) {
      await must(shell, `podman tag ${standIn} ${image}`);
    }
    let text = await Deno.readTextFile(`${ROOT}${document}`);
    try {
      for (const block of blocksOf(text).filter(isTested)) {
        const isDoctor = /^\$ lychd doctor/.test(block.text);
        await writeSpecification(isDoctor ? STALE : SPECIFICATION);
        const now = await runBlock(shell, document, block);
        if (block.words.includes("captured")) text = text.replace(block.text, () => now);
      }
      if (IS_WRITTEN) await Deno.writeTextFile(`${ROOT}${document}`, text);
    } finally {
      await shell.run(`podman untag ${Object.keys(IMAGES).join(" ")}; rm -f ~/*.yaml ~/*.toml`);
      await clear(shell);
      await must(shell, "rm -rf ~/.config/lychd");
      await writeSpecification(undefined);
    }
  });
}
