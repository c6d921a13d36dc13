/** A test of the page with real engines: llama-server of Debian sid, with tiny models. */
import assert from "node:assert/strict";
import { labTest, labUp, lichShell } from "../lab/lab.ts";
import { running } from "../lab/summon.ts";
import { installEngines } from "../real/engines.ts";
import { startBrowser } from "./browser.ts";

labTest("a chat with llama-server starts it, and the page counts its tokens", async () => {
  await labUp();
  await using shell = lichShell();
  await installEngines(shell);
  await using browser = await startBrowser();
  const page = await browser.open({ hash: "#try/one" });
  await page.getByLabel("Most tokens").fill("12");
  await page.getByLabel("Prompt", { exact: true }).fill("Once upon a time");
  await page.getByText(/^A request starts /).waitFor();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText(/ · 12 tokens · [\d.]+ tokens\/s/).waitFor();
  assert.ok((await running(shell, ["one", "two"])).includes("one"));
  await page.getByRole("link", { name: "Requests" }).click();
  const row = page.getByRole("row", { name: /\/v1\/chat\/completions/ });
  await row.getByRole("cell", { name: "12", exact: true }).waitFor();
  assert.match(await row.textContent() ?? "", /200$/);

  await page.getByRole("link", { name: "Engines" }).click();
  await page.getByRole("button", { name: "Summon the Coven think" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("definition").first().getByText("one").waitFor();
  await dialog.getByRole("button", { name: "Summon the Coven think" }).click();
  await page.getByText("Summon the Coven think: done.").waitFor();
  assert.deepEqual(await running(shell, ["one", "two", "plain", "judge"]), [
    "two",
    "plain",
    "judge",
  ]);
});
