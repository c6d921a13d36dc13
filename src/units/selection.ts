/** The engines and services that a command shows. */
import type { Service } from "../core/orchestrator/services.ts";
import { readShownName } from "../core/orchestrator/wish.ts";
import { HostError } from "../host/host.ts";
import { enginesNow, orRefuse, readNameNow } from "./engines.ts";
import type { Rendered } from "./rendered.ts";
import type { Systemd } from "./systemd.ts";

/** Engines by name, strays included, and services beside them. */
export interface Selection {
  readonly soulstones: readonly string[];
  readonly services: readonly Service[];
}

/** Returns what `word` names, or everything without one. A rendered name needs no systemd that answers. */
export async function selectNow(
  systemd: Systemd | undefined,
  word: string | undefined,
  { inventory, services }: Rendered,
): Promise<Selection> {
  const rendered = inventory.engines.map((engine) => engine.name);
  if (word === undefined) {
    const strays = await orNothing(async () =>
      systemd === undefined ? [] : (await enginesNow(systemd, inventory)).strays
    );
    return { soulstones: [...rendered, ...strays ?? []], services };
  }
  const serviceNames = services.map((service) => service.name);
  const read = (known: typeof inventory) => readShownName(word, known, serviceNames);
  const { kind, name } =
    await orNothing(async () =>
      systemd === undefined ? undefined : await readNameNow(systemd, inventory, read)
    ) ?? orRefuse(read(inventory)).name;
  switch (kind) {
    case "service":
      return { soulstones: [], services: services.filter((service) => service.name === name) };
    case "soulstone":
      return { soulstones: [name], services: [] };
    case "coven": {
      const coven = inventory.covens.find((coven) => coven.name === name);
      return { soulstones: coven?.members ?? [], services: [] };
    }
  }
}

/** Returns nothing if systemd does not answer. */
async function orNothing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}
