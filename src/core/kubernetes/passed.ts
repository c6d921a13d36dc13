/** The `quadlet` table of a Soulstone: a few keys have a counterpart in a pod, all others are lost. */
import type { Soulstone } from "../codex/mod.ts";
import type { Finding } from "../report/mod.ts";
import type { Lose } from "./loss.ts";
import { literal } from "./literal.ts";
import type { IContainer } from "./objects.ts";

type Part = Partial<IContainer>;

/** Returns the part of the container that a key of `[Container]` becomes; nothing if it has none. */
const COUNTERPARTS: Readonly<Record<string, (values: readonly string[]) => Part | undefined>> = {
  Entrypoint: ([value = ""]) => ({ command: wordsOf(value).map(literal) }),
  WorkingDir: ([workingDir = ""]) => ({ workingDir }),
  Pull: ([value = ""]) => {
    const imagePullPolicy =
      ({ always: "Always", missing: "IfNotPresent", never: "Never" } as const)[value];
    return imagePullPolicy === undefined ? undefined : { imagePullPolicy };
  },
  NoNewPrivileges: ([value]) => ({
    securityContext: { allowPrivilegeEscalation: value !== "true" },
  }),
  User: ([value = ""]) => {
    const [, user, group] = /^(\d+)(?::(\d+))?$/.exec(value) ?? [];
    if (user === undefined) return undefined;
    const runAsGroup = group === undefined ? {} : { runAsGroup: Number(group) };
    return { securityContext: { runAsUser: Number(user), ...runAsGroup } };
  },
  AddCapability: (values) => ({ securityContext: { capabilities: { add: capabilities(values) } } }),
  DropCapability: (values) => ({
    securityContext: { capabilities: { drop: capabilities(values) } },
  }),
};

/** Returns the parts of the container that come from the `quadlet` table. */
export function passedParts(soulstone: Soulstone): Part {
  const found = entriesOf(soulstone).map(({ part }) => part ?? {});
  const contexts = found.map(({ securityContext = {} }) => securityContext);
  const rights = contexts.map(({ capabilities = {} }) => capabilities);
  const capabilities = Object.assign({}, ...rights);
  const securityContext = {
    ...Object.assign({}, ...contexts),
    ...Object.keys(capabilities).length === 0 ? {} : { capabilities },
  };
  return {
    ...Object.assign({}, ...found),
    ...Object.keys(securityContext).length === 0 ? {} : { securityContext },
  };
}

/** Returns a loss for each key without counterpart. */
export function passedFindings(soulstone: Soulstone, lose: Lose): Finding[] {
  return entriesOf(soulstone).flatMap(({ section, key, part }) =>
    part !== undefined ? [] : [
      lose(
        soulstone.keyOf(["quadlet", section, key]),
        `quadlet.${section}.${key}`,
        "a pod has no such setting",
      ),
    ]
  );
}

function entriesOf({ quadlet }: Soulstone) {
  return Object.entries(quadlet).flatMap(([section, keys]) =>
    Object.entries(keys).map(([key, value]) => ({
      section,
      key,
      part: section === "Container" && Object.hasOwn(COUNTERPARTS, key)
        ? COUNTERPARTS[key]?.([value].flat().map(String))
        : undefined,
    }))
  );
}

/** Reads a command as Podman does: a list in JSON, or else one word. */
function wordsOf(text: string): string[] {
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words)) return words.map(String);
  } catch {
    // One word.
  }
  return [text];
}

function capabilities(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(/\s+/)).filter((word) => word !== "")
    .map((word) => word.toUpperCase().replace(/^CAP_/, ""));
}
