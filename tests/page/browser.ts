/// <reference lib="dom" />
/** Debian's Chromium in the network of the lab, for the tests of the page. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { DOOR } from "../lab/door.ts";
import { labStatus } from "../lab/lab.ts";

const CHROMIUM = "/usr/bin/chromium";

/** A browser, and the folder of its starter. */
export interface LabBrowser extends AsyncDisposable {
  /** Opens the page of the door. It fails the test if the page has an error or asks another server. */
  open(options?: OpenOptions): Promise<Page>;
}

/** The window and the path of a page. */
export interface OpenOptions {
  readonly hash?: string;
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
  /** True if the test stops the door, or uses a wrong key: the browser reports that as errors. */
  readonly withErrors?: boolean;
}

/** Starts Chromium, after its installation from Debian if it is missing. */
export async function startBrowser(): Promise<LabBrowser> {
  if (!existsSync(CHROMIUM)) await install();
  const folder = await Deno.makeTempDir({ prefix: "lychd-page-" });
  const starter = `${folder}/chromium`;
  const { pid } = await labStatus();
  // Playwright speaks to the browser through pipes, so the browser can be in another network.
  const script = `#!/bin/sh\nexec nsenter --net=/proc/${pid}/ns/net ${CHROMIUM} "$@"\n`;
  await Deno.writeTextFile(starter, script, { mode: 0o755 });
  const browser = await chromium.launch({ executablePath: starter, args: ["--no-sandbox"] });
  const faults: string[] = [];
  return {
    async open({ hash = "", width = 1280, height = 900, scheme = "light", withErrors } = {}) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme });
      page.setDefaultTimeout(60_000);
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(`${DOOR}/`) && !/^(?:data|blob):/.test(url)) faults.push(url);
      });
      page.on("pageerror", (error) => faults.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error" && withErrors !== true) faults.push(message.text());
      });
      await page.goto(`${DOOR}/${hash}`);
      return page;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      await Deno.remove(folder, { recursive: true });
      assert.deepEqual(faults, []);
    },
  };
}

/** Installs Chromium and a font for its pictures. */
async function install(): Promise<void> {
  const script =
    "apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-core";
  const { success, stderr } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** Checks a page against the rules of axe-core for WCAG 2.2 AA, and its best practices. */
export async function assertAccessible(page: Page): Promise<void> {
  // The policy of the page refuses a script tag; the debugger's own evaluation passes.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResult> } };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
  assert.deepEqual(violations, []);
}

/** Checks that nothing of a page has moved since it was opened, except after a key or a click. */
export async function assertSteady(page: Page): Promise<void> {
  const moved = await page.evaluate(() =>
    new Promise<string[]>((done) => {
      new PerformanceObserver((list) => done(list.getEntries().flatMap(nodesOf)))
        .observe({ type: "layout-shift", buffered: true });
      setTimeout(() => done([]), 500);
      function nodesOf(entry: PerformanceEntry): string[] {
        const { sources, hadRecentInput } = entry as unknown as LayoutShift;
        if (hadRecentInput) return [];
        return sources.map(({ node }) => node instanceof Element ? node.outerHTML : "text");
      }
    })
  );
  assert.deepEqual(moved, []);
}

interface LayoutShift {
  readonly sources: readonly { readonly node: Node | null }[];
  readonly hadRecentInput: boolean;
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { html: string }[];
  }[];
}

/** Checks that the page is not wider than its window. */
export async function assertFits(page: Page): Promise<void> {
  const [width, window] = await page.evaluate(
    "[document.documentElement.scrollWidth, innerWidth]",
  ) as number[];
  assert.equal(width, window);
}

export type { Browser, Page };
