import { strictEqual } from "node:assert/strict";
import { DENO_HOST } from "../host/deno_host.ts";
import { isCodexNewer } from "./codex_newer.ts";

/** What happens to a Codex after it was rendered, and whether that shows. */
const CHANGES:
  readonly (readonly [claim: string, change: (codex: string) => void, newer: boolean])[] = [
    ["nothing", () => {}, false],
    ["a file is edited", (c) => Deno.writeTextFileSync(`${c}/soulstones/a.toml`, "b"), true],
    [
      "a file deep below is new",
      (c) => Deno.writeTextFileSync(`${c}/soulstones/x/n.toml`, ""),
      true,
    ],
    ["a file goes", (c) => Deno.removeSync(`${c}/soulstones/x/b.toml`), true],
    ["a file is an older one", older, true],
    ["all of it goes", (c) => Deno.removeSync(c, { recursive: true }), true],
    ["a link leads in a circle", (c) => Deno.symlinkSync(c, `${c}/soulstones/x/up`), true],
  ];

/** As `cp -p` and `rsync -a` do: the time of the contents is set back. */
function older(codex: string): void {
  Deno.writeTextFileSync(`${codex}/new`, "older text");
  Deno.utimeSync(`${codex}/new`, 1, 1);
  Deno.renameSync(`${codex}/new`, `${codex}/soulstones/a.toml`);
}

Deno.test("a Codex is newer than its units when anything of it changed", async () => {
  const root = Deno.makeTempDirSync();
  const at = (i: number) => `${root}/${i}`;
  try {
    for (const i of CHANGES.keys()) {
      Deno.mkdirSync(`${at(i)}/soulstones/x`, { recursive: true });
      Deno.writeTextFileSync(`${at(i)}/soulstones/a.toml`, "a");
      Deno.writeTextFileSync(`${at(i)}/soulstones/x/b.toml`, "b");
    }
    await new Promise((wake) => setTimeout(wake, 1100));
    Deno.writeTextFileSync(`${root}/receipt`, "");
    const rendered = DENO_HOST.stat(`${root}/receipt`)?.changedSeconds ?? NaN;
    for (const [i, [claim, change, newer]] of CHANGES.entries()) {
      change(at(i));
      strictEqual(isCodexNewer(DENO_HOST, at(i), rendered), newer, claim);
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
