/** The rules for Portals. */
import { type Finding, finding } from "../report/mod.ts";
import type { Codex, Portal } from "./codex.ts";
import { duplicates } from "./duplicates.ts";
import { isLoopback } from "./loopback.ts";
import { parsePortalUrl } from "./portal_url.ts";
import { ALIAS, NAME } from "./schema.ts";
import type { TomlPath } from "./toml.ts";
import { nameOwners } from "./vessel_rules.ts";

/** Checks the Portals against each other, the Soulstones and the Vessel. */
export function portalFindings(codex: Codex): Finding[] {
  const { portals, settings: { vessel } } = codex;
  const [first] = portals;
  return [
    ...first !== undefined && !vessel.enabled
      ? [finding("portal-without-vessel", first.placeOf(["url"]), {})]
      : [],
    ...portalNameFindings(codex),
    ...portals.flatMap((portal) => [
      ...urlFindings(portal, codex),
      ...modelFindings(portal),
      ...nameFindings(portal, codex),
    ]),
  ];
}

/** Finds names of Portals that already name something else. */
function portalNameFindings({ portals, soulstones }: Codex): Finding[] {
  const { owners, add } = nameOwners(soulstones);
  for (const s of soulstones) {
    for (const [i, name] of s.aliases.entries()) add(name, "an alias", s.placeOf(["aliases", i]));
  }
  for (const p of portals) {
    for (const name of Object.keys(p.aliases)) add(name, "an alias", p.keyOf(["aliases", name]));
    for (const name of Object.keys(p.capabilities)) {
      add(name, "a capability", p.keyOf(["capabilities", name]));
    }
  }
  const similar = duplicates(portals, ({ name }) => name.toLowerCase()).map(({ item, first }) =>
    finding("name-similar", item.placeOf([]), { name: item.name, other: first.name }, {
      place: first.placeOf([]),
      label: "the other name",
    })
  );
  return [
    ...similar,
    ...portals.flatMap((portal) => {
      const { name } = portal;
      if (!NAME.test(name)) {
        return [finding("portal-name-invalid", portal.placeOf([]), { value: name })];
      }
      const taken = owners.get(name);
      return taken === undefined ? [] : [
        finding("portal-name-taken", portal.placeOf([]), { name, owner: taken.owner }, {
          place: taken.place,
          label: "the other use",
        }),
      ];
    }),
  ];
}

function urlFindings(portal: Portal, { settings: { vessel } }: Codex): Finding[] {
  const url = parsePortalUrl(portal.url);
  if (url === undefined) return [];
  const place = portal.placeOf(["url"]);
  const isHere = url.host === "localhost" || isLoopback(url.host);
  return [
    ...isHere && url.port === vessel.port ? [finding("portal-here", place, {})] : [],
    ...!isHere && !url.isSecure && portal.key_secret !== undefined
      ? [finding("portal-plain", place, {})]
      : [],
    ...portal.ca_file !== undefined && !url.isSecure
      ? [finding("portal-ca-unused", portal.placeOf(["ca_file"]), {})]
      : [],
  ];
}

function modelFindings(portal: Portal): Finding[] {
  const { models, aliases, capabilities } = portal;
  if (models === undefined) return [];
  const unknown = (field: string, named: Readonly<Record<string, string>>) =>
    Object.entries(named).flatMap(([name, value]) =>
      models.includes(value)
        ? []
        : [finding("portal-model-unknown", portal.placeOf([field, name]), { value, known: models })]
    );
  return [
    ...duplicates([...models.entries()], ([, value]) => value).map(({ item: [i, value] }) =>
      finding("entry-repeated", portal.placeOf(["models", i]), { field: "models", value })
    ),
    ...unknown("aliases", aliases),
    ...unknown("capabilities", capabilities),
  ];
}

/** Checks the names that a Portal gives to its models. That of a Soulstone means the same model. */
function nameFindings(portal: Portal, { soulstones }: Codex): Finding[] {
  const invalid = (field: string, names: object, pattern: RegExp) =>
    Object.keys(names).filter((name) => !pattern.test(name)).map((value) => {
      const place = portal.keyOf([field, value]);
      return finding(field === "aliases" ? "alias-invalid" : "capability-invalid", place, {
        value,
      });
    });
  const taken = soulstones.flatMap((s) =>
    s.groups.filter((group) => Object.hasOwn(portal.aliases, group)).map((alias) => ({
      alias,
      place: s.placeOf(["groups"]),
    }))
  );
  return [
    ...invalid("aliases", portal.aliases, ALIAS),
    ...invalid("capabilities", portal.capabilities, NAME),
    ...[...new Map(taken.map((each) => [each.alias, each])).values()].map(({ alias, place }) => {
      const path: TomlPath = ["aliases", alias];
      const owner = "the name of a Coven";
      return finding("alias-taken", portal.keyOf(path), { alias, owner }, {
        place,
        label: "the other use",
      });
    }),
  ];
}

/** Returns the reason why a file cannot be the certificates of a CA. */
export function authoritiesProblem(text: string | undefined): string | undefined {
  if (text === undefined) return "there is no such file beside it";
  if (text.includes("PRIVATE KEY-----")) return "the file contains a private key";
  return /-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/.test(text)
    ? undefined
    : "the file contains no certificate in PEM";
}
