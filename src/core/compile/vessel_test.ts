import { deepStrictEqual } from "node:assert/strict";
import { readCodex } from "../codex/mod.ts";
import { compile } from "./mod.ts";

const FILES = {
  "lychd.toml": "[vessel]\nenabled = true\n",
  "soulstones/eye.toml": '[eye]\nimage = "localhost/eye"\nport = 8780\nexec = ["{port}"]\n',
};

/** Compiles a Codex with a Vessel. Returns `ExecStart=` of its unit, or the error. */
async function startOf(binary: string): Promise<string | undefined> {
  const encoder = new TextEncoder();
  const files = Object.entries(FILES)
    .map(([path, text]) => ({ path, bytes: encoder.encode(text) }));
  const { runes, findings } = await compile(readCodex({ folder: "c", files }).codex, binary);
  const unit = runes.find(({ path }) => path === "systemd/user/lychd-vessel.service");
  return /^ExecStart=.*$/m.exec(unit?.text ?? "")?.[0] ?? findings[0]?.message;
}

const PROGRAMS: readonly (readonly [binary: string, start: string])[] = [
  ["/usr/local/bin/lychd", "ExecStart=/usr/local/bin/lychd serve"],
  ["/opt/my tools/50%/lychd", 'ExecStart="/opt/my tools/50%%/lychd" serve'],
  ['/opt/"a\\b/lychd', 'ExecStart="/opt/\\"a\\\\b/lychd" serve'],
  ["/opt/$HOME/lychd", "systemd cannot start this lychd as the Vessel: its path contains `$`"],
];

Deno.test("the unit of the Vessel starts the program that compiles it, or says why it cannot", async () => {
  for (const [binary, start] of PROGRAMS) deepStrictEqual(await startOf(binary), start);
});
