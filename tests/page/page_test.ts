/// <reference lib="dom" />
/** Tests of the page of the front door in a real browser, with the stand-in engine under a real systemd. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { DOOR, installDoor, rivals } from "../lab/door.ts";
import { type Fields, must, waitUntil } from "../lab/host_codex.ts";
import { labTest, labUp, type LichShell, lichShell } from "../lab/lab.ts";
import { gpuEngine, running } from "../lab/summon.ts";
import { assertAccessible, assertFits, assertSteady, type Page, startBrowser } from "./browser.ts";

/** Registers a test with a lab that is up: a shell of one that is down ends at once. */
function pageTest(name: string, body: () => Promise<void>): void {
  labTest(name, async () => {
    await labUp();
    await body();
  });
}

const KEY = "a-key-of-the-test";
const KEYS = { keys: { alice: `sha256:${createHash("sha256").update(KEY).digest("hex")}` } };

/** Installs a door and waits until it answers. */
async function install(
  shell: LichShell,
  table: Readonly<Record<string, Fields>>,
  vessel: Fields = {},
): Promise<void> {
  await installDoor(shell, table, vessel);
  await waitForDoor(shell);
}

async function waitForDoor(shell: LichShell): Promise<void> {
  await waitUntil("the front door listens", 60, async () => {
    return (await shell.run(`curl -s -m 2 ${DOOR}/ | grep -q assets`)).code === 0;
  });
}

const card = (page: Page, name: string) =>
  page.locator(".card", { has: page.getByRole("heading", { name, exact: true }) });

/** Waits until the card of an engine has a state. */
async function waitForState(page: Page, name: string, state: string): Promise<void> {
  await card(page, name).locator(".state", { hasText: state }).waitFor();
}

/** Presses a button and returns the dialog with the plan. */
async function propose(page: Page, name: string) {
  await page.getByRole("button", { name, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Keeps").waitFor();
  return {
    dialog,
    /** The lines of the plan, such as `Stops: a`. */
    plan: await dialog.locator("dl").evaluate((list) =>
      [...list.children].map(({ textContent }) => textContent).join(" ")
    ),
    press: (name: string) => dialog.getByRole("button", { name, exact: true }).click(),
  };
}

pageTest("every button does what its plan says, and systemd agrees", async () => {
  await using shell = lichShell();
  await install(shell, {
    ...rivals(),
    always: gpuEngine("always", 8782, { resident: true }),
  });
  await using browser = await startBrowser();
  const page = await browser.open();
  const up = () => running(shell, ["a", "always", "b"]);

  const first = await propose(page, "Summon a");
  assert.match(first.plan, /^Stops nothing Starts a(?: and always)? Keeps /);
  await first.press("Cancel");
  assert.deepEqual(await up(), []);
  await (await propose(page, "Summon a")).press("Summon a");
  await waitForState(page, "a", "running");
  assert.ok((await up()).includes("a"));
  assert.ok(await isFocused(page.getByRole("button", { name: "Banish a", exact: true })));
  await page.getByText("Summon a: done.").waitFor();

  const coven = await propose(page, "Summon the Coven two");
  assert.match(coven.plan, /^Stops a Starts .*b/);
  await coven.dialog.getByRole("checkbox").check();
  await coven.press("Summon the Coven two");
  await waitForState(page, "b", "running");
  await waitForState(page, "always", "running");
  await page.getByText("Held: the door changes no engine").waitFor();
  assert.deepEqual(await up(), ["always", "b"]);
  await page.getByText("Summon the Coven two: done.").waitFor();
  const held = await propose(page, "Summon a");
  const summon = held.dialog.getByRole("button", { name: "Summon a", exact: true });
  assert.ok(await summon.isDisabled());
  await held.dialog.getByText("lychd summon --release").waitFor();
  await assertAccessible(page);
  await held.press("Release");
  await held.dialog.getByText("The door is held").waitFor({ state: "detached" });
  assert.ok(await summon.isEnabled());
  await held.press("Cancel");
  await page.getByText("Held: the door changes no engine").waitFor({ state: "detached" });
  assert.equal((await shell.run("lychd status --json | grep -q '\"held\":true'")).code, 1);

  // A plan that is open follows the engines.
  const follows = await propose(page, "Banish everything");
  assert.match(follows.plan, /^Stops always and b /);
  await must(shell, "lychd banish always");
  await follows.dialog.getByRole("definition").first().getByText(/^b\b/).waitFor();
  await follows.press("Cancel");
  await must(shell, "lychd summon always");

  const banish = await propose(page, "Banish b");
  assert.equal(banish.plan, "Stops b Starts nothing Keeps always");
  await banish.press("Banish b");
  await waitForState(page, "b", "stopped");
  assert.deepEqual(await up(), ["always"]);
  await page.getByText("Banish b: done.").waitFor();
  // Its resident goes on.
  await page.locator(".coven", { hasText: "two" }).getByText("stopped", { exact: true }).waitFor();
  await (await propose(page, "Banish everything")).press("Banish everything");
  await page.getByText("Banish everything: done.").waitFor();
  await page.getByText("No engine runs.").waitFor();
  assert.deepEqual(await up(), []);
});

pageTest("a swap is seen while it goes on, and moves nothing", async () => {
  await using shell = lichShell();
  await install(shell, rivals({}, ["--load-seconds", "2"]));
  await using browser = await startBrowser();
  const page = await browser.open();
  await (await propose(page, "Summon a")).press("Summon a");
  await waitForState(page, "a", "running");
  await page.evaluate(() => {
    const seen = (globalThis as unknown as Seen).seen = {
      phases: [] as string[],
      moved: [] as string[],
    };
    const look = () => {
      for (const { textContent } of document.querySelectorAll(".phases li")) {
        const words = (textContent ?? "").replace(/ [\d.]+ s$/, "");
        if (!seen.phases.includes(words)) seen.phases.push(words);
      }
    };
    new MutationObserver(look).observe(document.body, {
      ...{ childList: true, subtree: true, characterData: true },
    });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { sources, hadRecentInput } = entry as unknown as LayoutShift;
        if (hadRecentInput) continue;
        for (const { node } of sources) {
          // A text that changes inside of its box moves nothing.
          if (node instanceof Element) seen.moved.push(node.outerHTML);
        }
      }
    }).observe({ type: "layout-shift" });
  });
  await (await propose(page, "Summon b")).press("Summon b");
  await waitForState(page, "b", "starting");
  await waitForState(page, "b", "running");
  await waitForState(page, "a", "stopped");
  const { phases, moved } = await page.evaluate(() => (globalThis as unknown as Seen).seen);
  assert.ok(phases.includes("stop a"), phases.join());
  assert.ok(phases.includes("start b") || phases.includes("wait for b"), phases.join());
  assert.deepEqual(moved, []);
  assert.deepEqual(await running(shell, ["a", "b"]), ["b"]);
});

pageTest("an engine that loads can be banished before it is ready", async () => {
  await using shell = lichShell();
  await install(shell, rivals({}, ["--load-seconds", "300"]));
  await using browser = await startBrowser();
  // The browser reports the order that is not done as an error.
  const page = await browser.open({ withErrors: true });
  await (await propose(page, "Summon a")).press("Summon a");
  await waitForState(page, "a", "starting");
  const summon = page.getByRole("button", { name: "Summon b", exact: true });
  assert.equal(await summon.getAttribute("aria-disabled"), "true");
  await (await propose(page, "Banish a")).press("Banish a");
  await waitForState(page, "a", "stopped");
  await page.getByText(/^Summon a: a is not ready: it was stopped/).waitFor();
  assert.equal(await summon.getAttribute("aria-disabled"), "false");
  assert.deepEqual(await running(shell, ["a", "b"]), []);
});

interface Seen {
  seen: { phases: string[]; moved: string[] };
}

interface LayoutShift {
  readonly sources: readonly { readonly node: Node | null }[];
  readonly hadRecentInput: boolean;
}

pageTest("an engine that fails shows why, and the command that helps", async () => {
  await using shell = lichShell();
  await install(shell, {
    bad: gpuEngine("bad", 8780, { groups: ["one"] }, ["--exit-after", "0.2", "--exit-code", "3"]),
  }, KEYS);
  await using browser = await startBrowser();
  const page = await browser.open({ withErrors: true });
  await page.getByLabel("Key of this door").fill(KEY);
  await page.keyboard.press("Enter");
  await (await propose(page, "Summon bad")).press("Summon bad");
  await page.getByRole("status").getByText(/^Summon bad: .+/).waitFor();
  await waitForState(page, "bad", "failed");
  const problem = card(page, "bad").locator("details");
  await problem.locator("summary").click();
  await problem.getByText(/lychd|systemctl/).first().waitFor();
  await problem.getByLabel("Last lines of bad").getByText("bad").first().waitFor();
  await assertAccessible(page);
});

pageTest("the page asks for a key, refuses a wrong one, and forgets it on demand", async () => {
  await using shell = lichShell();
  await install(shell, rivals(), KEYS);
  await using browser = await startBrowser();
  const page = await browser.open({ withErrors: true });
  const field = page.getByLabel("Key of this door");
  await page.getByText("This door needs a key.").waitFor();
  for (let i = 0; i < 3; i++) await page.keyboard.press("Escape");
  await field.fill("schlüssel");
  await page.keyboard.press("Enter");
  await page.getByText("This is not a valid key").waitFor();
  await assertAccessible(page);
  await field.fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("The door refused this key.").waitFor();
  await field.fill(KEY);
  await page.getByRole("button", { name: "Use this key" }).click();
  await waitForState(page, "a", "stopped");
  await page.reload();
  await waitForState(page, "a", "stopped");
  await page.getByRole("button", { name: "Forget the key" }).click();
  await page.getByText("This door needs a key.").waitFor();
});

pageTest(
  "without an answer of the door, the page says so, and goes on when it is back",
  async () => {
    await using shell = lichShell();
    await install(shell, rivals());
    await using browser = await startBrowser();
    const page = await browser.open({ withErrors: true });
    await waitForState(page, "a", "stopped");
    const card = page.locator(".card", { hasText: "was stopped" }).first();
    await shell.run("systemctl --user stop lychd-vessel.service");
    await card.waitFor();
    await page.getByText("The door does not answer.").waitFor();
    await page.getByText("systemctl --user status lychd-vessel").waitFor();
    await shell.run("systemctl --user start lychd-vessel.service");
    await page.getByText("No engine runs.").waitFor();
    await card.waitFor({ state: "detached" });
    // Like a host that sleeps, and a network that is lost: the connection stays.
    await shell.run("systemctl --user kill -s STOP lychd-vessel.service");
    await page.getByText("The door does not answer.").waitFor();
    await shell.run("systemctl --user kill -s CONT lychd-vessel.service");
    await page.getByText("No engine runs.").waitFor();
  },
);

pageTest("a name in the address that does not exist is answered in words", async () => {
  await using shell = lichShell();
  await install(shell, rivals());
  await using browser = await startBrowser();
  const page = await browser.open();
  const cases = [
    ...[["#logs", "Choose an engine"], ["#logs/%", 'no Soulstone "%"']],
    ...[["#logs/nix", 'no Soulstone "nix"'], ["#try/nix", 'no Soulstone or capability "nix"']],
  ] as const;
  for (const [hash, words] of cases) {
    await page.goto(`${DOOR}/${hash}`);
    await page.getByText(words).waitFor();
    await assertAccessible(page);
  }
});

pageTest("a request has only numbers and images that its model takes", async () => {
  await using shell = lichShell();
  await install(shell, {
    a: gpuEngine("a", 8780, { groups: ["one"], capabilities: ["vision"] }),
    b: gpuEngine("b", 8781, { groups: ["one"] }),
  });
  await using browser = await startBrowser();
  const page = await browser.open({ hash: "#try/a" });
  await page.getByText("A request starts a.").waitFor();
  await assertSteady(page);
  const bodies: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/v1/chat/completions")) bodies.push(request.postData() ?? "");
  });
  const temperature = page.getByLabel("Temperature");
  const prompt = page.getByLabel("Prompt", { exact: true });
  const send = async (text: string) => {
    await prompt.fill(text);
    await page.keyboard.press("Enter");
  };
  await temperature.fill("warm");
  await send("one");
  await page.getByText("Write a number that is at least 0").waitFor();
  assert.ok(await isFocused(temperature));
  await assertAccessible(page);
  assert.equal(bodies.length, 0);
  await temperature.fill("0,7");
  const file = page.getByLabel("Image", { exact: true });
  const image = page.getByAltText("The image to send");
  const picture = { name: "x.png", mimeType: "image/png", buffer: Buffer.from("89504e47", "hex") };
  await file.setInputFiles(picture);
  await image.waitFor();
  await send("one");
  await page.getByText(/first token after/).waitFor();
  assert.equal(JSON.parse(bodies[0] ?? "").temperature, 0.7);
  assert.match(bodies[0] ?? "", /image_url/);
  assert.equal(await file.inputValue(), "");
  // The same file again.
  await file.setInputFiles(picture);
  await image.waitFor();
  await page.getByLabel("Model or capability").selectOption("b");
  await image.waitFor({ state: "detached" });
  await send("two");
  await page.getByText(/first token after/).nth(1).waitFor();
  assert.doesNotMatch(bodies[1] ?? "image_url", /image_url/);
});

pageTest(
  "60 Soulstones with names of 64 letters fit a phone, and a description is text",
  async () => {
    await using shell = lichShell();
    const attack = "<script>document.title = 'taken over'</script><img src=x onerror=alert(1)>";
    const long = (i: number) => `${"n".repeat(61)}${String(i).padStart(3, "0")}`;
    const names = Array.from({ length: 60 }, (_, i) => long(i));
    await install(
      shell,
      Object.fromEntries(names.map((name, i) => [
        name,
        gpuEngine("x", 8800 + i, {
          groups: ["g".repeat(64)],
          capabilities: ["c".repeat(64)],
          description: attack,
        }),
      ])),
    );
    await using browser = await startBrowser();
    const page = await browser.open({ width: 360, height: 740, scheme: "dark" });
    await waitForState(page, long(59), "stopped");
    assert.equal(await page.locator(".card").count(), 60);
    await assertFits(page);
    await assertAccessible(page);
    assert.equal(await page.title(), "lychd");
    await page.getByText(attack).first().waitFor();
    await page.getByLabel("Filter").fill("n007");
    await page.locator(".card").nth(1).waitFor({ state: "detached" });
    assert.equal(await page.locator(".card").count(), 1);
    const { dialog, press } = await propose(page, `Summon ${long(7)}`);
    await assertFits(page);
    const box = await dialog.boundingBox();
    assert.ok(box !== null && box.x >= 0 && box.x + box.width <= 360);
    await press("Cancel");
  },
);

pageTest("a chat streams, is listed without its prompt, and can be cancelled", async () => {
  await using shell = lichShell();
  await install(shell, rivals());
  await using browser = await startBrowser();
  const page = await browser.open({ hash: "#try/a" });
  await page.getByText("A request starts a.").waitFor();
  const words = Array.from({ length: 8 }, (_, i) => `w${i}`).join(" ");
  await page.getByLabel("Prompt", { exact: true }).fill(words);
  await page.getByText("The same for curl").click();
  await page.getByText('"model": "a"').waitFor();
  await page.getByText("The same for Python").click();
  await page.getByText(`base_url="${DOOR}/v1"`).waitFor();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("log").getByText(/^w0 w1 w2/).nth(1).waitFor();
  await page.getByText(/first token after/).waitFor();
  await page.getByText("It runs: an answer comes at once.").waitFor();
  await assertAccessible(page);
  assert.deepEqual(await running(shell, ["a", "b"]), ["a"]);

  await page.getByLabel("Prompt", { exact: true }).fill(Array(600).fill("long").join(" "));
  await page.keyboard.press("Enter");
  await page.getByText("Answering").waitFor();
  await page.getByRole("link", { name: "Requests" }).click();
  await page.getByRole("cell", { name: "under way for" }).waitFor();
  await assertAccessible(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("cell", { name: "cancelled" }).waitFor();
  await page.getByRole("cell", { name: "200", exact: true }).waitFor();
  assert.ok(!(await page.content()).includes("w0 w1"));
  await page.getByRole("link", { name: "Try it" }).click();
  await page.getByRole("log").locator(".error").waitFor();
});

pageTest("the log of an engine is live, and needs a key", async () => {
  await using shell = lichShell();
  // The journal keeps the lines of former tests.
  const name = `n${Date.now()}`;
  await install(shell, { [name]: gpuEngine(name, 8780, {}) }, KEYS);
  await using browser = await startBrowser();
  const page = await browser.open({ hash: `#logs/${name}`, withErrors: true });
  await page.getByLabel("Key of this door").fill(KEY);
  await page.keyboard.press("Enter");
  await must(shell, `lychd summon ${name}`);
  const log = page.getByRole("log");
  await log.getByText(`ready ${name}`).waitFor();
  await assertAccessible(page);
  await must(shell, `lychd banish ${name}`);
  await log.getByText(`gone ${name}`).waitFor();
  await must(shell, "systemctl --user restart lychd-vessel.service");
  await waitForDoor(shell);
  await must(shell, `lychd summon ${name}`);
  await log.getByText(`ready ${name}`).nth(1).waitFor();

  await install(shell, rivals());
  const other = await browser.open({ hash: "#logs/a", width: 360, withErrors: true });
  await other.getByText("lychd logs a", { exact: true }).waitFor();
  await other.getByText("openssl rand -hex 32").waitFor();
  await assertFits(other);
  await assertAccessible(other);
});

pageTest("all of it works by keyboard and in both color schemes", async () => {
  await using shell = lichShell();
  await install(shell, rivals());
  await using browser = await startBrowser();
  for (const scheme of ["light", "dark"] as const) {
    const page = await browser.open({ scheme });
    await waitForState(page, "a", "stopped");
    await assertSteady(page);
    await assertAccessible(page);
    const button = page.getByRole("button", { name: "Summon a", exact: true });
    for (let i = 0; i < 40 && !await isFocused(button); i++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Keeps").waitFor();
    await assertAccessible(page);
    assert.ok(await isFocused(dialog.getByRole("button", { name: "Cancel" })));
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.ok(await isFocused(button), "the focus returns to the button");
    for (const view of ["#requests", "#try"]) {
      await page.goto(`${DOOR}/${view}`);
      await page.locator("main h2").waitFor();
      await assertAccessible(page);
    }
    await page.close();
  }
  const page = await browser.open({ hash: "#requests" });
  await page.getByRole("heading", { name: "Requests" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.ok(await isFocused(page.getByRole("main")));
  await page.getByRole("heading", { name: "Requests" }).waitFor();
  assert.deepEqual(await running(shell, ["a", "b"]), []);
});

function isFocused(element: ReturnType<Page["getByRole"]>): Promise<boolean> {
  return element.evaluate((node) => node === document.activeElement);
}
