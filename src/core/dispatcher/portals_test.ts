import fc from "fast-check";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  modelAt,
  type Place,
  placesFor,
  type PortalModel,
  type PortalOffer,
  type Prospect,
  readPortalModels,
} from "./portals.ts";

const LOADED: PortalModel = { id: "eye", names: [], capabilities: [], isLoaded: true };
const GARAGE: PortalOffer = {
  name: "garage",
  aliases: {},
  capabilities: {},
  prefer: "local",
  listed: [LOADED],
  isDown: false,
};
const ROUTE = {
  engine: "eye",
  wish: { kind: "soulstone", name: "eye" },
  served: undefined,
} as const;

/** Returns the places in a word each: `here`, or the name of the Portal. */
function words(places: readonly Place[]): string {
  return places.map((place) => place.kind === "engine" ? "here" : place.portal).join(" ");
}

const UNLOADED = [{ ...LOADED, isLoaded: false }];
const TABLE: readonly (readonly [Prospect | undefined, Partial<PortalOffer>, string])[] = [
  ["running", {}, "here garage"],
  ["starts", {}, "garage here"],
  ["starts", { listed: UNLOADED }, "here garage"],
  ["starts", { listed: undefined, models: ["eye"] }, "garage here"],
  ["late", { listed: UNLOADED }, "garage here"],
  ["failed", { listed: UNLOADED }, "garage here"],
  ["running", { prefer: "portal", listed: UNLOADED }, "garage here"],
  ["running", { prefer: "portal", isDown: true }, "here garage"],
  ["starts", { prefer: "fallback" }, "here garage"],
  ["late", { prefer: "fallback" }, "garage here"],
  ["late", { prefer: "fallback", isDown: true }, "here garage"],
  ["failed", { prefer: "fallback", isDown: true }, "garage here"],
  ["running", { listed: [] }, "here"],
  ["running", { listed: undefined }, "here"],
  [undefined, { isDown: true }, "garage"],
  [undefined, { models: ["other"] }, ""],
];

for (const [prospect, changes, expected] of TABLE) {
  Deno.test(`places: ${prospect ?? "not"} here, and ${JSON.stringify(changes)}`, () => {
    const here = prospect && { route: ROUTE, prospect };
    strictEqual(words(placesFor("eye", here, [{ ...GARAGE, ...changes }])), expected);
  });
}

const NAME = fc.constantFrom("eye", "sage", "gpt-4o", "vision");
const MODEL: fc.Arbitrary<PortalModel> = fc.record({
  id: NAME,
  names: fc.uniqueArray(NAME, { maxLength: 2 }),
  capabilities: fc.uniqueArray(NAME, { maxLength: 2 }),
  isLoaded: fc.boolean(),
});
const NAMED = fc.dictionary(NAME, NAME, { maxKeys: 2, noNullPrototype: true });
const OFFER: fc.Arbitrary<Omit<PortalOffer, "name">> = fc.record({
  models: fc.option(fc.uniqueArray(NAME, { maxLength: 2 }), { nil: undefined }),
  aliases: NAMED,
  capabilities: NAMED,
  prefer: fc.constantFrom("local", "portal", "fallback"),
  listed: fc.option(fc.uniqueArray(MODEL, { maxLength: 3, selector: ({ id }) => id }), {
    nil: undefined,
  }),
  isDown: fc.boolean(),
}).map(({ models, ...offer }) => ({ ...offer, ...models !== undefined && { models } }));

Deno.test("each Portal with the model is a place once, and this host too", () => {
  fc.assert(fc.property(
    NAME,
    fc.array(OFFER, { maxLength: 4 }),
    fc.option(fc.constantFrom<Prospect>("running", "starts", "late", "failed"), { nil: undefined }),
    (name, parts, prospect) => {
      const offers = parts.map((part, i) => ({ ...part, name: `p${i}` }));
      const here = prospect && { route: ROUTE, prospect };
      const places = placesFor(name, here, offers);
      const having = offers.filter((offer) => modelAt(name, offer) !== undefined);
      deepStrictEqual(
        words(places).split(" ").filter(Boolean).sort(),
        [...having.map((offer) => offer.name), ...here === undefined ? [] : ["here"]].sort(),
      );
    },
  ));
});

Deno.test("a running engine gives way only to a Portal that comes first, and one that is down to all that is not", () => {
  fc.assert(fc.property(NAME, fc.array(OFFER, { maxLength: 4 }), (name, parts) => {
    const offers = parts.map((part, i) => ({ ...part, name: `p${i}` }));
    const places = placesFor(name, { route: ROUTE, prospect: "running" }, offers);
    const at = places.findIndex(({ kind }) => kind === "engine");
    const offerOf = (place: Place) =>
      offers.find((offer) => place.kind === "portal" && offer.name === place.portal);
    ok(
      places.slice(0, at).every((place) => {
        const offer = offerOf(place);
        return offer?.prefer === "portal" && !offer.isDown;
      }),
    );
    const down = places.findIndex((place) => offerOf(place)?.isDown);
    ok(down < 0 || places.slice(down).every((place) => offerOf(place)?.isDown));
  }));
});

Deno.test("a model of a Portal is used only if the Codex or the Portal names it, and never another than `models` allows", () => {
  fc.assert(fc.property(NAME, OFFER, (name, part) => {
    const found = modelAt(name, part);
    if (found === undefined) return;
    const allowed = [
      ...part.models ?? (part.listed ?? []).map(({ id }) => id),
      ...Object.values(part.aliases),
      ...Object.values(part.capabilities),
    ];
    ok(allowed.includes(found.id));
    const listed = part.listed?.find(({ id }) => id === found.id);
    if (listed !== undefined && part.models?.includes(found.id)) {
      strictEqual(found.isLoaded, listed.isLoaded);
    }
  }));
});

Deno.test("lists of models that are none, or have names that no request can have, are read as far as they go", () => {
  for (const list of [null, [], "x", {}, { data: {} }, { data: null }]) {
    strictEqual(readPortalModels(list), undefined);
  }
  const data = [null, 1, {}, { id: 1 }, { id: "" }, { id: "a\nb" }, { id: "x".repeat(257) }];
  deepStrictEqual(readPortalModels({ data }), []);
  deepStrictEqual(
    readPortalModels({
      data: [{ id: "a", aliases: ["b", 1], served_id: "c", capabilities: "x", status: "loaded" }],
    }),
    [{ id: "a", names: ["b", "c"], capabilities: [], isLoaded: true }],
  );
});
