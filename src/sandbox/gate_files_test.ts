import { deepStrictEqual } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { linksOfCodex } from "./gate_files.ts";

Deno.test("the links of a Codex are those that it is read through", () => {
  const root = Deno.makeTempDirSync({ prefix: "lychd-look-" });
  const write = (path: string) => {
    Deno.mkdirSync(dirname(join(root, path)), { recursive: true });
    Deno.writeTextFileSync(join(root, path), "");
  };
  const link = (path: string, target: string) => {
    Deno.mkdirSync(dirname(join(root, path)), { recursive: true });
    Deno.symlinkSync(target, join(root, path));
  };
  try {
    write("codex/soulstones/own.toml");
    write("dots/eye.toml");
    write("dots/below/deep.toml");
    link("codex/lychd.toml", "../dots/eye.toml");
    link("codex/soulstones/eye.toml", "../../dots/eye.toml");
    link("codex/soulstones/gone.toml", "nowhere");
    link("codex/soulstones/below", "../../dots/below");
    link("dots/below/again", "../below");
    link("codex/soulstones/back", "../soulstones");
    // These are not read.
    link("codex/soulstones/README", "/etc/hostname");
    link("codex/soulstones/.git", "../../dots");
    link("codex/other.toml", "../dots/eye.toml");
    deepStrictEqual(
      linksOfCodex(join(root, "codex")),
      [
        "lychd.toml",
        "soulstones/back",
        "soulstones/below",
        "soulstones/below/again",
        "soulstones/eye.toml",
        "soulstones/gone.toml",
      ].map((path) => join(root, "codex", path)),
    );
    deepStrictEqual(linksOfCodex(join(root, "nowhere")), []);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
