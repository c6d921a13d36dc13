import { readCodex } from "../codex/mod.ts";
import { compile } from "../compile/mod.ts";
import { type Inventory, readInventory } from "./inventory.ts";

/** Returns the inventory of a compiled Codex. */
export async function inventoryOf(soulstones: string, settings = ""): Promise<Inventory> {
  const encode = (text: string) => new TextEncoder().encode(text);
  const { codex } = readCodex({
    folder: "codex",
    files: [
      { path: "lychd.toml", bytes: encode(settings) },
      { path: "soulstones/all.toml", bytes: encode(soulstones) },
    ],
  });
  return readInventory((await compile(codex)).runes);
}
