/// <reference lib="dom" />
/**
 * Takes the pictures of the page in docs/images, and prints the time of its first paint: `deno task screenshots`.
 *
 * The host is the lab: a real door and systemd with stand-in engines, and a simulated GPU.
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { chat, DOOR, installDoor, underWay } from "../lab/door.ts";
import { type Fields, must, waitUntil } from "../lab/host_codex.ts";
import { labDown, labUp, type LichShell, lichShell } from "../lab/lab.ts";
import { simulateGpu, SMI } from "../lab/simulated_gpu.ts";
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

async function take(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${FOLDER}${name}.png` });
}

async function summon(shell: LichShell, wish: string): Promise<void> {
  await must(shell, `lychd summon ${wish}`);
}

async function takeAll(shell: LichShell): Promise<void> {
  await installDoor(shell, SOULSTONES, VESSEL);
  await must(
    shell,
    `cat > ${SMI} <<'E'
0, GPU-0, NVIDIA GeForce RTX 4090, 24564, 21410
E`,
  );
  await waitUntil("the front door listens", 60, async () => {
    return (await shell.run(`curl -s -m 2 ${DOOR}/ | grep -q assets`)).code === 0;
  });
  await using browser = await startBrowser();
  const open = async (options: Parameters<typeof browser.open>[0]) => {
    const page = await browser.open({ ...options, withErrors: true });
    await page.evaluate((key) => sessionStorage.setItem("lychd-key", key), KEY);
    await page.reload();
    await page.locator(".card").first().waitFor();
    return page;
  };
  await shell.run("lychd summon painter");
  await summon(shell, "vision");
  const words = 90;
  const streams = [chat("eye", words), chat("eye", words)];
  const page = await open({});
  await page.locator(".card.failed").waitFor();
  await underWay(shell, "eye");
  // The samples of some time.
  await page.waitForTimeout(20_000);
  await take(page, "page-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByRole("button", { name: "Summon the Coven deep-think" }).click();
  await page.getByRole("dialog").getByText("Keeps").waitFor();
  await take(page, "page-dark");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.locator(".card.failed summary").click();
  await page.locator(".card.failed").scrollIntoViewIfNeeded();
  await take(page, "page-failing");
  const phone = await open({ width: 360, height: 740 });
  await take(phone, "page-phone");
  await Promise.all(streams);
  const paints: number[] = [];
  for (let i = 0; i < 5; i++) {
    await page.reload();
    paints.push(
      await page.evaluate(() =>
        performance.getEntriesByName("first-contentful-paint")[0]!.startTime
      ),
    );
  }
  // deno-lint-ignore no-console
  console.log(`first paint: ${paints.map((each) => `${Math.round(each)} ms`).join(", ")}`);
}

if (import.meta.main) {
  if (await makeBinary() !== 0) throw new Error("there is no dist/lychd");
  await Deno.mkdir(FOLDER, { recursive: true });
  await labUp();
  try {
    await simulateGpu(true);
    await using shell = lichShell();
    await takeAll(shell);
  } finally {
    await simulateGpu(false);
    if (!Deno.env.has("LYCHD_LAB_KEEP")) await labDown();
  }
}
