/// <reference lib="dom" />
/**
 * Takes the pictures of the page in docs/images, and prints the time of its first paint: `deno task screenshots`.
 *
 * The host is the lab: a real door and systemd with stand-in engines, and a simulated GPU.
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { DOOR, installDoor, underWay } from "../lab/door.ts";
import { type Fields, GPU_FOLDER, must, waitUntil } from "../lab/host_codex.ts";
import { labDown, labUp, lichExec, type LichShell, lichShell } from "../lab/lab.ts";
import { gpuEngine } from "../lab/summon.ts";
import { makeBinary } from "../lab/run.ts";
import { type Page, startBrowser } from "./browser.ts";

const FOLDER = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const KEY = "key-of-the-pictures";
const VESSEL = { keys: { alice: `sha256:${createHash("sha256").update(KEY).digest("hex")}` } };

/** An engine for the pictures. */
function stone(name: string, port: number, fields: Fields, flags: readonly string[] = []): Fields {
  return gpuEngine(name, port, fields, ["--load-seconds", "2", ...flags]);
}

const SOULSTONES: Readonly<Record<string, Fields>> = {
  coder: stone("coder", 8780, {
    ...{ groups: ["code"], capabilities: ["text-generation"], vram_mib: 21_000 },
    ...{ aliases: ["qwen3-coder"], description: "Writes and reviews code" },
  }),
  deep: stone("deep", 8781, {
    ...{ groups: ["deep-think"], capabilities: ["reasoning"], vram_mib: 22_000 },
    ...{ aliases: ["gpt-oss-120b"], description: "Slow and thorough" },
  }),
  draft: stone("draft", 8782, { groups: ["code"], vram_mib: 1500 }),
  ear: stone("ear", 8783, {
    ...{ groups: ["vision"], capabilities: ["transcription"], vram_mib: 2800 },
    aliases: ["whisper-1"],
  }),
  embed: stone("embed", 8784, {
    ...{ resident: true, capabilities: ["embeddings"], vram_mib: 1200 },
    description: "Always runs",
  }),
  eye: stone("eye", 8785, {
    ...{ groups: ["vision"], capabilities: ["vision-analysis"], vram_mib: 18_000 },
    ...{ aliases: ["gpt-4o"], description: "Reads screenshots and documents" },
  }),
  judge: stone("judge", 8786, { groups: ["deep-think"], capabilities: ["rerank"], vram_mib: 900 }),
  painter: stone("painter", 8787, {
    ...{ groups: ["art"], capabilities: ["image-generation"], vram_mib: 23_900 },
    description: "Needs more memory than there is",
  }, ["--exit-after", "0.2", "--exit-code", "3"]),
  sage: stone("sage", 8788, {
    groups: ["think"],
    capabilities: ["text-generation"],
    vram_mib: 20_000,
  }),
  voice: stone("voice", 8789, { groups: ["art"], capabilities: ["speech"], vram_mib: 3000 }),
};

/** Answers what the door asks `nvidia-smi`: the load of the GPU, and the memory of each process. */
const NVIDIA_SMI = `#!/bin/sh
case "$*" in
*compute-apps*) cat ${GPU_FOLDER.host}/processes;;
*power.draw*) echo "0, NVIDIA GeForce RTX 4090, $(cat ${GPU_FOLDER.host}/used), 24564, 287.40, 86";;
esac
`;

async function asRoot(script: string, stdin = ""): Promise<void> {
  const { code, stderr } = await lichExec(["sh", "-c", script], { root: true, stdin });
  if (code !== 0) throw new Error(stderr);
}

/** Starts a Coven, whose engines use nearly all of the memory that they declare. */
async function summon(shell: LichShell, coven: string, names: readonly string[]): Promise<void> {
  await must(shell, `lychd summon ${coven}`);
  const memory = names.map((name) => {
    const mib = Math.round(Number(SOULSTONES[name]?.["vram_mib"]) * 0.94);
    return `echo "$(systemctl --user show -P MainPID soulstone-${name}), ${mib}"`;
  });
  await must(
    shell,
    `cd ${GPU_FOLDER.host} && { ${memory.join("; ")}; } >processes
     awk '{ sum += $2 } END { print sum + 620 }' processes >used`,
  );
}

/** Sends a request of the page. The stand-in answers with these words, ten per second. */
async function chat(page: Page, model: string, words: number): Promise<void> {
  await page.evaluate(({ key, model, content }) => {
    fetch("/v1/chat/completions", {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content }] }),
    });
  }, { key: KEY, model, content: Array(words).fill("word").join(" ") });
}

async function take(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${FOLDER}${name}.png` });
}

async function takeAll(shell: LichShell): Promise<void> {
  await installDoor(shell, SOULSTONES, VESSEL);
  await waitUntil("the front door listens", 60, async () => {
    return (await shell.run(`curl -s -m 2 ${DOOR}/ | grep -q assets`)).code === 0;
  });
  await summon(shell, "vision", ["ear", "embed", "eye"]);
  await using browser = await startBrowser();
  const open = async (options: Parameters<typeof browser.open>[0]) => {
    const page = await browser.open({ ...options, withErrors: true });
    await page.evaluate((key) => sessionStorage.setItem("lychd-key", key), KEY);
    await page.reload();
    await page.locator(".card").first().waitFor();
    return page;
  };
  const page = await open({});
  for (const words of [40, 90, 400, 400]) {
    await chat(page, "eye", words);
    await page.waitForTimeout(4000);
  }
  await underWay(shell, "eye");
  // The history of some more samples.
  await page.waitForTimeout(8000);
  await take(page, "page-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByRole("button", { name: "Summon the Coven deep-think" }).click();
  await page.getByRole("dialog").getByText("Keeps").waitFor();
  await take(page, "page-dark");
  await page.getByRole("button", { name: "Cancel" }).click();
  const phone = await open({ width: 360, height: 740 });
  await phone.getByText("NVIDIA").first().waitFor();
  await take(phone, "page-phone");
  await printPaints(page);
  await shell.run("lychd summon painter");
  await must(shell, `cd ${GPU_FOLDER.host} && echo 1748 >used`);
  const failing = await open({ height: 1000 });
  await failing.getByText("NVIDIA").first().waitFor();
  await failing.locator(".problem summary").click();
  await take(failing, "page-failing");
}

/** Prints how long the page takes until its first paint, with a warm browser. */
async function printPaints(page: Page): Promise<void> {
  const paints: number[] = [];
  for (let i = 0; i < 9; i++) {
    await page.reload();
    await page.locator(".card").first().waitFor();
    const [paint] = await page.evaluate(() =>
      performance.getEntriesByName("first-contentful-paint").map(({ startTime }) => startTime)
    );
    if (paint !== undefined) paints.push(Math.round(paint));
  }
  paints.sort((a, b) => a - b);
  const [least, median, most] = [paints[0], paints[paints.length >> 1], paints.at(-1)];
  // deno-lint-ignore no-console
  console.log(
    `first paint: ${median} ms, the median of ${paints.length} from ${least} to ${most} ms`,
  );
}

if (import.meta.main) {
  if (await makeBinary() !== 0) throw new Error("there is no dist/lychd");
  await Deno.mkdir(FOLDER, { recursive: true });
  await labUp();
  try {
    await asRoot("cat > /usr/bin/nvidia-smi && chmod 755 /usr/bin/nvidia-smi", NVIDIA_SMI);
    await using shell = lichShell();
    await takeAll(shell);
  } finally {
    await asRoot("rm -f /usr/bin/nvidia-smi");
    if (!Deno.env.has("LYCHD_LAB_KEEP")) await labDown();
  }
}
