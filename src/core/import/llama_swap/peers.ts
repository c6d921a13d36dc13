/** The `peers` of llama-swap, which become Portals. */
import { type Fields, settingsText } from "../toml_text.ts";
import { parsePortalUrl, type Plain, portalSchema } from "../../codex/mod.ts";
import { printable } from "../../report/mod.ts";
import type { Imported } from "../imported.ts";
import { freeName } from "../groups.ts";
import { entriesOf, type Entry, type Reader, textOf, textsOf } from "./reader.ts";
import type { YamlEntry } from "./yaml.ts";

/**
 * Returns the Portal of each peer, with a name that is not in `taken`. Its key is not part of it: it needs
 * a secret of Podman.
 */
export function portalsOf(
  peers: Entry | undefined,
  taken: Set<string>,
  reader: Reader,
): Imported["portals"] {
  if (peers === undefined) return [];
  const entries = entriesOf(peers.node, "`peers`", reader);
  const settingsOf = ({ node, key }: YamlEntry) => entriesOf(node, `peer \`${key}\``, reader);
  const parts = entries.flatMap((peer) => settingsOf(peer).map((setting) => ({ peer, setting })));
  const items = reader.report.split(
    peers.item,
    parts.map(({ peer, setting }) => ({
      text: `peers.${peer.key}.${setting.key}`,
      place: setting.place,
    })),
  );
  return entries.flatMap((peer) => {
    const own = parts.flatMap(({ peer: of, setting: { key, node } }, i) =>
      of === peer ? [{ key, node, item: items[i] ?? peers.item }] : []
    );
    return portalOf(peer, own, taken, reader);
  });
}

function portalOf(
  peer: YamlEntry,
  own: readonly Entry[],
  taken: Set<string>,
  reader: Reader,
): Imported["portals"] {
  const { report } = reader;
  const proxy = own.find(({ key }) => key === "proxy");
  const url = proxy && urlOf(textOf(proxy.node, "`proxy`", reader) ?? "");
  if (url === undefined) {
    const why = proxy === undefined ? "it has no `proxy`" : "its `proxy` is not an address of HTTP";
    if (own.length === 0) report.lost(report.add(peer.place, `peers.${peer.key}`), why);
    for (const { item } of own) report.lost(item, why);
    return [];
  }
  const name = freeName(peer.key, taken);
  const fields: Record<string, Plain> = { url };
  for (const { key, node, item } of own) {
    if (key === "proxy") {
      report.record(item, "carried", { to: `portals.${name}.url` });
    } else if (key === "models") {
      const models = textsOf(node, "`models`", reader).map(({ text }) => text);
      const isValid = portalSchema.shape.models.safeParse(models).success;
      if (isValid) {
        fields["models"] = [...new Set(models)];
        report.record(item, "carried", { to: `portals.${name}.models` });
      } else report.lost(item, "a name has characters that no model of lychd can have");
    } else if (key === "apiKey") {
      const secret = `${name.slice(0, 60)}-key`;
      fields["key_secret"] = secret;
      report.record(item, "changed", {
        to: `portals.${name}.key_secret`,
        why: `the Codex has no key; podman secret create ${secret} -   reads it from stdin`,
      });
    } else report.lost(item, "a Portal has no field for it");
  }
  return [{
    name,
    text: `# From peer \`${printable(peer.key)}\`.\n${settingsText(fields as Fields)}`,
  }];
}

/** Returns the address of a peer as that of a Portal: llama-swap adds the whole path, with `/v1`. */
function urlOf(proxy: string): string | undefined {
  const base = proxy.trim().replace(/\/+$/, "");
  const url = /^https?:\/\/[^/]*$/.test(base) ? base : `${base}/v1`;
  return parsePortalUrl(url) === undefined ? undefined : url;
}
