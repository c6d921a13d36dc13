import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { CHARACTER } from "../../../tests/character.ts";
import { readCodex } from "../codex/mod.ts";
import { compile } from "../compile/mod.ts";
import {
  type Door,
  doorNetwork,
  type DoorPortal,
  type Json,
  portalAddress,
  readDoor,
} from "./door.ts";
import type { Inventory } from "./inventory.ts";

const whole = (min: number, max: number) => fc.integer({ min, max });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const NAME = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const TEXT = fc.string({ unit: CHARACTER, maxLength: 12 });
const KEY = TEXT.filter((key) => key !== "__proto__" && key !== "model");
const NUMBER = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true, noInteger: true }),
);

/** A value that TOML can write; it has no null. */
const { value: VALUE } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    TEXT,
    NUMBER,
    fc.boolean(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(KEY, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

const SETTINGS = fc.record({
  port: whole(1024, 8000),
  bindAddress: fc.constantFrom("127.0.0.1", "::1", "0.0.0.0", "192.0.2.1", "fd00::1"),
  keys: fc.uniqueArray(NAME, { minLength: 1, maxLength: 4 }).map((names) =>
    names.sort().map((name, i) => ({ name, digest: `${i}`.padStart(64, "0a") }))
  ),
  allowedOrigins: fc.uniqueArray(
    fc.constantFrom("http://localhost:3001", "https://a.example", "app://[::1]:1"),
  ),
  lingerSeconds: whole(0, 3600),
  queueLimit: whole(1, 65_536),
  waitSeconds: whole(1, 86_400),
  drainSeconds: whole(1, 86_400),
  idle: maybe(fc.record({
    idleCoven: fc.constantFrom("none", "vision"),
    idleMinutes: whole(1, 10_080),
  })),
  loadingMessage: fc.boolean(),
  maxBodyMib: whole(1, 512),
}).map(({ idle, ...settings }) => ({
  ...settings,
  ...idle ?? { idleCoven: undefined, idleMinutes: undefined },
}));

const ALIAS = fc.stringMatching(/^[A-Za-z0-9@][A-Za-z0-9@._:\/+-]{0,20}$/)
  .filter((alias) => !["vision", "eye", "ear"].includes(alias));

const ENGINE = fc.record({
  concurrency: maybe(whole(1, 10_000)),
  idleMinutes: maybe(whole(1, 10_080)),
  served: maybe(
    TEXT.filter((text) => text !== "" && !/[\0\u0080\p{Noncharacter_Code_Point}]/u.test(text)),
  ),
  contextTokens: maybe(whole(1, 1_000_000)),
  set: fc.dictionary(KEY, VALUE, { maxKeys: 4, noNullPrototype: true }),
  strip: fc.uniqueArray(KEY, { maxLength: 4 }),
});

const AUTHORITIES = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

const PORTAL: fc.Arbitrary<DoorPortal> = fc.record({
  name: fc.stringMatching(/^garage[A-Za-z0-9._-]{0,20}$/),
  isSecure: fc.boolean(),
  host: fc.constantFrom("garage.lan", "10.0.0.7", "fd00::1"),
  port: whole(1, 65_535),
  path: fc.constantFrom("/v1", "/api", "/openai/v1"),
  models: maybe(fc.constantFrom([], ["a/b:c", "d"])),
  isKeyed: fc.boolean(),
  timeoutSeconds: whole(1, 86_400),
  prefer: fc.constantFrom("local", "portal", "fallback"),
}).map(({ models, isKeyed, ...portal }): DoorPortal => {
  const named = models === undefined || models.length > 0;
  return {
    ...portal,
    ...models !== undefined && { models },
    aliases: named ? { "gpt-4o": "d" } : {},
    capabilities: named ? { tools: "a/b:c" } : {},
    ...isKeyed && { keySecret: "key-of.garage" },
    ...portal.isSecure && { authorities: AUTHORITIES },
  };
});

/** Writes the file of a Portal. */
function portalFile(portal: DoorPortal): string {
  const { isSecure, port, path, models, aliases, capabilities, keySecret, prefer } = portal;
  return lines({
    url: `http${isSecure ? "s" : ""}://${portalAddress({ host: portal.host, port })}${path}`,
    models,
    aliases,
    capabilities,
    key_secret: keySecret,
    timeout_seconds: portal.timeoutSeconds,
    prefer,
    ca_file: portal.authorities === undefined ? undefined : "home.pem",
  });
}

const DOOR: fc.Arbitrary<Door> = fc.record({
  settings: SETTINGS,
  engines: fc.tuple(ENGINE, ENGINE),
  aliases: fc.uniqueArray(ALIAS, { maxLength: 6 }),
  // Without the own ports of the door and the Watchers.
  reservedPorts: maybe(fc.tuple(whole(20_000, 21_000), whole(0, 50))),
  portals: fc.uniqueArray(PORTAL, { maxLength: 3, selector: ({ name }) => name.toLowerCase() }),
}).map(({ settings, engines, aliases, portals, reservedPorts: [first, more] = [1, -1] }) => ({
  settings,
  portals: portals.sort((a, b) => a.name < b.name ? -1 : 1),
  reservedPorts: { first, last: first + more },
  engines: new Map(engines.map(({ strip, ...engine }, i) => [i === 0 ? "ear" : "eye", {
    ...engine,
    aliases: aliases.filter((_, at) => at % 2 === i),
    strip: strip.filter((name) => !Object.hasOwn(engine.set, name)),
  }])),
}));

/** Writes a value as TOML on one line; an undefined one has no line. */
function toml(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(toml).join(", ")}]`;
  if (typeof value !== "object" || value === null) {
    return JSON.stringify(value).replaceAll("\x7f", "\\u007f");
  }
  return `{ ${Object.entries(value).map(([k, v]) => `${toml(k)} = ${toml(v)}`).join(", ")} }`;
}

function lines(fields: Readonly<Record<string, Json | undefined>>): string {
  return Object.entries(fields)
    .map(([name, value]) => value === undefined ? "" : `${name} = ${toml(value)}\n`).join("");
}

/** Writes the Codex of a front door. */
function codexOf(
  { settings, engines, portals, reservedPorts: { first, last } }: Door,
): { path: string; bytes: Uint8Array }[] {
  const { keys, ...rest } = settings;
  const inCodex = (name: string) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  const vessel = Object.entries(rest).map(([name, value]) => [inCodex(name), value]);
  const soulstones = [...engines].map(([name, engine], i) =>
    `[${name}]\n` + lines({
      image: "docker.io/vllm/vllm-openai:v0.33.0",
      devices: [],
      groups: ["vision"],
      port: 8780 + i,
      exec: [
        ...engine.served === undefined ? [] : ["--served-model-name", engine.served],
        ...engine.contextTokens === undefined ? [] : ["--max-model-len", `${engine.contextTokens}`],
      ],
      aliases: engine.aliases,
      concurrency: engine.concurrency,
      idle_minutes: engine.idleMinutes,
      request: { set: engine.set, strip: engine.strip },
    })
  );
  const digests = keys.map(({ name, digest }) => [name, `sha256:${digest}`]);
  const files = {
    "lychd.toml": `[vessel]\n${
      lines({ enabled: true, ...Object.fromEntries(vessel), keys: Object.fromEntries(digests) })
    }${last < first ? "" : `[sepulcher]\nreserve_ports = "${first}-${last}"\n`}`,
    "soulstones/all.toml": soulstones.join("\n"),
    "portals/home.pem": AUTHORITIES,
    ...Object.fromEntries(portals.map((p) => [`portals/${p.name}.toml`, portalFile(p)])),
  };
  return Object.entries(files)
    .map(([path, text]) => ({ path, bytes: new TextEncoder().encode(text) }));
}

Deno.test("the front door reads back what the compiler writes, for any settings", async () => {
  await fc.assert(
    fc.asyncProperty(DOOR, async (door) => {
      const read = readCodex({ folder: "codex", files: codexOf(door) });
      const { runes, findings } = await compile(read.codex);
      const errors = [...read.findings, ...findings].filter((f) => f.severity === "error");
      deepStrictEqual(errors, []);
      deepStrictEqual(readDoor(runes), door);
    }),
    { numRuns: 60 },
  );
});

Deno.test("without a Vessel there is no front door", async () => {
  const bytes = new TextEncoder().encode('[eye]\nimage = "localhost/eye"\nport = 8780\n');
  const { codex } = readCodex({ folder: "c", files: [{ path: "soulstones/eye.toml", bytes }] });
  strictEqual(readDoor((await compile(codex)).runes), undefined);
});

Deno.test("facts that someone edited to no JSON are left out", () => {
  const facts = '[X-Lychd]\nSoulstone=eye\nRequestSet={\nRequestStrip=x\nServedModel="\n';
  const door = readDoor([
    { path: "systemd/user/lychd-vessel.service", text: "[X-Lychd]\nPort=8081\n" },
    { path: "containers/systemd/lychd/soulstone-eye.container", text: facts },
  ]);
  const { set, strip, served } = door?.engines.get("eye") ?? {};
  deepStrictEqual([set, strip, served], [{}, [], undefined]);
});

Deno.test("the front may reach the engines on 127.0.0.1 and the reserved ports, also of a range edited to no number", () => {
  const engines = [{ port: 8780, isOnLoopback: true }, { port: 8781, isOnLoopback: false }];
  const portsFor = (range: string) => {
    const text = `[X-Lychd]\nPort=8081\nAddress=127.0.0.1\nReservedPorts=${range}\n`;
    const door = readDoor([{ path: "systemd/user/lychd-vessel.service", text }])!;
    return doorNetwork(door, { engines } as unknown as Inventory);
  };
  deepStrictEqual(portsFor("9000-9001"), {
    addresses: ["127.0.0.1", "::1"],
    port: 8081,
    enginePorts: new Set([8780, 9000, 9001]),
    portals: new Set(),
  });
  for (const range of ["many", "9001-9000", "1-", ""]) {
    deepStrictEqual(portsFor(range).enginePorts, new Set([8780]));
  }
});
