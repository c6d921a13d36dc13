/** From llama-swap's routing and preload to groups, residents and the Coven of the boot. */
import { bootGroups } from "../boot.ts";
import type { ImportContext } from "../imported.ts";
import type { Ledger } from "../ledger.ts";
import { freeName } from "../names.ts";
import type { Group } from "../together.ts";
import type { SwapConfig } from "./config.ts";
import type { Routing } from "./routing.ts";

/** What the law of Covens needs of each engine, and the Coven of the start. */
export interface Law {
  readonly fieldsOf: (model: string) => { groups: readonly string[]; isResident: boolean };
  readonly bootCoven: string | undefined;
}

/** Puts the models `among` which are imported into groups, and enters what became of the routing. */
export function underTheLaw(
  { routed, preload }: SwapConfig,
  routing: Routing,
  among: readonly string[],
  context: ImportContext,
  ledger: Ledger,
): Law {
  const ids = new Set(among);
  const taken = new Set(context.takenGroups);
  const groups: Group[] = routing.groups
    .map(({ name, members }) => ({ name: freeName(name, taken), members }));
  const starting = preload.filter(({ model }) =>
    ids.has(model) && !routing.residents.includes(model)
  ).map(({ model }) => model);
  const boot = bootGroups(groups, starting, routing.mayAllRun, taken);
  for (const { model, item } of preload) {
    if (boot.bootCoven !== undefined && ids.has(model)) {
      const why = `boot_coven = "${boot.bootCoven}" in lychd.toml starts it with the host`;
      ledger.note(item, "changed", { to: "boot_coven", why });
    } else {
      const why = "lychd starts one Coven with the host, of engines that run together";
      ledger.note(item, "lost", { why });
    }
  }
  noteRouting(routing, routed, ledger);
  return {
    bootCoven: boot.bootCoven,
    fieldsOf: (model) => ({
      groups: boot.groups.filter(({ members }) => members.includes(model)).map((g) => g.name),
      isResident: routing.residents.includes(model),
    }),
  };
}

/** Enters what became of groups and sets. */
function noteRouting(routing: Routing, routed: SwapConfig["routed"], ledger: Ledger): void {
  const looser = looserText(routing);
  for (const { name, entry } of routed) {
    const isSet = routing.looser.length > 0 && !ROUTING_KEYS.has(entry.key);
    const sides = routing.oneSided.filter((side) =>
      side.unloads === name && entry.key === "exclusive" ||
      side.starts === name && entry.key === "persistent"
    );
    if (isSet) {
      ledger.note(entry.item, "changed", { to: "groups", why: looser });
    } else if (sides.length > 0) {
      const why = sides.map(({ starts, unloads }) =>
        `here \`${starts}\` and \`${unloads}\` just run together; there starting one of ` +
        `\`${starts}\` unloads \`${unloads}\`, which can be started again beside it`
      ).join("; ");
      ledger.note(entry.item, "changed", { to: "groups", why });
    } else if (ROUTING_KEYS.has(entry.key) || entry.item.text.startsWith("matrix.sets.")) {
      ledger.note(entry.item, "carried", { to: "groups" });
    }
  }
}

/** How many combinations are named that lychd allows and no set has. */
const NAMED_LIMIT = 8;

function looserText({ looser }: Routing): string {
  const named = looser.slice(0, NAMED_LIMIT).map((models) => models.join(", "));
  const more = looser.length - named.length;
  const all = [...named, ...more === 0 ? [] : [`${more} more such sets`]].join("; of ");
  return `any two of ${all} may run together, and so lychd lets all of them, though no set has ` +
    "them all: start Covens, not single engines";
}

const ROUTING_KEYS = new Set(["exclusive", "members", "persistent", "swap"]);
