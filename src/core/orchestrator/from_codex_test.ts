import { readCodex } from "../codex/mod.ts";
import { compile } from "../compile/mod.ts";
import { type Inventory, readInventory, type UnitFile } from "./inventory.ts";

/** Returns the units of a compiled Codex. */
export async function unitsOf(soulstones: string, settings = ""): Promise<readonly UnitFile[]> {
  const encode = (text: string) => new TextEncoder().encode(text);
  const { codex } = readCodex({
    folder: "codex",
    files: [
      { path: "lychd.toml", bytes: encode(settings) },
      { path: "soulstones/all.toml", bytes: encode(soulstones) },
    ],
  });
  return (await compile(codex)).runes;
}

/** Returns the inventory of a compiled Codex. */
export async function inventoryOf(soulstones: string, settings = ""): Promise<Inventory> {
  return readInventory(await unitsOf(soulstones, settings));
}
